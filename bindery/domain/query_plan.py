"""The requests one search sends to one indexer, tier by tier (acquisition.md 3, judgement.md 1)."""

from collections.abc import Iterable, Sequence

from bindery.domain.names import parse as parse_name
from bindery.domain.offers import BookFormat, IndexerCaps, IndexerQuery
from bindery.domain.text import fold, spellings
from bindery.domain.titles import STOP_WORDS, parse, series_key
from bindery.domain.wanted import WantedWork

DEFAULT_CATEGORIES: dict[str, tuple[int, ...]] = {"ebook": (7000, 7020), "audiobook": (3030,)}
MAX_REQUESTS = 8


def plan(
    work: WantedWork,
    caps: IndexerCaps,
    *,
    categories: Sequence[int] | None = None,
    limit: int = 100,
) -> list[IndexerQuery]:
    """Queries in the order to send; a later tier only if the earlier ones brought nothing relevant.

    Tier 0 identifiers, 1 structured book search, 2 surname + title, 3 author + title, 4 title
    alone. Empty when the title has no letter or digit. Each tier may hold several spellings.
    """
    titles = query_titles(work)
    if not titles:
        return []
    own = tuple(categories) if categories is not None else _categories(work.format, caps)
    out: dict[tuple[object, ...], IndexerQuery] = {}

    def add(tier: int, *, text: str = "", title: str = "", author: str = "") -> None:
        mode = "book" if title else "search"
        exact = (mode, text, title, author)
        if exact in out or (not text and not title):
            return
        out[exact] = IndexerQuery(
            mode=mode,
            tier=tier,
            text=text,
            title=title,
            author=author,
            categories=own,
            limit=min(limit, caps.page_size or limit),
        )

    author = work.authors[0] if work.authors else ""
    if caps.search:
        for value in _identifiers(work):
            add(0, text=value)
    if caps.book_search and author and "title" in caps.book_params:
        for spelling, person in _spelt(titles, author):
            add(1, title=spelling, author=person if "author" in caps.book_params else "")
    for tier, who in _texts(author) if caps.search else ():
        for spelling, person in _spelt(titles, who):
            add(tier, text=f"{person} {spelling}".strip())
    return sorted(out.values(), key=lambda query: query.tier)[: MAX_REQUESTS * 2]


def _texts(author: str) -> list[tuple[int, str]]:
    """Who stands before the title in each text tier."""
    surname = surname_of(author)
    tiers = [(2, surname)] if surname and fold(surname) != fold(author) else []
    if author:
        tiers.append((3, author))
    return [*tiers, (4, "")]


def _spelt(titles: Sequence[str], author: str) -> list[tuple[str, str]]:
    return [pair for title in titles for pair in _pairs(title, author)]


def _pairs(title: str, author: str) -> list[tuple[str, str]]:
    """Spellings of title and author side by side: umlauts expanded, then as written."""
    titles, people = spellings(title), spellings(author) or ("",)
    size = max(len(titles), len(people)) if len(titles) > 1 or len(people) > 1 else 1
    return [
        (titles[min(at, len(titles) - 1)], people[min(at, len(people) - 1)])
        for at in range(min(size, 2))
    ]


def surname_of(author: str) -> str:
    """Family name as it is written, particles included; '' when unknown."""
    name = parse_name(author)
    if name.nobody or name.corporate:
        return author.strip()
    return " ".join(part for part in (name.particles_raw, name.family_raw) if part)


def query_titles(work: WantedWork) -> tuple[str, ...]:
    """Titles worth asking for: main title, behind the colon when that says more, editions.

    When the main title is a series name or has fewer than two significant words, the part behind
    the colon comes first.
    """
    series = {series_key(place.name) for place in work.series}
    series |= {series_key(name) for name in work.known_series}
    out: list[str] = []
    for title in (work.title, *work.other_titles[:2]):
        parts = parse(title)
        main, rest = _bare(parts.main_text), _bare(parts.subtitle_text)
        weak = len(_significant(main)) < 2 or series_key(main) in series
        out += [rest, main] if rest and weak else [main]
    return tuple(dict.fromkeys(title for title in out if fold(title)))


def _bare(text: str) -> str:
    return " ".join(text.replace("(", " ").replace(")", " ").split())


def _significant(title: str) -> list[str]:
    return [word for word in fold(title).split(" ") if word and word not in STOP_WORDS]


def _identifiers(work: WantedWork) -> list[str]:
    found = sorted(work.asins) if work.format == "audiobook" else sorted(work.isbns)
    return found[:1]


def _categories(book_format: BookFormat | None, caps: IndexerCaps) -> tuple[int, ...]:
    wanted = DEFAULT_CATEGORIES.get(book_format or "", (7000, 7020, 3030))
    known = tuple(c for c in wanted if not caps.categories or c in caps.categories)
    return known or wanted


def covers(title: str, found: Iterable[str]) -> bool:
    """Does the answer name every significant word of the query title, spread over its titles?"""
    have = {word for one in found for word in fold(one).split(" ")}
    return all(word in have for word in _significant(title))
