"""Tags of a file as evidence, and which source wins (judgement.md 5)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain import explain
from bindery.domain.credits import credited
from bindery.domain.file_tags import merge, read
from bindery.domain.wanted import FileEvidence


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"title": "04 - The Temple", "album": "Sahara"}, {"title": "Sahara"}),
        ({"title": "2001: A Space Odyssey"}, {"title": "2001: A Space Odyssey"}),
        ({"title": "Chapter 3", "album": "Orchard", "track": "3/12"}, {"title": "Orchard"}),
        ({"title": "The Storm", "album": "Orchard", "track": "3/12"}, {"title": "Orchard"}),
        ({"title": "Orchard", "track": "1/1"}, {"title": "Orchard"}),
        (
            {"artist": "Read by Nigel Planer, Terry Pratchett"},
            {"authors": ("Terry Pratchett",), "narrators": ("Nigel Planer",)},
        ),
        ({"artist": "Enrigue, Álvaro"}, {"authors": ("Álvaro Enrigue",)}),
        (
            {"ARTIST": "Mara Farrow", "Composer": "Colin Ferris"},
            {"authors": ("Mara Farrow",), "narrators": ("Colin Ferris",)},
        ),
        (
            {"author": "Mara Farrow", "artist": "Colin Ferris"},
            {"authors": ("Mara Farrow",), "narrators": ("Colin Ferris",)},
        ),
        ({"album artist": "Mara Farrow; Tessa Quill"}, {"authors": ("Mara Farrow", "Tessa Quill")}),
        (
            {"SERIES": "Orchard Cycle", "series-part": 2},
            {"series": "Orchard Cycle", "position": "2"},
        ),
        ({"date": "2019-04-01", "language": "eng"}, {"year": 2019, "language": "en"}),
        ({"isbn": ["0-306-40615-2", "rubbish"]}, {"isbns": ("9780306406157",)}),
        ({"asin": "b0abcdef12"}, {"asin": "B0ABCDEF12"}),
        ({"comment": "x", "genre": "y", "title": None, "album": {"a": 1}}, {"title": ""}),
    ],
)
def test_what_tags_say(tags: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read(tags)
    assert {name: getattr(found, name) for name in expected} == expected


def test_several_tracks_are_named_by_their_album_only() -> None:
    assert read({"title": "Chapter 1"}, several=True).title == ""
    assert read({"title": "Prologue", "album": "Orchard"}, several=True).title == "Orchard"


def test_the_first_role_that_is_no_reader_wrote_it() -> None:
    roles = [["Read by Colin Ferris"], ["Mara Farrow"], ["Mara Farrow"]]
    assert credited(roles) == (("Mara Farrow",), ("Colin Ferris",))


def test_the_strongest_source_wins_and_the_others_are_kept() -> None:
    tags = FileEvidence(title="Artemis", authors=("Andy Weir",))
    path = FileEvidence(title="final", authors=("andy weir",), year=2017)
    merged = merge([("tags", tags), ("path", path)])
    assert (merged.evidence.title, merged.evidence.year) == ("Artemis", 2017)
    assert merged.sources == {"title": "tags", "authors": "tags", "year": "path"}
    assert [(one.field, one.source, one.value) for one in merged.losers] == [
        ("title", "path", "final")
    ]


def test_a_position_never_moves_to_another_series() -> None:
    tags = FileEvidence(title="Mad Ship", series="Liveship Traders")
    other = FileEvidence(title="Mad Ship", series="Realm of the Elderlings", position="5")
    merged = merge([("tags", tags), ("opf", other)])
    assert (merged.evidence.series, merged.evidence.position) == ("Liveship Traders", "")
    same = FileEvidence(series="The Liveship Traders", position="2")
    silent = FileEvidence(position="2")
    assert merge([("tags", tags), ("opf", silent)]).evidence.position == "2"
    assert merge([("tags", FileEvidence()), ("opf", same)]).evidence.position == "2"


def test_explain_file_honours_tags() -> None:
    line = {
        "path": "Wrong Author/final.m4b",
        "tags": {"title": "Artemis", "artist": "Andy Weir", "composer": "Rosario Dawson"},
        "book": {"title": "Artemis", "author": "Andy Weir"},
    }
    told = json.loads(explain.file(json.dumps(line).encode()))
    assert told["match"] == "yes"
    assert told["parsed"]["narrators"] == ["Rosario Dawson"]
    assert told["parsed"]["sources"]["authors"] == "tags"
    assert {"field": "title", "source": "path", "value": "final"} in told["parsed"]["losers"]


_VALUES = st.none() | st.text() | st.integers() | st.floats() | st.lists(st.text() | st.integers())


@given(st.dictionaries(st.sampled_from(["title", "artist", "date", "track", "isbn"]), _VALUES))
def test_any_tags_are_read(tags: dict[str, Any]) -> None:
    assert isinstance(read(tags), FileEvidence)
