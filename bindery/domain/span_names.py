"""Where a person's name stands in running words (judgement.md 2 and 6)."""

from collections.abc import Sequence

from bindery.domain import names
from bindery.domain.spans import Span, Token, find
from bindery.domain.titles import STOP_WORDS


def find_author(found: Sequence[Token], name: names.Name) -> tuple[float, str, Span] | None:
    """Best place of one person's name in running words: (score, code, span)."""
    if not name.family or name.nobody:
        return None
    best = _find_native(found, name)
    for family in find(found, name.family):
        if any(found[at].year for at in range(family.start, family.end)):
            continue
        score, code, span = _extend(found, family, name)
        if best is None or score > best[0]:
            best = (score, code, span)
    return best


def _find_native(found: Sequence[Token], name: names.Name) -> tuple[float, str, Span] | None:
    """A name of a script without blanks, however it is cut: two neighbours are the whole name."""
    whole = "".join(word.n for word in name.tokens)
    if name.latin or len(name.tokens) > 2:
        return None
    for at in range(len(found) - 1):
        first, second = found[at], found[at + 1]
        if first.segment == second.segment and first.word.n + second.word.n == whole:
            return 1.0, "equal", Span(at, at + 2)
    return None


def _extend(found: Sequence[Token], family: Span, name: names.Name) -> tuple[float, str, Span]:
    """Grow a family name over the given names beside it."""
    start = family.start
    low, high = start, family.end
    while low > 0 and found[low - 1].segment == found[start].segment:
        low -= 1
    while high < len(found) and found[high].segment == found[start].segment:
        high += 1
    while start > low and found[start - 1].word.s in name.particles:
        start -= 1
    initials = {word.s[:1] for word in name.given}
    before = start
    while before > low and start - before < 4 and _given_like(found[before - 1], initials):
        before -= 1
    after = family.end
    while after < high and after - family.end < 4 and _given_like(found[after], initials):
        after += 1
    family_text = " ".join(word.s for word in name.family)
    particles = " ".join(name.particles)
    best = (0.7, "surname", Span(start, family.end))
    # A word of the title may begin like a given name: fewer words are tried, too.
    sides = [(at, family.end, found[at:start]) for at in range(before, start)]
    sides += [(start, at, found[family.end : at]) for at in range(after, family.end, -1)]
    for begin, end, given in sides:
        text = " ".join(token.word.s for token in given)
        verdict = names.same(f"{text} {particles} {family_text}", name.text)
        if verdict.score >= names.STRONG and verdict.score > best[0]:
            best = (verdict.score, verdict.code, Span(begin, end))
    return best


def _given_like(token: Token, initials: set[str]) -> bool:
    """Could this word be one of the given names (or their run of initials)?"""
    word = token.word.s
    return (not token.year and word[:1] in initials and word not in STOP_WORDS) or (
        len(word) == 1 and word in initials
    )
