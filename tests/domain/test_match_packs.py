"""Packs: one answer per contained work (judgement.md 6, rule 9)."""

import pytest

from bindery.domain.match_packs import judge_pack
from bindery.domain.matching import judge
from bindery.domain.release import parse
from bindery.domain.wanted import SeriesPlace, WantedWork


def _w(
    title: str, author: str, series: str = "", at: str = "", *, packs: bool = False
) -> WantedWork:
    places = (SeriesPlace(series, at),) if series else ()
    return WantedWork(title=title, authors=(author,), series=places, packs_allowed=packs)


SHANNARA = [
    _w("The Sword of Shannara", "Terry Brooks", "Shannara", "1"),
    _w("The Elfstones of Shannara", "Terry Brooks", "Shannara", "2"),
    _w("The Scions of Shannara", "Terry Brooks", "Shannara", "4"),
]
PANEM = [
    _w("The Hunger Games", "Suzanne Collins", "The Hunger Games", "1"),
    _w("Mockingjay", "Suzanne Collins", "The Hunger Games", "3"),
    _w("The Ballad of Songbirds and Snakes", "Suzanne Collins", "The Hunger Games", "0"),
]
REACH = [
    _w("Annihilation", "Jeff VanderMeer"),
    _w("Acceptance", "Jeff VanderMeer", "Southern Reach", "3"),
    _w("Borne", "Jeff VanderMeer"),
]
DUNE = [
    _w("Dune", "Frank Herbert", "Dune", "1"),
    _w("Dune Messiah", "Frank Herbert", "Dune", "2"),
    _w("God Emperor of Dune", "Frank Herbert", "Dune", "4"),
]
TINTE = [
    _w("Tintenherz", "Cornelia Funke", "Tintenwelt", "1"),
    _w("Die Farbe der Rache", "Cornelia Funke", "Tintenwelt", "4"),
]


@pytest.mark.parametrize(
    ("release", "works", "answers"),
    [
        ("Terry Brooks - Shannara 1-3 complete (epub)", SHANNARA, "yes yes no"),
        ("Terry Brooks - [Shannara 01-03] (epub)", SHANNARA, "yes yes no"),
        ("Terry Brooks - Shannara 2-7 (epub)", SHANNARA, "no yes yes"),
        ("Brooks - Shannara 1-3 complete (epub)", SHANNARA, "unsure unsure no"),
        ("Suzanne Collins - The Hunger Games Trilogy (1-3) epub", PANEM, "yes yes no"),
        ("Suzanne Collins - The Hunger Games Trilogy.epub", PANEM, "yes yes no"),
        ("Suzanne Collins - The Hunger Games Collection", PANEM, "unsure unsure unsure"),
        ("Jane Roe - The Hunger Games Trilogy", PANEM, "no no no"),
        (
            (
                "Jeff VanderMeer - Area X: The Southern Reach Trilogy: Annihilation; Authority; "
                "Acceptance.epub"
            ),
            REACH,
            "yes yes no",
        ),
        (
            "Frank Herbert - Dune, Dune Messiah, Children of Dune (3 books) epub",
            DUNE,
            "yes yes no",
        ),
        ("Frank Herbert Collection 20 books epub", DUNE, "no no no"),
        ("Cornelia Funke - Tintenwelt-Trilogie Gesamtausgabe", TINTE, "yes no"),
    ],
)
def test_a_pack_answers_for_each_work(release: str, works: list[WantedWork], answers: str) -> None:
    parsed = parse(release)
    assert parsed.kind == "pack"
    assert [match.verdict for match in judge_pack(parsed, works)] == answers.split()


@pytest.mark.parametrize(
    ("title", "at", "verdict", "code"),
    [
        ("The Sword of Shannara", "1", "yes", "pack"),
        ("The Scions of Shannara", "4", "no", "title-missing"),
        ("First King of Shannara", "prelude", "no", "pack"),
    ],
)
def test_where_packs_are_allowed_the_work_must_surely_be_inside(
    title: str, at: str, verdict: str, code: str
) -> None:
    wanted = _w(title, "Terry Brooks", "Shannara", at, packs=True)
    match = judge(wanted, parse("Terry Brooks - Shannara 1-3 complete (epub)"))
    assert (match.verdict, match.code) == (verdict, code)
    assert (match.confidence > 0.75) == (verdict == "yes")


def test_where_packs_are_refused_the_pack_says_so() -> None:
    match = judge(SHANNARA[0], parse("Terry Brooks - Shannara 1-3 complete (epub)"))
    assert (match.verdict, match.code) == ("no", "pack")
    assert match.evidence[-1].code == "pack"


@pytest.mark.parametrize(
    ("release", "verdict"),
    [
        ("Jane Doe - Ember Trilogy - Cold Ash epub", "yes"),
        ("Jane Doe - Ember Trilogy 02 - Cold Ash epub", "yes"),
        ("Jane Doe - Ember Trilogy Box Set - Cold Ash epub", "no"),
        ("Jane Doe - Ember Trilogy (1-3) - Cold Ash epub", "no"),
        ("Jane Doe - Ember Trilogy: Cold Ash, Warm Ash, Ash epub", "no"),
    ],
)
def test_a_book_of_a_trilogy_is_no_pack(release: str, verdict: str) -> None:
    assert judge(_w("Cold Ash", "Jane Doe"), parse(release)).verdict == verdict


def test_a_stranger_s_pack_is_a_stranger_s() -> None:
    match = judge(PANEM[0], parse("Jane Roe - The Hunger Games Trilogy"))
    assert match.code == "wrong-author"


@pytest.mark.parametrize(
    ("title", "author", "release"),
    [
        ("The Foundation Trilogy", "Isaac Asimov", "Isaac Asimov - The Foundation Trilogy.epub"),
        (
            "The Year's Best Tales: Ninth Annual Collection",
            "Jane Doe",
            "Jane Doe - The Year's Best Tales: Ninth Annual Collection.epub",
        ),
    ],
)
def test_a_title_that_says_collection_itself_is_no_pack(
    title: str, author: str, release: str
) -> None:
    assert judge(_w(title, author), parse(release)).verdict == "yes"
    assert judge(_w("Foundation", author), parse(release)).verdict == "no"
