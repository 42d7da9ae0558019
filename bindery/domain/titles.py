"""Title identity: which titles of one author are one work (judgement.md 3)."""

from collections.abc import Iterable, Sequence

import msgspec
from rapidfuzz.distance import OSA

from bindery.domain.numbers import equal, same_word
from bindery.domain.text import ALL_ARTICLES, Word, fold
from bindery.domain.title_parts import TitleParts, parse, same_position, series_key

__all__ = (
    "TitleParts",
    "TitleVerdict",
    "compare",
    "dedup_key",
    "main_key",
    "merges",
    "parse",
    "same_position",
    "series_key",
)

STOP_WORDS = frozenset("the a an and or of in to by for with at from is it as on be".split())


class TitleVerdict(msgspec.Struct, frozen=True):
    """``verdict`` same|variant|volume|container|different, ``code`` the rule that decided."""

    verdict: str
    code: str


def dedup_key(title: str) -> str:
    """Index key: every word of the title without bracket groups that are edition noise."""
    return " ".join(word.s for word in parse(title).whole)


def main_key(title: str) -> str:
    """Index key of the main title (before the subtitle, volume number kept out)."""
    return " ".join(word.s for word in parse(title).main)


def compare(a: str, b: str, known_series: Iterable[str] = ()) -> TitleVerdict:
    """Compare two titles of one author. Symmetric; the first rule that fits decides."""
    return _decide(parse(a), parse(b), frozenset(series_key(name) for name in known_series))


def merges(
    verdict: TitleVerdict,
    *,
    same_series_position: bool = False,
    shared_id: bool = False,
    years: tuple[int | None, int | None] = (None, None),
    rival_is_same: bool = False,
) -> bool:
    """May two rows become one? `same` always; `variant` only with corroboration."""
    if verdict.verdict == "same":
        return True
    if verdict.verdict != "variant" or rival_is_same:
        return False
    first, second = years
    near = first is not None and second is not None and abs(first - second) <= 1
    return same_series_position or shared_id or near


def _decide(a: TitleParts, b: TitleParts, series: frozenset[str]) -> TitleVerdict:
    if not a.whole or not b.whole:
        return TitleVerdict("different", "blank")
    if a.container != b.container:
        return TitleVerdict("container", "omnibus")
    volumes = a.volume is not None and b.volume is not None
    if volumes and not same_position(a.volume, b.volume) and equal(a.main, b.main):
        return TitleVerdict("volume", "number-differs")
    if equal(a.whole, b.whole):
        return TitleVerdict("same", _plain_code(a, b))
    full = equal(a.full, b.full)
    bare = full or _equal_but_article(a.full, b.full)
    if bare:
        return _same_words(a, b, full)
    mains = equal(a.main, b.main) or _equal_but_article(a.main, b.main)
    if mains and a.rest and b.rest:
        return _two_subtitles(a, b)
    if mains and (a.rest or b.rest):
        short = b if a.rest else a
        if series_key(short.main_text) in series:
            return TitleVerdict("different", "series-name")
        return TitleVerdict("variant", "subtitle-missing")
    return _subtitle_is_title(a, b, series) or _by_words(a, b)


def _plain_code(a: TitleParts, b: TitleParts) -> str:
    if a.noise != b.noise:
        return "edition-noise"
    if a.series_note != b.series_note and fold(a.text) != fold(b.text):
        return "series-note"
    return "equal"


def _same_words(a: TitleParts, b: TitleParts, full: bool) -> TitleVerdict:
    if (a.volume is None) != (b.volume is None):
        numbered = a if a.volume is not None else b
        if numbered.series_note:
            return TitleVerdict("same", "series-note")
        if numbered.part:
            return TitleVerdict("volume", "part-of")
        if numbered.volume != 1:
            return TitleVerdict("volume", "number-missing")
        return TitleVerdict("variant", "number-missing")
    if not full:
        return TitleVerdict("same", "article")
    if a.generic != b.generic:
        return TitleVerdict("same", "generic-subtitle")
    if a.series_note != b.series_note:
        return TitleVerdict("same", "series-note")
    return TitleVerdict("same", "edition-noise" if a.noise != b.noise else "equal")


