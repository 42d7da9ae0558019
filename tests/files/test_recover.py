"""The recovery table, row by row, and a crash at every fault point of a journal."""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bindery.domain.file_op import FileOp, Method, OpKind, OpState, next_op
from bindery.files import disk, place, recover, roots
from bindery.files.disk import DiskError, Standing
from bindery.files.recover import Decision, Seen, Step, decide
from bindery.runtime import faults

UUID = "0b7c1a5e-7c0f-4a55-9d0e-3f6f1f2d9a10"
OURS = Standing(inode=7, size=10)
SAME_BYTES = Standing(inode=8, size=10, sha256="aa")
STRANGER = Standing(inode=9, size=10, sha256="bb")
SOURCE = Standing(inode=3, size=10)
HALF = Standing(inode=7, size=4)


def an_op(state: OpState = OpState.PLANNED, **fields: object) -> FileOp:
    base = FileOp(
        key="i1-1",
        state=state,
        src="/d/a.epub",
        dst="/r/a.epub",
        tmp="/r/.bindery-tmp-i1-1",
        root="/r",
        marker=UUID,
        change="c1",
    )
    if state not in (OpState.PLANNED, OpState.UNDONE):
        base = replace(base, inode=7, size=10, sha256="aa")
    return replace(base, **fields)


P, S, D, B = OpState.PLANNED, OpState.STAGED, OpState.DISPLACED, OpState.PUBLISHED

PLACE_TABLE = [
    ("planned: again", an_op(P), Seen(src=SOURCE), Step.STAGE, ""),
    ("planned, our tmp: again", an_op(P), Seen(src=SOURCE, tmp=HALF), Step.STAGE, ""),
    ("planned, source gone", an_op(P), Seen(tmp=HALF), Step.FAIL, "source_missing"),
    ("planned, target taken", an_op(P), Seen(src=SOURCE, dst=STRANGER), Step.FAIL, "dst_taken"),
    (
        "planned, to replace",
        an_op(P, replaces=True),
        Seen(src=SOURCE, dst=STRANGER),
        Step.STAGE,
        "",
    ),
    (
        "planned, target is the source",
        an_op(P, replaces=True),
        Seen(src=SOURCE, dst=SOURCE),
        Step.FAIL,
        "same_file",
    ),
    ("staged, dst has our inode", an_op(S), Seen(dst=OURS), Step.MARK_PUBLISHED, ""),
    ("staged, dst has our bytes", an_op(S), Seen(dst=SAME_BYTES), Step.MARK_PUBLISHED, ""),
    ("staged, dst and tmp ours", an_op(S), Seen(dst=OURS, tmp=OURS), Step.MARK_PUBLISHED, ""),
    ("staged, bin holds our op", an_op(S), Seen(tmp=OURS, binned=True), Step.MARK_DISPLACED, ""),
    ("staged, tmp whole", an_op(S), Seen(tmp=OURS, src=SOURCE), Step.PUBLISH, ""),
    ("staged, tmp whole, no source", an_op(S), Seen(tmp=OURS), Step.PUBLISH, ""),
    ("staged, tmp half", an_op(S), Seen(tmp=HALF, src=SOURCE), Step.STAGE, ""),
    ("staged, tmp gone", an_op(S), Seen(src=SOURCE), Step.STAGE, ""),
    ("staged, tmp and source gone", an_op(S), Seen(), Step.FAIL, "source_missing"),
    ("staged, stranger", an_op(S), Seen(tmp=OURS, dst=STRANGER), Step.FAIL, "dst_taken"),
    (
        "staged, to replace",
        an_op(S, replaces=True),
        Seen(tmp=OURS, dst=STRANGER),
        Step.DISPLACE,
        "",
    ),
    ("displaced: go on", an_op(D, replaces=True), Seen(tmp=OURS, binned=True), Step.PUBLISH, ""),
    ("displaced, dst ours", an_op(D), Seen(dst=OURS, binned=True), Step.MARK_PUBLISHED, ""),
    (
        "displaced, a new stranger",
        an_op(D, replaces=True),
        Seen(tmp=OURS, dst=STRANGER, binned=True),
        Step.FAIL,
        "dst_taken",
    ),
    ("displaced, tmp gone", an_op(D), Seen(src=SOURCE, binned=True), Step.STAGE, ""),
    ("displaced, all gone", an_op(D), Seen(binned=True), Step.FAIL, "source_missing"),
    ("published: fsync", an_op(B), Seen(dst=OURS), Step.SYNC, ""),
    ("published, taken away", an_op(B), Seen(src=SOURCE), Step.FAIL, "dst_missing"),
    ("root gone", an_op(S), Seen(root="root_not_mounted"), Step.FAIL, "root_not_mounted"),
    ("root gone, planned", an_op(P), Seen(root="root_missing"), Step.FAIL, "root_missing"),
]
A, T, X = OpKind.ADOPT, OpKind.TRASH, OpKind.DROP_SOURCE
OTHER_TABLE = [
    ("adopt", an_op(P, kind=A), Seen(src=SOURCE, dst=STRANGER), Step.ADOPT, ""),
    ("adopt, gone", an_op(P, kind=A), Seen(src=SOURCE), Step.FAIL, "dst_missing"),
    ("trash", an_op(P, kind=T), Seen(src=SOURCE), Step.TRASH, ""),
    ("trash, in the bin", an_op(P, kind=T), Seen(binned=True), Step.MARK_PUBLISHED, ""),
    ("trash, already gone", an_op(P, kind=T), Seen(), Step.MARK_DONE, ""),
    (
        "trash, another file",
        an_op(P, kind=T, inode=4),
        Seen(src=SOURCE),
        Step.FAIL,
        "source_changed",
    ),
    (
        "trash, inode of another mount",
        an_op(P, kind=T, inode=4, size=10, mtime_ns=5),
        Seen(src=Standing(inode=3, size=10, mtime_ns=5)),
        Step.TRASH,
        "",
    ),
    ("trash, published", an_op(B, kind=T), Seen(binned=True), Step.SYNC, ""),
    ("drop", an_op(P, kind=X), Seen(src=SOURCE, dst=OURS), Step.DROP_SOURCE, ""),
    ("drop, gone already", an_op(P, kind=X), Seen(dst=OURS), Step.MARK_DONE, ""),
    ("drop, no copy", an_op(P, kind=X), Seen(src=SOURCE), Step.FAIL, "dst_missing"),
]


