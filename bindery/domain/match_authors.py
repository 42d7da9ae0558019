"""Author evidence: the wanted people found in a release, or somebody else (judgement.md 6)."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from bindery.domain import names, spans
from bindery.domain.numbers import equal, same_word
from bindery.domain.release import ParsedRelease
from bindery.domain.release_segments import Segment
from bindery.domain.span_names import find_author
from bindery.domain.text import Word, words
from bindery.domain.wanted import WantedWork
from bindery.domain.wanted_titles import WantedTitle


class AuthorEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Best evidence for a wanted author, and the tokens that name people.

    ``segmented`` = the name fills a segment; ``core`` are the tokens of the name itself, where
    ``explained`` also holds what stands around it in that segment. ``contradicts`` = structure
    names somebody else, ``contradicting`` are that person's tokens.
    """

    score: float = 0.0
    code: str = "author-missing"
    found: str = ""
    segmented: bool = False
    explained: frozenset[int] = frozenset()
    core: frozenset[int] = frozenset()
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
    found: spans.Run,
    titles: Sequence[WantedTitle],
) -> AuthorEvidence:
    """Look at segments first, then at running words; else say whether another person is named."""
    known = [
        *((name, False) for name in wanted.authors),
        *((name, True) for name in wanted.aliases),
    ]
    people = [one for one in known if found.may_name(names.parse(one[0]))]
    best = AuthorEvidence()
    for index, segment in enumerate(release.segments if people else ()):
        best = _segment(best, people, segment.text, index, found, titles)
    if best.score < 0.70 and release.notes:
        best = _noted(best, known, release)
    stranger = _contradiction(best, wanted, release, found, titles)
    if best.score < names.STRONG:
        best = _running(best, people, found, titles, stranger.contradicting)
    if best.score >= 0.70 or not known:
        return best
    return stranger


def find_in_text(wanted: WantedWork, release: ParsedRelease) -> AuthorEvidence | None:
    """The full name among the tags behind the title (`Title.2019.Jane.Doe.EPUB`)."""
    found = spans.tokens((Segment(release.text),))
    for name in wanted.authors:
        place = find_author(found, names.parse(name))
        if place and place[0] >= names.STRONG:
            return AuthorEvidence(
                score=place[0], code=_CODES.get(place[1], "author-full"), found=name
            )
    return None


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
                core=_core(found, sorted(inside), name),
                segmented=len(inside) == len(own),
            )
    return best


def _core(found: Sequence[spans.Token], inside: Sequence[int], wanted: str) -> frozenset[int]:
    """The tokens of a segment that are the wanted name: a run of them, else each of its words."""
    own = [found[at] for at in inside]
    name = names.parse(wanted)
    runs = spans.find(own, words(wanted))
    if runs:
        return frozenset(inside[at] for at in range(runs[0].start, runs[0].end))
    first = {word.s[:1] for word in name.given}
    return frozenset(
        at
        for at in inside
        if (len(found[at].word.s) == 1 and found[at].word.s in first)
        or any(same_word(found[at].word, word) for word in name.tokens)
        or not any(same_word(found[other].word, word) for other in inside for word in name.tokens)
    )


def _noted(
    best: AuthorEvidence, people: Sequence[tuple[str, bool]], release: ParsedRelease
) -> AuthorEvidence:
    """A wanted person alone in a bracket: `[Jane Doe] The Title`."""
    for note in release.notes:
        for name, alias in people:
            verdict = names.same(note, name)
            if verdict.score >= names.STRONG and verdict.score > best.score:
                code = "author-alias" if alias else _CODES.get(verdict.code, "author-full")
                best = AuthorEvidence(score=verdict.score, code=code, found=note, segmented=True)
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
        place = find_author(found, names.parse(name))
        if place is None or place[0] <= best.score:
            continue
        score, code, span = place
        inside = frozenset(_grown(found, span, names.parse(name)))
        if code == "surname" and inside <= strangers and strangers:
            continue
        if code == "surname" and all(
            any(s.start <= span.start and span.end <= s.end for s in spans.find(found, t.words))
            for t in titles[:1]
        ):
            continue
        text = " ".join(found[at].word.s for at in sorted(inside))
        named = "author-alias" if alias else _CODES.get(code, "author-full")
        best = AuthorEvidence(score=score, code=named, found=text, explained=inside, core=inside)
    return best


def _grown(found: Sequence[spans.Token], span: spans.Span, name: names.Name) -> range:
    """The span with further words of the same name around it (`Doe Roe Jane`)."""
    own = {word.s for word in name.tokens if len(word.s) > 1}
    start, end = span.start, span.end
    segment = found[start].segment
    while start > 0 and found[start - 1].segment == segment and found[start - 1].word.s in own:
        start -= 1
    while end < len(found) and found[end].segment == segment and found[end].word.s in own:
        end += 1
    return range(start, end)


def other_author(wanted: WantedWork, release: ParsedRelease, found: spans.Run) -> str:
    """Who the structure of the release names, when it is none of the wanted people; else ''."""
    if not release.structured or not release.authors or not wanted.authors:
        return ""
    people = (*wanted.authors, *wanted.aliases)
    likely = [name for name in people if found.may_name(names.parse(name))]
    for author in release.authors:
        if names.parse(author).nobody:
            return ""
        if any(names.same(author, name).score >= 0.70 or _longer(author, name) for name in likely):
            return ""
    return ", ".join(release.authors)


def _longer(author: str, wanted: str) -> bool:
    """`Doe Roe, Jane` holds every word of `Jane Doe`: a second surname, no other person."""
    own = [word.s for word in names.parse(wanted).tokens]
    theirs = {word.s for word in names.parse(author).tokens}
    return len(own) > 1 and all(len(word) > 1 and word in theirs for word in own)


def _contradiction(
    best: AuthorEvidence,
    wanted: WantedWork,
    release: ParsedRelease,
    found: spans.Run,
    titles: Sequence[WantedTitle],
) -> AuthorEvidence:
    """Rule 5: an author read from structure who is none of the wanted names."""
    stranger = other_author(wanted, release, found)
    if not stranger:
        return best
    tokens: set[int] = set()
    for author in release.authors:
        for span in spans.find(found, words(author)):
            tokens |= set(range(span.start, span.end))
    if tokens and _is_title([found[at].word for at in sorted(tokens)], titles):
        return best
    return AuthorEvidence(
        found=stranger,
        contradicts=True,
        contradicting=frozenset(tokens),
        explained=frozenset(tokens),
    )
