"""What paths of a library say (judgement.md 5, downloads-and-import.md 4.7)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.filename import disc_of_path, is_chapter_like, is_ignored, parse_path, track_of

DUNE = {"authors": ("Frank Herbert",), "title": "Dune"}
FIRST_DUNE = {**DUNE, "series": "Dune Chronicles", "position": "1"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "Dark Matter \u2014 Blake Crouch.epub",
            {"authors": ("Blake Crouch",), "title": "Dark Matter"},
        ),
        ("Some Title (v5).epub", {"title": "Some Title"}),
        ("Frank Herbert/Dune/dune.m4b", DUNE),
        ("loose.epub", {"title": "loose"}),
        ("Blake Crouch - Dark Matter.epub", {"authors": ("Blake Crouch",), "title": "Dark Matter"}),
        ("Recursion by Blake Crouch.mobi", {"authors": ("Blake Crouch",), "title": "Recursion"}),
        ("Crouch, Blake - Recursion (2019).azw3", {"authors": ("Blake Crouch",), "year": 2019}),
        (
            "The Shining [978-0307743657] (2012).pdf",
            {"isbns": ("9780307743657",), "year": 2012, "series": ""},
        ),
        ("Simple Title.epub", {"title": "Simple Title"}),
        ("Spider-Man.epub", {"title": "Spider-Man"}),
        ("B09H42KSJF.azw3", {"asin": "B09H42KSJF", "title": ""}),
        (
            "The Sparrow B01LVSUORS - Mary Doria Russell.epub",
            {"title": "The Sparrow", "asin": "B01LVSUORS"},
        ),
        ("[Dune Chronicles #1] Dune - Frank Herbert.m4b", FIRST_DUNE),
        ("Dune (Dune Chronicles, Book 1) - Frank Herbert.m4b", FIRST_DUNE),
        (
            "Peter F Hamilton - [Commonwealth Saga 01] - Pandora's Star (US).epub",
            {"series": "Commonwealth Saga", "position": "1", "title": "Pandora's Star"},
        ),
        (
            "Convergence_Book_2_-_Dragonslayer.m4b",
            {"series": "Convergence", "position": "2", "title": "Dragonslayer"},
        ),
        (
            "Mistborn_Vol_1_-_The_Final_Empire_-_Brandon_Sanderson.epub",
            {"series": "Mistborn", "position": "1", "authors": ("Brandon Sanderson",)},
        ),
        ("Some Title (June 2012).epub", {"title": "Some Title", "year": 2012, "series": ""}),
        ("Frank Herbert/Dune Chronicles/01 - Dune.m4b", FIRST_DUNE),
        (
            "Pratchett/Discworld/Discworld #8 - Guards! Guards!/x.epub",
            {"authors": ("Pratchett",), "series": "Discworld", "position": "8"},
        ),
        ("Pratchett/Discworld #16.5 - The Last Hero/x.epub", {"position": "16.5"}),
        ("Terry Pratchett - Guards! Guards!.epub", {"title": "Guards! Guards!"}),
        ("Andy Weir/Project Hail Mary (4242)/x.epub", {"title": "Project Hail Mary"}),
        (
            "Brandon Sanderson/Mistborn/The Final Empire/x.epub",
            {"authors": ("Brandon Sanderson",), "series": "Mistborn", "title": "The Final Empire"},
        ),
        ("Isaac Asimov/foundation.epub", {"authors": ("Isaac Asimov",), "title": "foundation"}),
        (
            "Le Guin/The Dispossessed - An Ambiguous Utopia/x.epub",
            {"title": "The Dispossessed: An Ambiguous Utopia"},
        ),
        (
            "Fitzek/Der Heimweg (ungekürzt)/Kapitel 01.mp3",
            {"title": "Der Heimweg", "abridged": False, "language": "de"},
        ),
    ],
)
def test_paths_of_the_table(path: str, fields: dict[str, Any]) -> None:
    evidence = parse_path(path).evidence
    assert {field: getattr(evidence, field) for field in fields} == fields


@pytest.mark.parametrize(
    "path", ["._x.epub", "@eaDir/x.epub", ".x.epub", "Sample/x.epub", "x.par2"]
)
def test_leftovers_are_ignored(path: str) -> None:
    assert is_ignored(path)


@pytest.mark.parametrize(
    ("folder", "disc"),
    [
        ("Disc 1", 1),
        ("Disc 01", 1),
        ("Disk 02", 2),
        ("Volume 2", 2),
        ("CD 3", 3),
        ("CD3", 3),
        ("Vol. 3", 3),
        ("Part 4", 4),
        ("Disc 1 - The Beginning", 1),
        ("Audiobook/Disc 2", 2),
        ("NotADisc", 0),
        ("Bonus", 0),
    ],
)
def test_disc_directories(folder: str, disc: int) -> None:
    assert disc_of_path(f"{folder}/01.mp3") == disc


@pytest.mark.parametrize(
    ("name", "track"),
    [
        ("Track 01.mp3", 1),
        ("Track 12.mp3", 12),
        ("Chapter 02.mp3", 2),
        ("01 - Title.mp3", 1),
        ("05 Title.flac", 5),
        ("1-05.mp3", 5),
        ("cover.jpg", 0),
        ("book.m4b", 0),
        ("Title Only.mp3", 0),
    ],
)
def test_track_numbers(name: str, track: int) -> None:
    assert track_of(name) == track


@pytest.mark.parametrize(
    ("title", "chapter"),
    [
        ("04 - The Temple", True),
        ("Kapitel 01", True),
        ("2001: A Space Odyssey", False),
        ("Dune", False),
    ],
)
def test_chapter_like_tags(title: str, chapter: bool) -> None:
    assert is_chapter_like(title) is chapter


@given(st.text(st.characters()))
def test_any_path_reads(path: str) -> None:
    parse_path(path)
