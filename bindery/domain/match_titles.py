"""Title evidence: the best span of a wanted title and what stands around it (judgement.md 6)."""

from collections.abc import Sequence

import msgspec

from bindery.domain import match_beside as beside
from bindery.domain import spans
from bindery.domain.match_authors import AuthorEvidence
from bindery.domain.match_explained import explained_tokens
from bindery.domain.release import ParsedRelease
from bindery.domain.text import words
from bindery.domain.titles import STOP_WORDS, series_key
from bindery.domain.wanted import WantedWork
from bindery.domain.wanted_titles import WantedTitle

_RANK = {"exact": 4, "short": 3, "part": 2, "part-short": 1, "fuzzy": 0}


class TitleEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One span of a wanted title, and the unexplained significant words around it.

    ``behind`` / ``before`` stand beside it in its segment and clause (``subtitle`` = what is behind
    a short title has the shape of a subtitle, not of another title), ``aside`` in brackets, in
    further clauses or behind the author's name, ``elsewhere`` in other segments. ``number`` is a
    volume number right behind it; ``note`` = the span stands in a bracket or is (part of) the
    name of a series with a position behind it; ``numbered`` = the segment in front of it is no more
    than a number. ``following`` = the words of the next segment when it may be the title itself
    and ours only its series (`Author - Saga - Title`).
    """

    wanted: str
    found: str
    step: str
    code: str
    span: spans.Span
    whole_segment: bool = False
    before: str = ""
    behind: str = ""
    subtitle: bool = False
    aside: str = ""
    elsewhere: str = ""
    number: float | None = None
    note: bool = False
    numbered: bool = False
    following: str = ""

    @property
    def others(self) -> str:
        """All words that neither this title nor any fact explains."""
        return " ".join(filter(None, (self.before, self.behind, self.aside, self.elsewhere)))

    def overlaps(self, tokens: frozenset[int]) -> bool:
        """Does the span take any of these tokens?"""
        return any(self.span.start <= at < self.span.end for at in tokens)


Places = Sequence[tuple[WantedTitle, spans.Span]]


def title_places(
    titles: Sequence[WantedTitle], found: spans.Run, stop: frozenset[str] = STOP_WORDS
) -> Places:
    """Every place of every wanted title; those with one typo only where there is no other."""
    for fuzzy in (False, True):
        places = [
            (title, span)
            for title in titles
            for span in spans.find(found, title.words, fuzzy=fuzzy, stop=stop)
        ]
        if places:
            return places
    return ()


def best_title(
    places: Places,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    author: AuthorEvidence,
    wanted: WantedWork,
) -> TitleEvidence | None:
    """The place that explains the release best, or None when none of them is a title."""
    explained = explained_tokens(release, found, author, wanted)
    best: tuple[tuple[int, ...], TitleEvidence] | None = None
    for title, span in places:
        evidence = _evidence(title, span, release, found, explained, author)
        if _only_series(title, evidence, release):
            continue
        key = (
            not evidence.overlaps(author.core),
            evidence.number is None,
            not evidence.following,
            not evidence.behind,
            not evidence.before,
            _RANK[evidence.step],
            span.end - span.start,
        )
        if best is None or key > best[0]:
            best = (key, evidence)
    return None if best is None or _only_author(best[1], author) else best[1]


def unexplained(
    wanted: WantedWork,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    author: AuthorEvidence,
) -> str:
    """The significant words of a release that no person, series, tag, year or edition explains."""
    return beside.left_over(
        found, range(len(found)), explained_tokens(release, found, author, wanted)
    )


def _only_series(title: WantedTitle, found: TitleEvidence, release: ParsedRelease) -> bool:
    """A series note, or the part before the colon, beside the title of another work."""
    if found.note:
        return bool(found.before or found.elsewhere)
    if not title.main:
        return False
    return bool(found.others) or series_key(title.text) == series_key(release.series)


def _only_author(title: TitleEvidence, author: AuthorEvidence) -> bool:
    """A title found only inside the wanted author's own name is no title."""
    inside = all(at in author.core for at in range(title.span.start, title.span.end))
    return inside and author.score >= 0.70


def _names_series(found: Sequence[spans.Token], span: spans.Span, release: ParsedRelease) -> bool:
    """Is the span no more than the release's own series, its position behind it?"""
    if not release.series or not release.position:
        return False
    return any(
        place.start <= span.start
        and span.end <= place.end
        and beside.number_behind(found, behind) is not None
        for place in spans.find(found, words(release.series))
        for behind in [range(place.end, min(place.end + 2, len(found)))]
    )


def _evidence(
    title: WantedTitle,
    span: spans.Span,
    release: ParsedRelease,
    found: Sequence[spans.Token],
    explained: frozenset[int],
    author: AuthorEvidence,
) -> TitleEvidence:
    first, last = found[span.start], found[span.end - 1]
    left = [at for at in range(span.start) if found[at].segment == first.segment]
    right = [at for at in range(span.end, len(found)) if found[at].segment == last.segment]
    near = beside.nearer(right, author)
    step = "fuzzy" if span.fuzzy else title.step
    if title.prefix and title.prefix == series_key(release.series):
        step = {"part": "exact", "part-short": "short"}.get(step, step)
    short = step in ("short", "part-short")
    number = beside.number_behind(found, near)
    if short:
        near = [at for at in near if not found[at].aside]
    else:
        near = [at for at in near if found[at].clause == last.clause]
    before = beside.left_over(
        found, left, explained, skip=beside.opening_number(found, left, short=short)
    )
    if beside.ends_with_place(found, left, short=short):
        before = ""
    behind = beside.left_over(found, near, explained, skip=number)
    if short and beside.lost_its_novel(found, near, release):
        behind = ""
    if short and before:
        behind = behind or before
    code = (
        "fuzzy"
        if span.fuzzy
        else "edition"
        if title.edition
        else "part"
        if "part" in step
        else "exact"
    )
    inside = {first.segment, last.segment}
    others = [at for at, token in enumerate(found) if token.segment not in inside]
    return TitleEvidence(
        wanted=title.text,
        found=" ".join(found[at].word.s for at in range(span.start, span.end)),
        step=step,
        code=code,
        span=span,
        whole_segment=not beside.left_over(found, left + right, frozenset(), skip=number),
        before=before,
        behind=behind,
        subtitle=short and bool(behind) and beside.is_subtitle(found, near, last.clause),
        aside=beside.left_over(
            found, [at for at in right if at not in near], explained, skip=number
        ),
        note=first.aside or _names_series(found, span, release),
        following=beside.following(found, last.segment + 1, release, explained, author)
        or beside.second_title(found, right, last.clause, explained, short=short),
        numbered=beside.is_number(found, first.segment - 1),
        elsewhere=beside.left_over(found, others, explained),
        number=found[number].word.value if number is not None else None,
    )