@pytest.mark.parametrize(
    ("op", "seen", "step", "code"),
    [pytest.param(*row[1:], id=row[0]) for row in [*PLACE_TABLE, *OTHER_TABLE]],
)
def test_what_the_disk_says_decides(op: FileOp, seen: Seen, step: Step, code: str) -> None:
    assert decide(op, seen) == Decision(step, code)


def test_everything_is_staged_before_anything_is_published() -> None:
    ops = [an_op(S, seq=1), an_op(P, seq=2), an_op(OpState.DONE, seq=0)]
    assert next_op(ops) is ops[1]
    assert next_op([ops[0], ops[2]]) is ops[0]
    assert next_op([ops[2]]) is None


# -- crashes ----------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing but `finally` sees it."""


class Journal:
    """Rows that survive, and the loop the importer runs over them."""

    def __init__(self, ops: list[FileOp]) -> None:
        self.ops = {op.key: op for op in ops}
        self.commits = 0
        self.lose_commit = -1

    def run(self) -> None:
        for _ in range(200):
            op = next_op(list(self.ops.values()))
            if op is None:
                return
            after = recover.advance(op)
            if self.commits == self.lose_commit:
                self.lose_commit = -1
                raise Killed
            self.commits += 1
            self.ops[op.key] = after
        pytest.fail("the journal never ends")

    def undo(self) -> None:
        for op in sorted(self.ops.values(), key=lambda o: o.seq, reverse=True):
            self.ops[op.key] = recover.undo(op)


