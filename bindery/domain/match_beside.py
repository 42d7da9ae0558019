"""What stands beside a title: numbers, subtitles, other titles, tails (judgement.md 6, rule 8).

What the rules call left over, and where it stands, is decision 0007.
"""

from collections.abc import Sequence

from bindery.domain import names, spans
from bindery.domain.match_authors import AuthorEvidence
from bindery.domain.numbers import MARKERS, roman
from bindery.domain.release import ParsedRelease
from bindery.domain.release_segments import looks_like_name
from bindery.domain.text import ALL_ARTICLES, fold
from bindery.domain.titles import STOP_WORDS


def is_subtitle(found: Sequence[spans.Token], near: Sequence[int], clause: int) -> bool:
    """`: A Life in Letters`: behind a colon, three words or more."""
    own = [found[at] for at in near if not found[at].noise]
    return len(own) >= 3 and all(token.clause != clause for token in own)


def following(
    found: Sequence[spans.Token],
    segment: int,
    release: ParsedRelease,
    explained: frozenset[int],
    author: AuthorEvidence,
) -> str:
    """What follows the title's segment, unless it is the author, or the reader of a recording."""
    own = [at for at, token in enumerate(found) if token.segment == segment]
    if not own or any(at in author.core for at in own):
        return ""
    text = release.segments[segment].text
    if release.media == "audiobook" and looks_like_name(text):
        return ""
    if lost_its_novel(found, own, release):
        return ""
    return left_over(found, own, explained)


def lost_its_novel(
    found: Sequence[spans.Token], where: Sequence[int], release: ParsedRelease
) -> bool:
    """`A Jane Doe Novel` at the very end of a name has lost its last word to the tags."""
    if not where or found[where[0]].word.s not in ALL_ARTICLES:
        return False
    text = " ".join(found[at].word.s for at in where)
    return f" {text} novel " in f" {fold(release.text)} "


def second_title(
    found: Sequence[spans.Token],
    right: Sequence[int],
    clause: int,
    explained: frozenset[int],
    *,
    short: bool,
) -> str:
    """Up to three words behind a colon, no article first and no number among them: a title as
    likely as a subtitle.
    """
    own = [at for at in right if found[at].clause == clause + 2 and not found[at].aside]
    if short or not own or len(own) > 3 or found[own[0]].word.s in ALL_ARTICLES:
        return ""
    if any(found[at].word.value is not None for at in own):
        return ""
    return left_over(found, own, explained) if len(own) == len(right) else ""


def ends_with_place(found: Sequence[spans.Token], left: Sequence[int], *, short: bool) -> bool:
    """`Some Saga 02 The Title`: what stands in front is a series with its position."""
    if len(left) < 2:
        return False
    word, before = found[left[-1]].word, found[left[-2]].word
    if word.value is None or word.value >= 100 or not word.s.isdecimal():
        return False
    apart = len(found) > left[-1] + 1 and found[left[-1] + 1].clause != found[left[-1]].clause
    return before.s in MARKERS or word.s.startswith("0") or apart or not short


def is_number(found: Sequence[spans.Token], segment: int) -> bool:
    own = [token.word for token in found if token.segment == segment]
    return bool(own) and own[-1].value is not None and all(w.s in MARKERS for w in own[:-1])


def opening_number(found: Sequence[spans.Token], left: Sequence[int], *, short: bool) -> int | None:
    """`04 The Title`: a bare position at the very start of the segment."""
    if len(left) != 1 or short:
        return None
    word = found[left[0]].word
    return left[0] if word.value is not None and word.value < 100 and word.s.isdecimal() else None


def nearer(right: Sequence[int], author: AuthorEvidence) -> list[int]:
    """What is behind the title, up to the author's full name: behind that are tags and readers."""
    if author.score < names.STRONG:
        return list(right)
    ends = next((at for at in right if at in author.explained), None)
    return [at for at in right if ends is None or at < ends]


def number_behind(found: Sequence[spans.Token], right: Sequence[int]) -> int | None:
    """Index of a volume number right behind the title (a marker may stand between)."""
    marked = False
    for at in right[:2]:
        word = found[at].word
        counts = marked or word.s.isdecimal() or roman(word.s) is not None or word.s[:1] == "t"
        value = word.value if counts and not found[at].noise else None
        if value is not None and not found[at].year:
            return at if value < 100 else None
        if word.s not in MARKERS:
            return None
        marked = True
    return None


def left_over(
    found: Sequence[spans.Token],
    where: Sequence[int],
    explained: frozenset[int],
    *,
    skip: int | None = None,
) -> str:
    """The significant words at these places that nothing explains."""
    return " ".join(
        found[at].word.s
        for at in where
        if at not in explained and at != skip and found[at].word.s not in STOP_WORDS
    )
