"""Author evidence: the wanted people found in a release, or somebody else (judgement.md 6)."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from bindery.domain import names, spans
from bindery.domain.numbers import equal
from bindery.domain.release import ParsedRelease
from bindery.domain.text import Word, words
from bindery.domain.wanted import WantedWork
from bindery.domain.wanted_titles import WantedTitle


class AuthorEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Best evidence for a wanted author, and the tokens that name people.

    ``segmented`` = the name fills a segment. ``contradicts`` = structure names somebody else,
    ``contradicting`` are that person's tokens.
    """

    score: float = 0.0
    code: str = "author-missing"
    found: str = ""
    segmented: bool = False
    explained: frozenset[int] = frozenset()
    contradicts: bool = False
    contradicting: frozenset[int] = frozenset()


_CODES = {
    "equal": "author-full",
    "middle": "author-full",
    "initials": "author-initials",
    "surname": "author-surname",
}


def find_authors(
    wanted: WantedWork,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    titles: Sequence[WantedTitle],
) -> AuthorEvidence:
    """Look at segments first, then at running words; else say whether another person is named."""
    people = [
        *((name, False) for name in wanted.authors),
        *((name, True) for name in wanted.aliases),
    ]
    best = AuthorEvidence()
    for index, segment in enumerate(release.segments):
        best = _segment(best, people, segment.text, index, found, titles)
    stranger = _contradiction(best, wanted, release, found, titles)
    if best.score < names.STRONG:
        best = _running(best, people, found, titles, stranger.contradicting)
    if best.score >= 0.70 or not people:
        return best
    return stranger


def _segment(
    best: AuthorEvidence,
    people: Sequence[tuple[str, bool]],
    text: str,
    index: int,
    found: Sequence[spans.Token],
    titles: Sequence[WantedTitle],
) -> AuthorEvidence:
    for person in _people(text):
        for name, alias in people:
            verdict = names.same(person, name)
            if verdict.score < 0.70 or verdict.score <= best.score:
                continue
            own = [(at, token) for at, token in enumerate(found) if token.segment == index]
            inside = frozenset(at for at, token in own if not token.year)
            if verdict.code == "surname" and _is_title(
                [found[at].word for at in sorted(inside)], titles
            ):
                continue
            code = "author-alias" if alias else _CODES.get(verdict.code, "author-full")
            best = AuthorEvidence(
                score=verdict.score,
                code=code,
                found=person,
                explained=inside,
                segmented=len(inside) == len(own),
            )
    return best


@lru_cache(maxsize=2048)
def _people(text: str) -> tuple[str, ...]:
    """Who a segment may name: the whole of it, or each of a list."""
    return tuple(dict.fromkeys((text, *names.parse_list(text).names)))


def _is_title(found: Sequence[Word], titles: Sequence[WantedTitle]) -> bool:
    return any(equal(found, title.words) for title in titles)


def _running(
    best: AuthorEvidence,
    people: Sequence[tuple[str, bool]],
    found: Sequence[spans.Token],
    titles: Sequence[WantedTitle],
    strangers: frozenset[int],
) -> AuthorEvidence:
    """A name inside running words; a bare surname inside somebody else's name proves nothing."""
    for name, alias in people:
        place = spans.find_author(found, names.parse(name))
        if place is None or place[0] <= best.score:
            continue
        score, code, span = place
        inside = frozenset(range(span.start, span.end))
        if code == "surname" and inside <= strangers and strangers:
            continue
        if code == "surname" and all(
            any(s.start <= span.start and span.end <= s.end for s in spans.find(found, t.words))
            for t in titles[:1]
        ):
            continue
        text = " ".join(found[at].word.s for at in sorted(inside))
        named = "author-alias" if alias else _CODES.get(code, "author-full")
        best = AuthorEvidence(score=score, code=named, found=text, explained=inside)
    return best


def _contradiction(
    best: AuthorEvidence,
    wanted: WantedWork,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    titles: Sequence[WantedTitle],
) -> AuthorEvidence:
    """Rule 5: an author read from structure who is none of the wanted names."""
    if not release.structured or not release.authors:
        return best
    for author in release.authors:
        parsed = names.parse(author)
        if parsed.nobody:
            return best
        if any(
            names.same(author, name).score >= 0.70 for name in (*wanted.authors, *wanted.aliases)
        ):
            return best
    tokens: set[int] = set()
    for author in release.authors:
        for span in spans.find(found, words(author)):
            tokens |= set(range(span.start, span.end))
    if tokens and _is_title([found[at].word for at in sorted(tokens)], titles):
        return best
    return AuthorEvidence(
        found=", ".join(release.authors),
        contradicts=True,
        contradicting=frozenset(tokens),
        explained=frozenset(tokens),
    )
