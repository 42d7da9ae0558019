"""Deleting what a program named and nothing else."""

from pathlib import Path

import pytest

from bindery.adapters.local_data import delete_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "dl"
    (place / "Book" / "Disc 1").mkdir(parents=True)
    (place / "Book" / "Disc 1" / "01.mp3").write_text("a")
    (place / "Book" / "02.mp3").write_text("b")
    (place / "other.epub").write_text("c")
    return place


def test_named_files_and_the_folders_they_leave_empty_go(folder: Path) -> None:
    assert delete_files(str(folder), ["Book/Disc 1/01.mp3", "Book/02.mp3", "Book/gone.mp3"])
    assert [one.name for one in folder.iterdir()] == ["other.epub"]


def test_what_a_person_put_there_stays(folder: Path) -> None:
    (folder / "Book" / "notes.txt").write_text("mine")
    assert delete_files(str(folder), ["Book/Disc 1/01.mp3", "Book/02.mp3"])
    assert [one.name for one in (folder / "Book").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../outside.txt", "Book/../../outside.txt", "Book/\0"]
)
def test_paths_that_lead_out_delete_nothing(folder: Path, path: str) -> None:
    outside = folder.parent / "outside.txt"
    outside.write_text("mine")
    assert not delete_files(str(folder), ["other.epub", path])
    assert outside.exists()
    assert (folder / "other.epub").exists()


def test_links_are_not_followed(folder: Path) -> None:
    away = folder.parent / "away"
    away.mkdir()
    (away / "03.mp3").write_text("mine")
    (folder / "Book" / "linked").symlink_to(away)
    (folder / "Book" / "04.mp3").symlink_to(away / "03.mp3")
    assert not delete_files(str(folder), ["Book/linked/03.mp3"])
    assert not delete_files(str(folder), ["Book/04.mp3"])
    (folder.parent / "way").symlink_to(folder)
    assert not delete_files(str(folder.parent / "way"), ["other.epub"])
    assert (away / "03.mp3").exists()
    assert (folder / "other.epub").exists()


@pytest.mark.parametrize("place", ["", "relative", "/nowhere/at/all", "/"])
def test_folders_that_are_none_of_ours(place: str) -> None:
    assert not delete_files(place, ["file.epub"])


def test_a_folder_in_the_place_of_a_file_stays(folder: Path) -> None:
    assert not delete_files(str(folder), ["Book"])
    assert (folder / "Book" / "02.mp3").exists()
