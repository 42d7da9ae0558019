"""Single steps: where links do not work, what is refused, what the facts say."""

import errno
import hashlib
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from bindery.domain.file_op import FileOp, Method, OpKind, OpState
from bindery.files import place, recover, roots
from bindery.files.disk import DiskError

UUID = "3f2c7a80-5d0e-44f8-8a43-7a2f54f0b7a1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    roots.write_marker(str(folder), UUID)
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "download" / "book.epub"
    file.parent.mkdir()
    file.write_bytes(b"a book" * 1000)
    os.utime(file, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))
    return file


def op_for(root: Path, source: Path, dst: str = "A/T.epub", **fields: Any) -> FileOp:
    target = str(root / dst)
    op = FileOp(
        key="i9-1",
        src=str(source),
        dst=target,
        tmp=place.tmp_beside(target, "i9-1"),
        root=str(root),
        marker=UUID,
        change="c9",
    )
    return replace(op, **fields)


def names(folder: Path | str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def finish(op: FileOp) -> FileOp:
    while not op.finished:
        op = recover.advance(op)
    return op


def refusing(number: int) -> Any:
    def link(*_args: object, **_kwargs: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return link


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_where_links_do_not_work_the_file_is_copied_and_renamed(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", refusing(number))
    done = finish(op_for(root, source, method=Method.HARDLINK))
    assert done.method in (Method.COPY, Method.REFLINK)
    assert Path(done.dst).read_bytes() == source.read_bytes()
    assert Path(done.dst).stat().st_ino != source.stat().st_ino


def test_without_links_an_existing_file_is_still_not_replaced(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    staged = recover.advance(op_for(root, source))
    Path(staged.dst).write_bytes(b"came in between")
    with pytest.raises(DiskError) as failed:
        place.publish(staged)
    assert failed.value.code == "dst_taken"
    assert failed.value.needs_person
    assert Path(staged.dst).read_bytes() == b"came in between"


def test_a_hardlink_shares_the_inode_and_a_copy_keeps_the_time(root: Path, source: Path) -> None:
    linked = finish(op_for(root, source, method=Method.HARDLINK))
    assert linked.method is Method.HARDLINK
    assert linked.inode == source.stat().st_ino
    copied = finish(op_for(root, source, "A/U.epub", key="i9-2", method=Method.COPY))
    assert copied.inode != source.stat().st_ino
    assert copied.mtime_ns == source.stat().st_mtime_ns
    assert copied.sha256 == linked.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_koreader_id_is_md5_over_samples(root: Path, tmp_path: Path) -> None:
    content = bytes(range(256)) * 80
    file = tmp_path / "sampled.epub"
    file.write_bytes(content)
    done = finish(op_for(root, file))
    samples = b"".join(content[at : at + 1024] for at in (0, 1024, 4096, 16384))
    assert done.partial_md5 == hashlib.md5(samples).hexdigest()


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_regular_files_are_taken(root: Path, tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd.epub"
    if kind == "link":
        odd.symlink_to("/etc/hostname")
    elif kind == "folder":
        odd.mkdir()
    else:
        os.mkfifo(odd)
    with pytest.raises(DiskError) as failed:
        recover.advance(op_for(root, odd))
    assert failed.value.code == "source_unfit"
    assert sorted(p.name for p in root.iterdir()) == [roots.MARKER]


@pytest.mark.parametrize("dst", ["../escaped.epub", "A/../../escaped.epub"])
def test_a_target_outside_the_root_is_refused(root: Path, source: Path, dst: str) -> None:
    with pytest.raises(DiskError) as failed:
        recover.advance(op_for(root, source, dst))
    assert failed.value.code == "outside_root"


def test_a_symlinked_author_folder_cannot_lead_outside(
    root: Path, source: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "A").symlink_to(elsewhere)
    with pytest.raises(DiskError) as failed:
        recover.advance(op_for(root, source))
    assert failed.value.code == "outside_root"
    assert list(elsewhere.iterdir()) == []


def test_adopting_needs_equal_bytes(root: Path, source: Path) -> None:
    (root / "T.epub").write_bytes(source.read_bytes())
    op = op_for(root, source, "T.epub", kind=OpKind.ADOPT)
    done = recover.advance(op)
    assert (done.state, done.size) == (OpState.DONE, source.stat().st_size)
    (root / "T.epub").write_bytes(b"other")
    with pytest.raises(DiskError) as failed:
        recover.advance(op)
    assert failed.value.code == "hash_differs"


def test_a_source_is_only_dropped_when_its_copy_holds_its_bytes_now(
    root: Path, source: Path
) -> None:
    placed = finish(op_for(root, source))
    drop = replace(placed, kind=OpKind.DROP_SOURCE, state=OpState.PLANNED, key="i9-d")
    Path(placed.dst).write_bytes(b"b book" * 1000)
    with pytest.raises(DiskError) as failed:
        recover.advance(drop)
    assert failed.value.code == "hash_differs"
    assert source.exists()
    Path(placed.dst).write_bytes(source.read_bytes())
    assert recover.advance(drop).state is OpState.DONE
    assert not source.exists()
    assert recover.advance(drop).state is OpState.DONE


def test_a_source_that_is_the_library_file_itself_is_never_dropped(
    root: Path, source: Path, tmp_path: Path
) -> None:
    placed = finish(op_for(root, source))
    (tmp_path / "door").symlink_to(Path(placed.dst).parent)
    through = str(tmp_path / "door" / Path(placed.dst).name)
    drop = replace(placed, kind=OpKind.DROP_SOURCE, state=OpState.PLANNED, src=through)
    with pytest.raises(DiskError) as failed:
        recover.advance(drop)
    assert failed.value.code == "same_file"
    assert Path(placed.dst).exists()


def test_trash_and_undo(root: Path) -> None:
    book = root / "A" / "T.epub"
    book.parent.mkdir()
    book.write_bytes(b"old")
    known = book.stat()
    op = replace(
        op_for(root, book),
        kind=OpKind.TRASH,
        dst="",
        tmp="",
        inode=known.st_ino,
        size=known.st_size,
    )
    done = finish(op)
    assert not book.exists()
    assert Path(done.dst).read_bytes() == b"old"
    assert recover.undo(done).state is OpState.UNDONE
    assert book.read_bytes() == b"old"
    assert not (root / ".bindery-trash").exists()


def test_a_folder_appears_whole(root: Path, tmp_path: Path) -> None:
    folder = str(root / "A" / "Book")
    ops: list[FileOp] = []
    for number in range(3):
        file = tmp_path / f"{number}.mp3"
        file.write_bytes(b"%d" % number)
        dst = f"{folder}/CD1/{number}.mp3"
        tmp = place.tmp_in_folder(dst, folder, "i9-0")
        ops.append(op_for(root, file, f"A/Book/CD1/{number}.mp3", key=f"i9-{number}", tmp=tmp))
    staged = [recover.advance(op) for op in ops]
    assert not Path(folder).exists()
    published = recover.advance(staged[0])
    assert published.state is OpState.PUBLISHED
    assert names(f"{folder}/CD1") == ["0.mp3", "1.mp3", "2.mp3"]
    assert all(finish(op).state is OpState.DONE for op in [published, *staged[1:]])
    assert names(root / "A") == ["Book"]


def test_a_folder_that_came_in_between_is_filled_without_replacing(
    root: Path, tmp_path: Path
) -> None:
    file = tmp_path / "0.mp3"
    file.write_bytes(b"0")
    folder = root / "Book"
    dst = str(folder / "0.mp3")
    op = op_for(root, file, "Book/0.mp3", tmp=place.tmp_in_folder(dst, str(folder), "i9-0"))
    staged = recover.advance(op)
    folder.mkdir()
    (folder / "cover.jpg").write_bytes(b"c")
    assert finish(staged).state is OpState.DONE
    assert names(folder) == ["0.mp3", "cover.jpg"]
    assert names(root) == [roots.MARKER, "Book"]
