"""The queries one search sends (acquisition.md 3, with the rulings of judgement.md 1 and 10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.offers import BookFormat, IndexerCaps, IndexerQuery
from bindery.domain.query_plan import MAX_REQUESTS, plan, query_titles, surname_of
from bindery.domain.wanted import SeriesPlace, WantedWork

BOOKS = IndexerCaps(
    book_search=True, book_params=("title", "author"), categories={7000: "", 7020: ""}
)
TEXTS = IndexerCaps()


def _said(query: IndexerQuery) -> str:
    if query.isbn:
        return f"isbn {query.isbn}"
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
    ("authors", "tiers"),
    [((), [4]), (("Plato",), [1, 3, 4]), (("Blake Crouch",), [1, 2, 3, 4])],
)
def test_what_is_not_known_is_not_asked(authors: tuple[str, ...], tiers: list[int]) -> None:
    queries = plan(WantedWork(title="Republic Days", authors=authors, format="ebook"), BOOKS)
    assert [query.tier for query in queries] == tiers


@pytest.mark.parametrize(
    ("caps", "said"),
    [
        (TEXTS, ["Crouch Recursion", "Blake Crouch Recursion", "Recursion"]),
        (
            IndexerCaps(book_search=True, book_params=("q",)),
            ["Crouch Recursion", "Blake Crouch Recursion", "Recursion"],
        ),
        (IndexerCaps(search=False, book_search=True, book_params=("title",)), ["Recursion|"]),
        (
            IndexerCaps(search=False, book_search=True, book_params=("title", "author")),
            ["Recursion|Blake Crouch"],
        ),
        (IndexerCaps(search=False), []),
    ],
)
def test_an_indexer_is_asked_what_it_can(caps: IndexerCaps, said: list[str]) -> None:
    work = WantedWork(title="Recursion", authors=("Blake Crouch",), format="ebook")
    assert [_said(query) for query in plan(work, caps)] == said


@pytest.mark.parametrize(
    ("book_format", "caps", "first"),
    [
        ("ebook", TEXTS, "9780307743657"),
        ("ebook", BOOKS, "9780307743657"),
        (
            "ebook",
            IndexerCaps(book_search=True, book_params=("title", "isbn")),
            "isbn 9780307743657",
        ),
        ("audiobook", TEXTS, "B07Z1WJ2SM"),
    ],
)
def test_the_number_of_the_medium_comes_first(
    book_format: BookFormat, caps: IndexerCaps, first: str
) -> None:
    work = WantedWork(
        title="Sula",
        authors=("Toni Morrison",),
        isbns=frozenset({"9780307743657"}),
        asins=frozenset({"B07Z1WJ2SM"}),
        format=book_format,
    )
    queries = plan(work, caps)
    assert (queries[0].tier, _said(queries[0])) == (0, first)
    assert [query.tier for query in queries].count(0) == 1


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Dark Matter: Beyond Stars", ("Dark Matter",)),
        ("Dune: Messiah", ("Messiah", "Dune")),
        ("A Song of Ice and Fire: A Game of Thrones", ("A Song of Ice and Fire",)),
        (":lead colon", (":lead colon",)),
        ("Die Stille ist ein Geräusch (German Edition)", ("Die Stille ist ein Geräusch",)),
        ("(German Edition)", ()),
        (" ", ()),
        (":", ()),
        ("---", ()),
        ("Señor Núñez", ("Señor Núñez",)),
        ("Guards! Guards! (Discworld, #8)", ("Guards! Guards!",)),
        ("Hobbit, The", ("The Hobbit",)),
        ("Mistborn [Unabridged]", ("Mistborn",)),
        ("Frankenstein; or, The Modern Prometheus", ("The Modern Prometheus", "Frankenstein")),
        ("11/22/63", ("11/22/63",)),
        ("三体", ("三体",)),
    ],
)
def test_what_of_a_title_is_asked(title: str, asked: tuple[str, ...]) -> None:
    assert query_titles(WantedWork(title=title)) == asked
    assert bool(plan(WantedWork(title=title, authors=("X Y",)), BOOKS)) == bool(asked)


def test_a_series_name_asks_behind_the_colon_first() -> None:
    work = WantedWork(
        title="A Song of Ice and Fire: A Game of Thrones",
        series=(SeriesPlace("A Song of Ice and Fire", "1"),),
    )
    assert query_titles(work) == ("A Game of Thrones", "A Song of Ice and Fire")


def test_titles_of_editions_are_asked_behind_the_own_one() -> None:
    work = WantedWork(
        title="The Martian",
        other_titles=("El Marciano", "the martian", "Der Marsianer", "Seul sur Mars", "Marsianin"),
        authors=("Andy Weir",),
    )
    assert query_titles(work) == ("The Martian", "El Marciano", "Der Marsianer", "Seul sur Mars")
    said = [_said(query) for query in plan(work, BOOKS) if query.tier == 1]
    assert said[:2] == ["The Martian|Andy Weir", "El Marciano|Andy Weir"]


def test_search_text_is_plain_but_keeps_its_accents() -> None:
    said = [_said(q) for q in plan(WantedWork(title="Ender’s “Señor” A–B"), TEXTS)]
    assert said == ['Ender\'s "Señor" A-B', 'Ender\'s "Senor" A-B']


def test_umlauts_are_asked_expanded_then_as_written_then_stripped() -> None:
    work = WantedWork(title="Die Höhle", authors=("Jürgen Müller",), format="ebook")
    assert [_said(query) for query in plan(work, BOOKS) if query.tier == 1] == [
        "Die Hoehle|Juergen Mueller",
        "Die Höhle|Jürgen Müller",
    ]
    assert [_said(query) for query in plan(WantedWork(title="Die Höhle"), TEXTS)] == [
        "Die Hoehle",
        "Die Höhle",
        "Die Hohle",
    ]


def test_a_person_s_umlaut_is_asked_too() -> None:
    work = WantedWork(title="Der Schwarm", authors=("Frank Schätzing",), format="ebook")
    said = [_said(query) for query in plan(work, BOOKS)]
    assert said[:2] == ["Der Schwarm|Frank Schaetzing", "Der Schwarm|Frank Schätzing"]


def test_the_catalogue_of_the_indexer_limits_page_and_categories() -> None:
    caps = IndexerCaps(page_size=30, categories={3030: "Audiobook"})
    query = plan(WantedWork(title="Sula", format="audiobook"), caps)[0]
    assert (query.limit, query.categories) == (30, (3030,))
    own = plan(WantedWork(title="Sula", format="audiobook"), caps, categories=(100013,))[0]
    assert own.categories == (100013,)


TITLES = st.one_of(
    st.text(max_size=40), st.sampled_from(["Höhle: Über Öl", "Dune: Messiah", "Ærø: Ål på øya"])
)


@given(TITLES, st.lists(TITLES, max_size=6), TITLES)
def test_a_plan_is_bounded_ordered_and_without_repetition(
    title: str, others: list[str], author: str
) -> None:
    work = WantedWork(
        title=title,
        other_titles=tuple(others),
        authors=(author,) if author else (),
        isbns=frozenset({"9780307743657"}),
    )
    queries = plan(work, BOOKS)
    assert len(queries) <= MAX_REQUESTS + 1
    assert [query.tier for query in queries] == sorted(query.tier for query in queries)
    said = [(query.mode, _said(query).casefold()) for query in queries]
    assert len(set(said)) == len(said)
    if queries:
        assert {query.tier for query in queries} >= {0, 4}


def test_surnames_keep_their_particles() -> None:
    assert surname_of("Ursula K. Le Guin") == "Le Guin"
    assert surname_of("Plato") == "Plato"