class World:
    """A download folder and a root on one file system; the same hash set is the aim."""

    def __init__(self, base: Path, tracks: int, method: Method, *, replaces: bool) -> None:
        self.root = base / "library"
        self.source = base / "download"
        self.root.mkdir()
        self.source.mkdir()
        roots.write_marker(str(self.root), UUID)
        self.method = method
        self.contents = [b"track %d " % n * 5000 for n in range(tracks)]
        folder = self.root / "Author" / "Title"
        self.old: bytes | None = None
        self.ops: list[FileOp] = []
        for number, content in enumerate(self.contents):
            src = self.source / f"{number}.mp3"
            src.write_bytes(content)
            dst = folder / f"Part {number}.mp3"
            key = f"i1-{number}"
            tmp = place.tmp_beside(str(dst), key)
            if tracks > 1:
                tmp = place.tmp_in_folder(str(dst), str(folder), "i1-0")
            op = FileOp(
                key=key,
                seq=number,
                src=str(src),
                dst=str(dst),
                tmp=tmp,
                root=str(self.root),
                marker=UUID,
                change="c1",
                method=method,
                replaces=replaces,
            )
            self.ops.append(op)
        if replaces:
            folder.mkdir(parents=True)
            self.old = b"the old file"
            (folder / "Part 0.mp3").write_bytes(self.old)

    def drops(self) -> list[FileOp]:
        if self.method is not Method.MOVE:
            return []
        return [
            replace(op, key=f"{op.key}-drop", kind=OpKind.DROP_SOURCE, state=P, seq=op.seq + 100)
            for op in self.ops
        ]

    def library(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and ".bindery-" not in str(path.relative_to(self.root))
        }

    def left_over(self) -> list[str]:
        return [
            str(path)
            for top in (self.root, self.source)
            for path in top.rglob(".bindery-*")
            if path.name not in (roots.MARKER, ".bindery-trash")
        ]

    def assert_imported(self, journal: Journal) -> None:
        wanted = {f"Author/Title/Part {n}.mp3": c for n, c in enumerate(self.contents)}
        assert self.library() == wanted
        assert self.left_over() == []
        kept = sorted(p.read_bytes() for p in self.source.iterdir())
        assert kept == ([] if self.method is Method.MOVE else sorted(self.contents))
        for op in self.ops:
            row = journal.ops[op.key]
            assert row.state is OpState.DONE
            assert row.sha256 == hashlib.sha256(Path(op.dst).read_bytes()).hexdigest()
            assert row.inode == Path(op.dst).stat().st_ino
            assert row.size == Path(op.dst).stat().st_size
        binned = [p.read_bytes() for p in (self.root / ".bindery-trash").rglob("*.mp3")]
        assert binned == ([self.old] if self.old is not None else [])

    def assert_untouched(self) -> None:
        old = {} if self.old is None else {"Author/Title/Part 0.mp3": self.old}
        assert self.library() == old
        assert self.left_over() == []
        assert not list((self.root / ".bindery-trash").rglob("*.mp3"))
        assert sorted(p.read_bytes() for p in self.source.iterdir()) == sorted(self.contents)


SHAPES = [
    pytest.param(tracks, method, replaces, id=f"{tracks}-{method}{'-replaces' if replaces else ''}")
    for tracks, replaces in ((1, False), (1, True), (3, False))
    for method in (Method.HARDLINK, Method.COPY, Method.MOVE)
]


def fault_names() -> list[str]:
    return sorted(n for n in faults.known() if n.startswith(("op.", "source.")))


def kill_at(monkeypatch: pytest.MonkeyPatch, wanted: str, nth: int) -> Callable[[], bool]:
    """Kill at the nth reach of a point, once; the answer says whether it was reached."""
    count = 0

    def reach(name: str) -> None:
        nonlocal count
        if name == wanted:
            count += 1
            if count == nth:
                raise Killed

    monkeypatch.setattr(place, "reach", reach)
    monkeypatch.setattr(disk, "reach", reach)
    return lambda: count >= nth


