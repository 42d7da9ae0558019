"""Walking a download: what is listed, what is left out and why; the facts of the gate."""

import os
from pathlib import Path

from bindery.files.gate import Expected, look_at_download
from bindery.files.walk import walk


def make(base: Path, *names: str) -> None:
    for name in names:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def test_each_entry_is_listed_or_left_out_with_a_reason(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b/02.mp3",
        "a.epub",
        "x.epub.part",
        "Y.!qB",
        ".DS_Store",
        "._a.epub",
        "@eaDir/t.epub",
        ".unwanted/u.epub",
        "_UNPACK_z/c.epub",
        ".bindery-tmp-i1-1/q.mp3",
    )
    (tmp_path / "secret").symlink_to("/etc/passwd")
    (tmp_path / "out").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.epub")).write_bytes(b"1")
    listing = walk(str(tmp_path))
    assert [f.relative for f in listing.files] == ["a.epub", "b/02.mp3"]
    assert listing.files[0].size == 5
    assert {s.relative: s.reason for s in listing.skipped} == {
        "x.epub.part": "partial",
        "Y.!qB": "partial",
        ".DS_Store": "junk",
        "._a.epub": "junk",
        "@eaDir": "junk",
        ".unwanted": "junk",
        "_UNPACK_z": "unpacking",
        ".bindery-tmp-i1-1": "ours",
        "secret": "link",
        "out": "link",
        "pipe": "special",
        "bad\\xff.epub": "bad_name",
    }
    assert listing.partial == ("Y.!qB", "_UNPACK_z", "x.epub.part")


def test_a_single_file_a_link_and_nothing(tmp_path: Path) -> None:
    make(tmp_path, "a.epub")
    (tmp_path / "l.epub").symlink_to(tmp_path / "a.epub")
    assert [f.relative for f in walk(str(tmp_path / "a.epub")).files] == ["a.epub"]
    assert walk(str(tmp_path / "l.epub")).files == ()
    assert not walk(str(tmp_path / "no")).exists


def test_the_walk_is_bounded(tmp_path: Path) -> None:
    make(tmp_path, *(f"{n}.epub" for n in range(20)))
    assert not walk(str(tmp_path), limit=20).cut
    cut = walk(str(tmp_path), limit=5)
    assert cut.cut
    assert len(cut.files) == 5
    make(tmp_path / "deep", "/".join(["d"] * 40) + "/x.epub")
    assert [s.reason for s in walk(str(tmp_path / "deep")).skipped] == ["too_deep"]


def test_the_gate_compares_with_the_clients_list(tmp_path: Path) -> None:
    make(tmp_path, "T/a.epub", "other.epub")
    complete = look_at_download(str(tmp_path), [Expected(path="T/a.epub", size=5)])
    assert complete.code == ""
    assert [f.relative for f in complete.files] == ["T/a.epub"]
    assert not complete.look_twice
    wrong = look_at_download(str(tmp_path), [Expected(path="T/a.epub", size=6)])
    assert (wrong.code, wrong.wrong_size) == ("size_differs", ("T/a.epub",))
    missing = look_at_download(str(tmp_path), [Expected(path="T/b.epub", size=5)])
    assert (missing.code, missing.missing) == ("files_missing", ("T/b.epub",))
    make(tmp_path, "T/b.epub.!qB")
    partial = look_at_download(str(tmp_path), [Expected(path="T/b.epub", size=5)])
    assert (partial.code, partial.partial) == ("partial_files", ("T/b.epub",))


def test_a_listed_name_cannot_leave_the_download(tmp_path: Path) -> None:
    make(tmp_path, "x.epub", "in/y")
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    for name in ("../x.epub", "/etc/passwd", "", "a/../../x.epub"):
        facts = look_at_download(str(tmp_path / "in"), [Expected(path=name, size=5)])
        assert facts.code == "unsafe_name"
    facts = look_at_download(str(tmp_path / "in"), [Expected(path="out/x.epub", size=5)])
    assert facts.code == "files_missing"


def test_without_a_list_two_looks_are_compared(tmp_path: Path) -> None:
    assert look_at_download(str(tmp_path / "no")).code == "path_missing"
    assert look_at_download(str(tmp_path)).code == "no_files"
    make(tmp_path, "a.epub")
    first = look_at_download(str(tmp_path))
    assert first.look_twice
    assert first.fingerprint == look_at_download(str(tmp_path)).fingerprint
    with (tmp_path / "a.epub").open("ab") as file:
        file.write(b"6")
    assert first.fingerprint != look_at_download(str(tmp_path)).fingerprint
    make(tmp_path, "b.part")
    assert look_at_download(str(tmp_path)).code == "partial_files"
