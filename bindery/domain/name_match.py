"""Are two names one person? The score table of judgement.md 2."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from bindery.domain.name_parse import Name, NameVerdict, parse
from bindery.domain.name_tables import NICKNAMES
from bindery.domain.text import Word

_ALONE: frozenset[int] = frozenset()
_GROUPS: dict[str, frozenset[int]] = {}
for _at, _group in enumerate(NICKNAMES):
    for _name in _group:
        _GROUPS[_name] = _GROUPS.get(_name, _ALONE) | {_at}
_NONE = NameVerdict(0.0, "none", "none")


def _verdict(score: float, code: str) -> NameVerdict:
    band = "exact" if score >= 0.95 else "strong" if score >= 0.9 else "weak"
    return NameVerdict(score, band if score > 0.5 else "none", code)


def _meet(a: Word, b: Word) -> bool:
    if a.n and b.n:
        return a.n == b.n
    return a.s == b.s or b.e in (a.e, a.s) or a.e == b.s


def _families_equal(a: Name, b: Name) -> bool:
    if a.family and b.family and not a.latin and not b.latin:
        return [w.n for w in a.family] == [w.n for w in b.family]
    return not a.keys.isdisjoint(b.keys)


def _givens(a: Sequence[Word], b: Sequence[Word]) -> str:
    """Equal | middle | initials | nickname | typo | conflict, for two lists of given names."""
    if not a or not b:
        return "missing"
    if len(a) == len(b) and all(_meet(x, y) for x, y in zip(a, b, strict=True)):
        return "equal"
    if "".join(w.s for w in a) == "".join(w.s for w in b):
        return "equal"
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if _subsequence(short, long, _meet) and _meet(short[0], long[0]):
        return "middle"
    if _subsequence(short, long, _fits):
        return "initials"
    if _subsequence(short, long, _nick):
        return "nickname"
    first, second = short[0].s, long[0].s
    if (
        min(len(first), len(second)) >= 5
        and OSA.distance(first, second, score_cutoff=1) <= 1
        and (len(short) == 1 or _subsequence(short[1:], long[1:], _fits))
    ):
        return "typo"
    return "conflict"


def _subsequence(
    short: Sequence[Word], long: Sequence[Word], same: Callable[[Word, Word], bool]
) -> bool:
    if not short:
        return True
    if not same(short[0], long[0]):
        return False
    rest = iter(long[1:])
    return all(any(same(word, other) for other in rest) for word in short[1:])


def _fits(a: Word, b: Word) -> bool:
    if _meet(a, b):
        return True
    return (len(a.s) == 1 and b.s.startswith(a.s)) or (len(b.s) == 1 and a.s.startswith(b.s))


def _nick(a: Word, b: Word) -> bool:
    return _fits(a, b) or not _GROUPS.get(a.s, _ALONE).isdisjoint(_GROUPS.get(b.s, _ALONE))


def _rotated_equal(a: Name, b: Name) -> bool:
    x, y = a.tokens, b.tokens
    if len(x) != len(y) and a.latin and b.latin:
        return False
    native = all(w.n for w in x) and all(w.n for w in y)
    if native or (x and y and all(w.n for w in x[:1] + y[:1])):
        return "".join(w.n for w in x) == "".join(w.n for w in y)
    return (
        len(x) == len(y) > 1
        and not any(len(w.s) == 1 for w in x)
        and any(
            all(_meet(p, q) for p, q in zip(x[k:] + x[:k], y, strict=True)) for k in range(len(x))
        )
    )


def romanised(key: str) -> str:
    """Spelling differences between transcription systems: j y -> i, w -> v, doubles once."""
    out = ""
    for char in key.translate(str.maketrans("jyw", "iiv")):
        if not out.endswith(char):
            out += char
    return out


def _edit_equal(a: str, b: str) -> bool:
    shorter = min(len(a), len(b))
    if shorter < 7:
        return False
    limit = 2 if shorter >= 10 else 1
    return OSA.distance(a, b, score_cutoff=limit) <= limit


def _family_nearly(a: Name, b: Name) -> str:
    keys_a, keys_b = sorted(a.keys), sorted(b.keys)
    if any(_edit_equal(x, y) for x in keys_a for y in keys_b):
        return "family-typo"
    roman = [(romanised(x), romanised(y)) for x in keys_a for y in keys_b]
    alike = any((x == y and len(x) >= 4) or _edit_equal(x, y) for x, y in roman)
    return "romanised" if alike else ""


def _given_romanised(a: Name, b: Name) -> bool:
    x, y = [romanised(w.s) for w in a.given], [romanised(w.s) for w in b.given]
    if x == y:
        return True
    return bool(x and y) and _givens(a.given, b.given) in ("initials", "nickname", "middle")


def same(a: str, b: str) -> NameVerdict:
    """Compare two names; symmetric. >= .95 exact, >= .90 strong, >= .60 weak, else none."""
    return _same(a[:400], b[:400])


@lru_cache(maxsize=8192)  # what is kept costs pauses of the collector
def _same(a: str, b: str) -> NameVerdict:
    return same_names(parse(a), parse(b))


def same_names(a: Name, b: Name) -> NameVerdict:
    """As `same`, for names already parsed."""
    if a.nobody or b.nobody:
        return _NONE
    if a.corporate or b.corporate:
        equal = [w.s for w in a.family] == [w.s for w in b.tokens]
        return _verdict(1.0, "equal") if equal or a.tokens == b.tokens else _NONE
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return NameVerdict(0.3, "none", "suffix")
    if _rotated_equal(a, b):
        return _verdict(1.0, "equal")
    if _families_equal(a, b):
        return _given_verdict(a, b)
    near = _family_nearly(a, b)
    if near:
        kind = _givens(a.given, b.given)
        if kind in ("equal", "initials", "middle", "nickname") and a.latin and b.latin:
            return _verdict(0.9, near)
        if near == "romanised" and _given_romanised(a, b):
            return _verdict(0.9, "romanised")
    return _similar(a, b)


def _given_verdict(a: Name, b: Name) -> NameVerdict:
    kind = _givens(a.given, b.given)
    cross = a.latin != b.latin
    if kind in ("equal", "middle", "initials", "nickname"):
        score = {"equal": 1.0, "middle": 0.95, "initials": 0.92, "nickname": 0.9}[kind]
        if cross and kind == "nickname":
            return _verdict(0.7, "surname")
        return _verdict(score, kind)
    if kind == "missing":
        if not a.given and not b.given:
            return _verdict(1.0, "equal")
        return _verdict(0.7, "surname")
    if cross:
        return _verdict(0.7, "surname")
    if kind == "typo":
        return _verdict(0.75, "given-typo")
    similar = _similar(a, b)
    return similar if similar.score else NameVerdict(0.2, "none", "given")


def _similar(a: Name, b: Name) -> NameVerdict:
    if a.given and b.given and JaroWinkler.similarity(a.line, b.line) >= 0.88:
        conflict = _families_equal(a, b) and _initials_conflict(a, b)
        return NameVerdict(0.2, "none", "given") if conflict else _verdict(0.6, "similar")
    return _NONE


def _initials_conflict(a: Name, b: Name) -> bool:
    pairs = zip(a.given, b.given, strict=False)
    return any(not _fits(x, y) and x.s[:1] != y.s[:1] for x, y in pairs)