@pytest.mark.parametrize(("tracks", "method", "replaces"), SHAPES)
def test_a_kill_at_any_fault_point_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracks: int, method: Method, replaces: bool
) -> None:
    reached: set[str] = set()
    for name in fault_names():
        for nth in range(1, tracks + 1):
            base = tmp_path / f"{name}-{nth}"
            base.mkdir()
            world = World(base, tracks, method, replaces=replaces)
            journal = Journal([*world.ops, *world.drops()])
            was_reached = kill_at(monkeypatch, name, nth)
            try:
                journal.run()
            except Killed:
                reached.add(name)
                journal.run()
            assert was_reached() == (name in reached) or nth > 1
            world.assert_imported(journal)
    expected = {"op.tmp_partial", "op.tmp_written", "op.tmp_synced", "op.renamed", "op.dir_synced"}
    expected |= {"op.displaced_moved"} if replaces else set()
    expected |= {"source.first_removed"} if method is Method.MOVE else set()
    expected |= {"op.linked"} if tracks == 1 else set()
    assert reached == expected


@pytest.mark.parametrize(("tracks", "method", "replaces"), SHAPES)
def test_a_lost_commit_is_found_out_from_the_disk(
    tmp_path: Path, tracks: int, method: Method, replaces: bool
) -> None:
    for lost in range(40):
        base = tmp_path / str(lost)
        base.mkdir()
        world = World(base, tracks, method, replaces=replaces)
        journal = Journal([*world.ops, *world.drops()])
        journal.lose_commit = lost
        try:
            journal.run()
        except Killed:
            journal.run()
            world.assert_imported(journal)
        else:
            world.assert_imported(journal)
            return
    pytest.fail("more commits than expected")


@pytest.mark.parametrize(("tracks", "method", "replaces"), SHAPES)
def test_undo_after_a_kill_anywhere_restores_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracks: int, method: Method, replaces: bool
) -> None:
    for name in [*fault_names(), "never"]:
        if name.startswith("source."):
            continue
        base = tmp_path / name
        base.mkdir()
        world = World(base, tracks, method, replaces=replaces)
        journal = Journal(world.ops)
        kill_at(monkeypatch, name, tracks)
        with contextlib.suppress(Killed):
            journal.run()
        journal.undo()
        journal.undo()
        world.assert_untouched()


@pytest.mark.parametrize("name", ["op.tmp_partial", "op.tmp_written", "op.tmp_synced"])
@pytest.mark.parametrize(("tracks", "method", "replaces"), SHAPES)
def test_a_full_disk_leaves_no_half_file_and_can_be_tried_again(
    tmp_path: Path, tracks: int, method: Method, replaces: bool, name: str
) -> None:
    world = World(tmp_path, tracks, method, replaces=replaces)
    journal = Journal([*world.ops, *world.drops()])
    faults.arm(f"{name}@{tracks}=enospc")
    try:
        with pytest.raises(DiskError) as failed:
            journal.run()
    finally:
        faults.arm("")
    assert failed.value.code == "disk_full"
    assert not failed.value.needs_person
    journal.run()
    world.assert_imported(journal)


def test_a_root_without_its_marker_is_never_written_to(tmp_path: Path) -> None:
    world = World(tmp_path, 1, Method.COPY, replaces=False)
    (world.root / roots.MARKER).unlink()
    journal = Journal(world.ops)
    with pytest.raises(DiskError) as failed:
        journal.run()
    assert failed.value.code == "root_not_mounted"
    assert list(world.root.iterdir()) == []
    with pytest.raises(DiskError):
        journal.undo()


def test_undo_leaves_a_strangers_file_alone(tmp_path: Path) -> None:
    world = World(tmp_path, 1, Method.COPY, replaces=False)
    journal = Journal(world.ops)
    journal.run()
    target = Path(world.ops[0].dst)
    stranger = target.with_name("x")
    stranger.write_bytes(b"somebody else's")
    stranger.replace(target)
    journal.undo()
    assert target.read_bytes() == b"somebody else's"


def test_a_slice_is_bounded_and_can_be_given_up(tmp_path: Path) -> None:
    world = World(tmp_path, 1, Method.COPY, replaces=False)
    op = world.ops[0]
    with Path(op.src).open("wb") as big:
        big.truncate(2 * disk.SLICE + 5)
    work = recover.Advance(op)
    assert work.run_slice() is None
    assert 0 < work.done_bytes <= disk.SLICE
    work.close()
    staged = recover.advance(op)
    assert staged.state is OpState.STAGED
    assert staged.size == 2 * disk.SLICE + 5
