"""What stands where an import would put its files."""

from pathlib import Path

from bindery.files.library import look_beside, look_into


def make(base: Path, *names: str) -> None:
    for name in names:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def test_the_folder_of_a_file_is_listed_but_not_what_is_below(tmp_path: Path) -> None:
    make(tmp_path, "A/T/T.epub", "A/T/.bindery-tmp-x", "A/T/deep/other.epub", "A/else.epub")
    (tmp_path / "A/T/link.epub").symlink_to(tmp_path / "A/else.epub")
    found = look_beside(str(tmp_path), "A/T/new.PDF")
    assert [(f.rel_path, f.size, f.extension) for f in found] == [("A/T/T.epub", 5, "epub")]


def test_an_audiobook_folder_is_listed_with_its_numbered_siblings(tmp_path: Path) -> None:
    make(
        tmp_path,
        "A/Title/CD1/01.MP3",
        "A/Title (2)/01.mp3",
        "A/title (3)/01.mp3",
        "A/Title (2024)/01.mp3",
        "A/Other/01.mp3",
        "A/Title.mp3",
    )
    found = look_into(str(tmp_path), "A/Title")
    assert [f.rel_path for f in found] == [
        "A/Title/CD1/01.MP3",
        "A/Title (2)/01.mp3",
        "A/title (3)/01.mp3",
    ]
    assert found[0].extension == "mp3"


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert look_beside(str(tmp_path), "A/T/T.epub") == []
    assert look_into(str(tmp_path), "A/Title") == []
