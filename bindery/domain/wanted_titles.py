"""The titles under which a work may be offered (judgement.md 6, first paragraph)."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from bindery.domain.languages import FUNCTION_WORDS
from bindery.domain.numbers import equal, valued
from bindery.domain.spans import significant
from bindery.domain.text import ALL_ARTICLES, AND_WORDS, Word, words
from bindery.domain.titles import STOP_WORDS, TitleParts, parse, series_key
from bindery.domain.wanted import RivalWork, WantedWork


class WantedTitle(msgspec.Struct, frozen=True):
    """One title to look for. ``step``: exact, short, part or part-short (judgement.md 6 table).

    ``prefix`` is what stands in front of a part: when the release names that as its series, the
    part counts as the whole. ``main`` = the part before the colon: alone it is no title of a
    release that names another one.
    """

    text: str
    words: tuple[Word, ...]
    step: str
    edition: bool = False
    prefix: str = ""
    main: bool = False


def wanted_titles(wanted: WantedWork, rivals: Sequence[RivalWork]) -> tuple[WantedTitle, ...]:
    """Every title to look for, own first, strongest step first."""
    return _titles(
        (wanted.title, *wanted.other_titles),
        wanted.subtitle,
        (*wanted.authors, *wanted.aliases),
        tuple(
            series_key(name)
            for name in (
                *(place.name for place in wanted.series),
                *wanted.known_series,
                *(place.name for rival in rivals for place in rival.series),
            )
        ),
        tuple(rival.title for rival in rivals),
        stop_words(wanted.language),
    )


@lru_cache(maxsize=64)
def stop_words(language: str) -> frozenset[str]:
    """Words that carry no title: the English ones and those of the wanted language."""
    return STOP_WORDS | FUNCTION_WORDS.get(language, frozenset())


@lru_cache(maxsize=8192)
def _titles(
    titles: tuple[str, ...],
    subtitle: str,
    authors: tuple[str, ...],
    series: tuple[str, ...],
    rivals: tuple[str, ...],
    stop: frozenset[str],
) -> tuple[WantedTitle, ...]:
    taken = [parse(rival).full for rival in rivals] + [parse(rival).main for rival in rivals]
    out: dict[tuple[str, ...], WantedTitle] = {}

    def add(
        text: str,
        found: Sequence[Word],
        *,
        part: bool,
        edition: bool,
        prefix: str = "",
        main: bool = False,
    ) -> None:
        if not found:
            return
        step = (
            ("part" if part else "exact")
            if significant(found, stop) >= 2
            else ("part-short" if part else "short")
        )
        key = tuple(word.s for word in found)
        if key not in out:
            out[key] = WantedTitle(text, tuple(found), step, edition, prefix, main)

    for index, title in enumerate(titles):
        edition = index > 0
        plain = without_author(title, authors)
        if not edition and subtitle:
            both = parse(f"{plain}: {subtitle}")
            add(both.text, both.whole, part=False, edition=False)
        parts = parse(plain)
        add(plain, parts.full if _drops(parts) else parts.whole, part=False, edition=edition)
        add(plain, parts.whole, part=False, edition=edition)
        if plain != title:
            add(title, valued(words(title[:1000])), part=False, edition=edition)
        for name in series:
            rest = without_series(parts.whole, name)
            if significant(rest, stop) >= 2:
                add(plain, rest, part=True, edition=edition, prefix=name)
        if not parts.rest or (parts.volume is not None and not parts.series_note):
            continue
        is_series = series_key(parts.main_text) in series
        if not is_series and not any(equal(parts.main, other) for other in taken):
            add(parts.main_text, parts.main, part=True, edition=edition, main=True)
        prefix = series_key(parts.main_text)
        add(parts.subtitle_text, parts.rest, part=True, edition=edition, prefix=prefix)
    return tuple(out.values())


def without_series(title: Sequence[Word], series: str) -> tuple[Word, ...]:
    """`Harry Potter and the Goblet of Fire` without `harry potter`: the rest, or nothing."""
    name = tuple(series.split(" "))
    found = list(title)
    if found and found[0].s in ALL_ARTICLES:
        del found[0]
    if not series or tuple(word.s for word in found[: len(name)]) != name:
        return ()
    rest = found[len(name) :]
    while rest and (rest[0].s in AND_WORDS or rest[0].s in STOP_WORDS):
        del rest[0]
    return tuple(rest)


def _drops(parts: TitleParts) -> bool:
    """May notes be left out of the title (`A Novel`, a series note)?"""
    return parts.generic or parts.series_note


def without_author(title: str, authors: Sequence[str]) -> str:
    """`Tom Clancy's Rainbow Six` -> `Rainbow Six`."""
    for mark in ("'s ", "’s "):
        head, found, tail = title.partition(mark)
        if not found or not tail.strip():
            continue
        head_words = [word.s for word in words(head)]
        for author in authors:
            own = [word.s for word in words(author)]
            if head_words and (
                head_words == own[: len(head_words)] or head_words == own[-len(head_words) :]
            ):
                return tail.strip()
    return title
