"""Does another work of the author explain a release better? (judgement.md 6, rule 6)"""

from collections.abc import Sequence
from functools import lru_cache

from bindery.domain import spans
from bindery.domain.match_authors import AuthorEvidence
from bindery.domain.match_titles import TitleEvidence
from bindery.domain.numbers import equal
from bindery.domain.release import ParsedRelease
from bindery.domain.text import Word, words
from bindery.domain.titles import parse, same_position, series_key
from bindery.domain.wanted import RivalWork, WantedWork


def rival_wins(
    wanted: WantedWork,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    title: TitleEvidence | None,
    rivals: Sequence[RivalWork],
    author: AuthorEvidence,
) -> str:
    """Title of the other work that explains the release better, else ''."""
    for rival in rivals:
        span = _rival_span(rival, found, author)
        if span is None:
            continue
        size = span.end - span.start
        if title is None:
            return rival.title
        mine = title.span
        covers = span.start <= mine.start and span.end >= mine.end
        if covers and size > mine.end - mine.start:
            return rival.title
        if covers and _better_facts(wanted, rival, release):
            return rival.title
        apart = span.end <= mine.start or span.start >= mine.end
        if apart and _names_series(wanted, title, rival):
            return rival.title
    return ""


def _rival_span(
    rival: RivalWork, found: Sequence[spans.Token], author: AuthorEvidence
) -> spans.Span | None:
    best: spans.Span | None = None
    for choice in _choices((rival.title, *rival.other_titles)):
        for span in spans.find(found, choice):
            if any(at in author.core for at in range(span.start, span.end)):
                continue
            if best is None or span.end - span.start > best.end - best.start:
                best = span
    return best


@lru_cache(maxsize=4096)
def _choices(titles: tuple[str, ...]) -> tuple[tuple[Word, ...], ...]:
    """The word sequences under which a work may be offered."""
    out: dict[tuple[Word, ...], None] = {}
    for title in titles:
        parts = parse(title)
        out |= dict.fromkeys((parts.whole, parts.full, parts.rest))
    return tuple(filter(None, out))


def _better_facts(wanted: WantedWork, rival: RivalWork, release: ParsedRelease) -> bool:
    """Equal spans: does position or year speak for the rival?"""
    if release.position:
        mine = any(same_position(p.position, release.position) for p in wanted.series)
        theirs = any(same_position(p.position, release.position) for p in rival.series)
        if mine != theirs:
            return theirs
    if release.year and rival.year and wanted.year:
        return abs(rival.year - release.year) + 1 < abs(wanted.year - release.year)
    return False


def _names_series(wanted: WantedWork, title: TitleEvidence, rival: RivalWork) -> bool:
    """Our span is only the series name in front of the rival's own title."""
    key = series_key(title.wanted)
    series = {series_key(p.name) for p in (*wanted.series, *rival.series)}
    series |= {series_key(name) for name in wanted.known_series}
    parts = parse(rival.title)
    main = parts.main_text if parts.rest else ""
    return key in series or bool(main and equal(words(main), words(title.wanted)))
