"""The queries one search sends (acquisition.md 3)."""

import pytest

from bindery.domain.offers import IndexerCaps, IndexerQuery
from bindery.domain.query_plan import covers, plan, query_titles, surname_of
from bindery.domain.wanted import SeriesPlace, WantedWork

BOOKS = IndexerCaps(
    book_search=True, book_params=("title", "author"), categories={7000: "", 7020: ""}
)


def _said(query: IndexerQuery) -> str:
    return f"{query.title}|{query.author}" if query.mode == "book" else query.text


def test_tiers_narrow_then_widen() -> None:
    work = WantedWork(title="Dark Matter: A Novel", authors=("Blake Crouch",), format="ebook")
    queries = plan(work, BOOKS)
    assert [(q.tier, _said(q)) for q in queries] == [
        (1, "Dark Matter|Blake Crouch"),
        (2, "Crouch Dark Matter"),
        (3, "Blake Crouch Dark Matter"),
        (4, "Dark Matter"),
    ]
    assert all(query.categories == (7000, 7020) for query in queries)


@pytest.mark.parametrize(
    ("authors", "tiers"), [((), [4]), (("Plato",), [1, 3, 4]), (("Blake Crouch",), [1, 2, 3, 4])]
)
def test_what_is_not_known_is_not_asked(authors: tuple[str, ...], tiers: list[int]) -> None:
    queries = plan(WantedWork(title="Republic Days", authors=authors, format="ebook"), BOOKS)
    assert [query.tier for query in queries] == tiers


def test_an_isbn_comes_first() -> None:
    work = WantedWork(title="Sula", isbns=frozenset({"9780307743657"}), format="ebook")
    assert plan(work, BOOKS)[0].text == "9780307743657"


def test_a_weak_main_title_asks_behind_the_colon_first() -> None:
    work = WantedWork(
        title="Mistborn: The Final Empire", authors=("B S",), series=(SeriesPlace("Mistborn"),)
    )
    assert query_titles(work) == ("The Final Empire", "Mistborn")
    assert query_titles(WantedWork(title="Dark Matter: Beyond Stars")) == ("Dark Matter",)


def test_umlauts_are_asked_in_both_spellings() -> None:
    work = WantedWork(title="Der Schwarm", authors=("Frank Schätzing",), format="ebook")
    said = [_said(query) for query in plan(work, BOOKS)]
    assert "Der Schwarm|Frank Schaetzing" in said
    assert "Der Schwarm|Frank Schätzing" in said


@pytest.mark.parametrize("title", ["", " ", ":", "---"])
def test_nothing_to_ask(title: str) -> None:
    assert plan(WantedWork(title=title, authors=("X Y",)), BOOKS) == []


def test_surnames_keep_their_particles() -> None:
    assert surname_of("Ursula K. Le Guin") == "Le Guin"
    assert surname_of("Plato") == "Plato"


def test_coverage_may_be_spread_over_results() -> None:
    assert covers("The Dark Matter", ["Something dark", "Matter of fact"])
    assert not covers("Dark Matter", ["Canned feed"])
    assert covers("It", ["whatever"])
