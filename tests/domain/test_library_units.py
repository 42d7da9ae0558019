"""Files of a library grouped into units by their paths (judgement.md 5)."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.library_units import Library, group


def shape(library: Library) -> list[tuple[str, tuple[str, ...]]]:
    return [(unit.media, unit.files) for unit in library.units]


def test_disc_directories_are_one_audiobook() -> None:
    paths = ["Frank Herbert/Dune/CD2/01.mp3", "Frank Herbert/Dune/CD1/01.mp3"]
    (unit,) = group(paths).units
    assert (unit.media, unit.folder, unit.discs) == ("audiobook", "Frank Herbert/Dune", 2)
    assert unit.files == (paths[1], paths[0])
    assert (unit.evidence.title, unit.evidence.authors) == ("Dune", ("Frank Herbert",))
    (one,) = group(["Frank Herbert/Dune/Disc 1/01.mp3"]).units
    assert (one.discs, one.folder) == (1, "Frank Herbert/Dune")


def test_two_folders_with_audio_are_two_units() -> None:
    assert shape(group(["A/Book A/a.mp3", "A/Book B/b.mp3"])) == [
        ("audiobook", ("A/Book A/a.mp3",)),
        ("audiobook", ("A/Book B/b.mp3",)),
    ]


@pytest.mark.parametrize(
    ("names", "units"),
    [
        (["The Martian.epub", "Artemis.epub"], [["Artemis.epub"], ["The Martian.epub"]]),
        (["PHM.epub", "PHM.mobi"], [["PHM.epub", "PHM.mobi"]]),
        (["PHM.kepub.epub", "phm.azw3"], [["PHM.kepub.epub", "phm.azw3"]]),
        (["A.epub", "A.mobi", "B.epub"], [["A.epub", "A.mobi"], ["B.epub"]]),
    ],
)
def test_ebooks_of_one_stem_are_formats_of_one_book(
    names: list[str], units: list[list[str]]
) -> None:
    found = group([f"Andy Weir/{name}" for name in names]).units
    assert [sorted(path.split("/")[1] for path in unit.files) for unit in found] == [
        sorted(unit) for unit in units
    ]


def test_a_pdf_beside_audio_is_a_supplement_and_an_epub_is_a_book() -> None:
    library = group(["X/Book/book.m4b", "X/Book/book.pdf", "X/Book/book.epub"])
    audio, ebook = library.units
    assert audio.supplements == ("X/Book/book.pdf",)
    assert (audio.media, ebook.media, ebook.files) == ("audiobook", "ebook", ("X/Book/book.epub",))


def test_side_cars_go_with_their_unit() -> None:
    paths = ["X/Book/01.mp3", "X/Book/cover.jpg", "X/Book/book.cue", "X/Book/metadata.opf"]
    (unit,) = group(paths).units
    assert unit.sidecars == ("X/Book/book.cue", "X/Book/cover.jpg", "X/Book/metadata.opf")
    library = group(["X/a.epub", "X/b.epub", "X/b.opf", "X/cover.jpg"])
    assert [unit.sidecars for unit in library.units] == [(), ("X/b.opf",)]
    assert library.strays == ("X/cover.jpg",)


def test_tracks_are_in_playing_order() -> None:
    paths = [f"A/T/{name}.mp3" for name in ("10 - End", "2 - Middle", "1 - Begin")]
    (unit,) = group(paths).units
    assert [path.split("/")[-1] for path in unit.files] == [
        "1 - Begin.mp3",
        "2 - Middle.mp3",
        "10 - End.mp3",
    ]


def test_leftovers_are_ignored_by_name() -> None:
    paths = ["A/._x.epub", "A/@eaDir/x.epub", "A/.x.epub", "A/x.par2"]
    assert group(paths).ignored == tuple(paths)


def test_a_folder_of_pictures_holds_strays() -> None:
    library = group(["A/cover.jpg"])
    assert (library.units, library.strays) == ((), ("A/cover.jpg",))


_PARTS = st.sampled_from(["A", "B", "CD1", "Disc 2", "Book 1", "x", "cover", "01", "._h"])
_ENDINGS = st.sampled_from([".epub", ".mobi", ".pdf", ".mp3", ".m4b", ".jpg", ".opf", "", ".par2"])
_PATHS = st.builds(
    lambda parts, end: "/".join(parts) + end, st.lists(_PARTS, min_size=1, max_size=4), _ENDINGS
)


@given(st.lists(_PATHS | st.text(min_size=1), unique=True, max_size=30))
def test_no_path_is_lost_or_doubled(paths: list[str]) -> None:
    library = group(paths)
    seen = Counter(
        path for unit in library.units for path in (*unit.files, *unit.supplements, *unit.sidecars)
    )
    seen.update(library.ignored)
    seen.update(library.strays)
    assert seen == Counter(paths)
