"""The tables of metadata.md 9 and 10.8 that judgement.md does not overrule.

Left out: 9's four alphabets, title keys and author bands (judgement.md 1, 2 and 3; the rows stand
in `test_tables_catalogue.py`), its ISBN without a check digit (judgement.md 1). 10.6 and 10.7 say
what the aggregator asks of providers and have no table of cases; the rating pairs of 10.8 are in
`test_metadata_merge.py` too.
"""

import pytest

from bindery.domain import languages
from bindery.domain.metadata_merge import Value, merge

PRIORITY = ("openlibrary", "hardcover", "googlebooks", "dnb", "audnex")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("english", "en"), ("german", "de"), ("french", "fr"), ("spanish", "es")),
        *(("italian", "it"), ("dutch", "nl"), ("portuguese", "pt"), ("japanese", "ja")),
        *(("russian", "ru"), ("chinese", "zh"), ("danish", "da"), ("swedish", "sv")),
        *(("norwegian", "no"), ("polish", "pl"), ("finnish", "fi"), ("hindi", "hi")),
        *(("turkish", "tr"), ("arabic", "ar"), ("korean", "ko"), ("czech", "cs")),
        *(("greek", "el"), ("hungarian", "hu"), ("romanian", "ro"), ("catalan", "ca")),
        *(("latin", "la"), ("gre", "el"), ("hun", "hu"), ("rum", "ro"), ("cat", "ca")),
        *(("lat", "la"), ("fin", "fi"), ("deu", "de"), ("fra", "fr"), ("nld", "nl")),
        *(("ces", "cs"), ("zho", "zh"), ("English", "en"), ("GERMAN", "de")),
        ("klingonese", "klingonese"),
    ],
)
def test_names_of_languages_of_9(name: str, code: str) -> None:
    assert languages.normalise(name) == code


@pytest.mark.parametrize(
    ("ours", "theirs", "taken"),
    [
        ((4.0, 100), (0.0, 0), False),
        ((0.0, 0), (4.5, 0), True),
        ((0.0, 0), (4.5, 3), True),
        ((4.0, 50), (3.9, 500), True),
        ((4.0, 100), (4.1, 150), False),
        ((4.0, 100), (4.1, 200), True),
        ((4.0, 3), (4.9, 6), False),
    ],
)
def test_ratings_of_10_8(ours: tuple[float, int], theirs: tuple[float, int], taken: bool) -> None:
    current: dict[str, Value] = {"average_rating": ours[0], "ratings_count": ours[1]}
    record: dict[str, Value] = {"average_rating": theirs[0], "ratings_count": theirs[1]}
    diff = merge(
        current,
        {"openlibrary": {}, "hardcover": record},
        winners={"ratings_count": "openlibrary"},
        priority=PRIORITY,
    )
    assert bool(diff.values) is taken
    if taken:
        assert diff.values == {k: v for k, v in record.items() if v != current[k]}


@pytest.mark.parametrize(
    ("field", "ours", "source", "theirs", "taken"),
    [
        ("title", "Sula", "hardcover", "Sula!", False),
        ("ref", "ol:1", "hardcover", "hc:1", False),
        ("description", "short", "dnb", "a longer description", True),
        ("description", "a longer description", "dnb", "short", False),
        ("cover", "a.jpg", "hardcover", "b.jpg", False),
        ("cover", "", "hardcover", "b.jpg", True),
        ("genres", ("Fiction",), "hardcover", ("Novel", "Classics"), True),
        ("genres", ("Fiction",), "googlebooks", ("Novel",), False),
        ("genres", (), "googlebooks", ("Novel",), True),
        ("genres", ("Fiction",), "hardcover", (), False),
        ("released", "1973", "hardcover", "1974", False),
        ("released", "", "hardcover", "1974", True),
        ("language", "en", "hardcover", "de", False),
        ("language", "", "hardcover", "de", True),
        ("asin", "B000000001", "audnex", "B000000002", False),
        ("duration_s", 3600, "hardcover", 3700, False),
        ("duration_s", 3600, "audnex", 3700, True),
        ("duration_s", 0, "hardcover", 3700, True),
        ("narrators", ("Jane Roe",), "audnex", ("Ann Reader",), True),
        ("narrators", ("Jane Roe",), "audnex", (), False),
    ],
)
def test_who_replaces_what_of_10_8(
    field: str, ours: Value, source: str, theirs: Value, taken: bool
) -> None:
    diff = merge(
        {field: ours},
        {"openlibrary": {field: ours}, source: {field: theirs}},
        winners={field: "openlibrary"},
        priority=PRIORITY,
    )
    assert diff.values == ({field: theirs} if taken else {})
    assert not merge({field: ours}, {source: {field: theirs}}, [field]).changes
