"""The requests one search sends to one indexer, tier by tier (acquisition.md 3, judgement.md 1)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.names import parse as parse_name
from bindery.domain.offers import BookFormat, IndexerCaps, IndexerQuery
from bindery.domain.text import fold, spellings
from bindery.domain.titles import STOP_WORDS, parse, series_key
from bindery.domain.wanted import WantedWork

DEFAULT_CATEGORIES: dict[str, tuple[int, ...]] = {"ebook": (7000, 7020), "audiobook": (3030,)}
MAX_REQUESTS = 8
"""Of one work to one indexer, beside those by identifier: four tiers in two variants."""
MAX_TITLES = 4
_LONGEST_NAME = 400


def plan(
    work: WantedWork,
    caps: IndexerCaps,
    *,
    categories: Sequence[int] | None = None,
    limit: int = 100,
) -> list[IndexerQuery]:
    """Queries in the order to send; a later tier only if the earlier ones brought nothing relevant.

    Tier 0 identifiers, 1 structured book search, 2 surname + title, 3 author + title, 4 title
    alone. A tier holds several variants of the title, the likeliest first; when all of them are
    too many, the least likely of every tier go. Empty when the title has no letter or digit.
    """
    titles = query_titles(work)
    if not titles:
        return []
    base = IndexerQuery(
        mode="search",
        categories=tuple(categories) if categories is not None else _categories(work.format, caps),
        limit=min(limit, caps.page_size or limit),
    )
    author = next((name[:_LONGEST_NAME] for name in work.authors if fold(name[:_LONGEST_NAME])), "")
    asked: dict[tuple[str, ...], tuple[int, IndexerQuery]] = {}
    for tier, who in _tiers(author, caps):
        for worth, (title, person) in enumerate(_variants(titles, who)):
            query = _query(base, tier, title, person, caps)
            said = (query.text, query.title, query.author)
            key = (query.mode, *(part.casefold() for part in said))
            asked.setdefault(key, (worth, query))
    chosen = sorted(asked.values(), key=lambda one: (one[0], one[1].tier))[:MAX_REQUESTS]
    by_words = sorted((query for _, query in chosen), key=lambda query: query.tier)
    return [*_by_identifier(work, base, caps), *by_words]


def _query(
    base: IndexerQuery, tier: int, title: str, person: str, caps: IndexerCaps
) -> IndexerQuery:
    if tier > 1:
        return msgspec.structs.replace(base, tier=tier, text=f"{person} {title}".strip())
    known = person if "author" in caps.book_params else ""
    return msgspec.structs.replace(base, mode="book", tier=tier, title=title, author=known)


def _tiers(author: str, caps: IndexerCaps) -> list[tuple[int, str]]:
    """The tiers that this indexer and this book have, and who is named in each."""
    out: list[tuple[int, str]] = []
    if caps.book_search and author and "title" in caps.book_params:
        out.append((1, author))
    if not caps.search:
        return out
    surname = surname_of(author)
    if fold(surname) and fold(surname) != fold(author):
        out.append((2, surname))
    if author:
        out.append((3, author))
    return [*out, (4, "")]


def _variants(titles: Sequence[str], author: str) -> list[tuple[str, str]]:
    """Every title in its first spelling, then in its second and third (judgement.md 1)."""
    spelt = [_pairs(title, author) for title in titles]
    return [pairs[turn] for turn in range(3) for pairs in spelt if turn < len(pairs)]


def _pairs(title: str, author: str) -> list[tuple[str, str]]:
    """Spellings of title and author side by side: umlauts expanded, as written, stripped."""
    titles, people = spellings(title), spellings(author) or ("",)
    return [
        (titles[min(at, len(titles) - 1)], people[min(at, len(people) - 1)])
        for at in range(max(len(titles), len(people)))
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
    for title in (work.title, *work.other_titles):
        parts = parse(title)
        main, rest = _bare(parts.main_text), _bare(parts.subtitle_text)
        weak = len(_significant(main)) < 2 or series_key(main) in series
        out += [rest, main] if rest and weak else [main]
    kept: dict[str, str] = {}
    for title in out:
        kept.setdefault(fold(title), title)
    return tuple(title for key, title in kept.items() if key)[:MAX_TITLES]


def _bare(text: str) -> str:
    return " ".join(text.replace("(", " ").replace(")", " ").split())


def _significant(title: str) -> list[str]:
    return [word for word in fold(title).split(" ") if word and word not in STOP_WORDS]


def _by_identifier(work: WantedWork, base: IndexerQuery, caps: IndexerCaps) -> list[IndexerQuery]:
    """Tier 0: one number, the recording's for a recording, in its own field where there is one."""
    numbers = sorted(work.asins) if work.format == "audiobook" else sorted(work.isbns)
    if not numbers:
        return []
    if work.format != "audiobook" and caps.book_search and "isbn" in caps.book_params:
        return [msgspec.structs.replace(base, mode="book", isbn=numbers[0])]
    return [msgspec.structs.replace(base, text=numbers[0])] if caps.search else []


def _categories(book_format: BookFormat | None, caps: IndexerCaps) -> tuple[int, ...]:
    wanted = DEFAULT_CATEGORIES.get(book_format or "", (7000, 7020, 3030))
    known = tuple(c for c in wanted if not caps.categories or c in caps.categories)
    return known or wanted
