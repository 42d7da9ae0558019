"""A plan becomes ops that can be carried out."""

from pathlib import Path

from bindery.domain.file_op import Method, OpKind, OpState, next_op
from bindery.domain.import_facts import FileStep
from bindery.files import recover, roots
from bindery.files.journal import RootPlace, write_ops

UUID = "5a4ab0f1-4c7c-4f31-8a43-0d4d2f1be4c2"


def step(kind: OpKind, src: str, dst: str, folder: str = "", *, replaces: bool = False) -> FileStep:
    return FileStep(
        kind=kind, src=src, dst_rel=dst, root_id=1, slot_id=1, folder=folder, replaces=replaces
    )


def test_a_plan_is_carried_out(tmp_path: Path) -> None:
    library, download = tmp_path / "library", tmp_path / "download"
    for folder in (library / "A", download):
        folder.mkdir(parents=True)
    roots.write_marker(str(library), UUID)
    sources = [download / f"{n}.mp3" for n in range(2)] + [download / "b.epub"]
    for source in sources:
        source.write_bytes(source.name.encode())
    (library / "A" / "old.mobi").write_bytes(b"old")
    steps = [
        step(OpKind.PLACE, str(sources[0]), "A/Book/0.mp3", "A/Book"),
        step(OpKind.PLACE, str(sources[1]), "A/Book/1.mp3", "A/Book"),
        step(OpKind.PLACE, str(sources[2]), "A/b.epub"),
        step(OpKind.TRASH, "", "A/old.mobi"),
        step(OpKind.DROP_SOURCE, str(sources[0]), "A/Book/0.mp3"),
    ]
    places = {1: RootPlace(path=str(library), marker=UUID)}
    ops = write_ops(steps, places, owner="i1", change="i1", method=Method.MOVE)
    assert ops is not None
    assert {Path(op.tmp).parent.name for op in ops[:2]} == {".bindery-tmp-i1-0"}
    assert Path(ops[2].tmp) == library / "A" / ".bindery-tmp-i1-2"
    while (op := next_op(ops)) is not None:
        ops[op.seq] = recover.advance(op)
    assert all(op.state is OpState.DONE for op in ops)
    found = sorted(str(p.relative_to(library)) for p in library.rglob("*") if p.is_file())
    assert set(found) == {
        roots.MARKER,
        ".bindery-trash/i1/i1-3/A/old.mobi",
        "A/Book/0.mp3",
        "A/Book/1.mp3",
        "A/b.epub",
    }
    assert sorted(p.name for p in download.iterdir()) == ["1.mp3", "b.epub"]


def test_a_plan_that_leads_outside_is_not_written(tmp_path: Path) -> None:
    places = {1: RootPlace(path=str(tmp_path), marker=UUID)}
    for dst in ("../x.epub", "", "a/../../x", "a/\x00"):
        ops = write_ops(
            [step(OpKind.PLACE, "/d/x", dst)], places, owner="i1", change="i1", method=Method.COPY
        )
        assert ops is None
    assert (
        write_ops(
            [step(OpKind.PLACE, "/d/x", "x")], {}, owner="i1", change="i1", method=Method.COPY
        )
        is None
    )