def _equal_but_article(a: Sequence[Word], b: Sequence[Word]) -> bool:
    """One side may miss its leading article; two different articles differ."""
    lead_a = bool(a) and a[0].s in ALL_ARTICLES and len(a) > 1
    lead_b = bool(b) and b[0].s in ALL_ARTICLES and len(b) > 1
    if lead_a == lead_b:
        return False
    return equal(a[1:], b) if lead_a else equal(a, b[1:])


def _two_subtitles(a: TitleParts, b: TitleParts) -> TitleVerdict:
    short, long = (a.rest, b.rest) if len(a.rest) <= len(b.rest) else (b.rest, a.rest)
    if equal(short, long[: len(short)]) or equal(short, long[-len(short) :]):
        return TitleVerdict("variant", "subtitle-longer")
    if _one_typo(a.rest, b.rest):
        return TitleVerdict("variant", "fuzzy")
    return TitleVerdict("different", "subtitle-differs")


def _subtitle_is_title(a: TitleParts, b: TitleParts, series: frozenset[str]) -> TitleVerdict | None:
    for short, long in ((a, b), (b, a)):
        if not short.rest and long.rest and equal(short.main, long.rest):
            if series_key(long.main_text) in series:
                return TitleVerdict("same", "series-prefix")
            return TitleVerdict("variant", "subtitle-is-title")
    return None


def _by_words(a: TitleParts, b: TitleParts) -> TitleVerdict:
    words_a = [w for w in a.whole if w.value is None]
    words_b = [w for w in b.whole if w.value is None]
    numbers = len(words_a) < len(a.whole) or len(words_b) < len(b.whole)
    if numbers and words_a and equal(words_a, words_b):
        return TitleVerdict("volume", "number-differs")
    if _spaceless(a.whole, b.whole) or _one_typo(a.whole, b.whole):
        return TitleVerdict("variant", "fuzzy")
    if contains(a.whole, b.whole) or contains(b.whole, a.whole):
        return TitleVerdict("different", "extra-words")
    return TitleVerdict("different", "words-differ")


def _spaceless(a: Sequence[Word], b: Sequence[Word]) -> bool:
    if any(w.n for w in (*a, *b)):
        return False
    x, y = "".join(w.s for w in a), "".join(w.s for w in b)
    return x == y or "".join(w.e for w in a) == "".join(w.e for w in b)


def typo(a: Word, b: Word) -> bool:
    """One word of five or more letters one edit apart (eight or more: two), not a plural."""
    if a.value is not None or b.value is not None or (a.n and b.n):
        return False
    x, y = a.s, b.s
    shorter = min(len(x), len(y))
    if shorter < 5 or x[0] != y[0] or x in STOP_WORDS or y in STOP_WORDS:
        return False
    if x[:-1] == y[:-1] or x + "s" == y or y + "s" == x or x[:-1] == y or y[:-1] == x:
        return False
    if x + "es" == y or y + "es" == x:
        return False
    limit = 2 if shorter >= 8 else 1
    return OSA.distance(x, y, score_cutoff=limit) <= limit


def _one_typo(a: Sequence[Word], b: Sequence[Word]) -> bool:
    if len(a) != len(b):
        return False
    wrong = [(x, y) for x, y in zip(a, b, strict=True) if not same_word(x, y)]
    return len(wrong) == 1 and typo(*wrong[0])


def contains(long: Sequence[Word], short: Sequence[Word]) -> bool:
    """Does ``long`` hold the words of ``short`` in a row?"""
    size = len(short)
    if not size or size >= len(long):
        return False
    first = short[0]
    return any(
        same_word(long[at], first)
        and all(same_word(x, y) for x, y in zip(long[at : at + size], short, strict=True))
        for at in range(len(long) - size + 1)
    )
