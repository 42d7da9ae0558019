"""Brackets of a release name: tags, series, people and asides leave, titles stay (judgement.md 4,
steps 5, 7-9, 11 and 12).
"""

import re

from bindery.domain.numbers import MARKERS
from bindery.domain.release_tables import (
    COUNTED_WORDS,
    EDITION_WORDS,
    NARRATOR_MARKS,
    NATIVE_BOOK_WORDS,
    ZONE_WORDS,
)
from bindery.domain.release_tags import (
    MONTHS,
    VERSION,
    YEAR,
    Facts,
    number,
    read_language,
    read_tag,
)
from bindery.domain.text import fold

_BRACKETS = re.compile(r"\[([^\[\]]{0,200})\]|\(([^()]{0,200})\)|\{([^{}]{0,200})\}")
_SITE = re.compile(r"(?:www\.)?[\w-]{2,30}\.(?:com|net|org|info|to|me|io)\Z", re.IGNORECASE)
_RECORDING = re.compile(
    r"(?<![A-Za-z])(?:m4b|mp3|m4a|audiobook|unabridged)(?![A-Za-z])", re.IGNORECASE
)
_EMPTY_FIELD = re.compile(r"-[ ]+-(?=[ ]|[^ ])")
_SPLIT = re.compile(r"[\s/+,|;&]+")
_RANGE = re.compile(r"#?(\d{1,3}(?:\.\d)?)\s?(?:-|–|to|bis)\s?#?(\d{1,3}(?:\.\d)?)\Z")
_NUMBERED = re.compile(r"(.{2,120}?)[\s,.-]*#?\s?(\d{1,3}(?:\.\d{1,2})?)\Z", re.DOTALL)


def _person(text: str) -> bool:
    found = text.split()
    plain = all(word[:1].isupper() and word.replace(".", "").isalpha() for word in found)
    return 2 <= len(found) <= 3 and plain and EDITION_WORDS.isdisjoint(fold(text).split(" "))


def take_brackets(text: str, facts: Facts) -> str:
    """Steps 5, 7-9, 11, 12 inside brackets: tags leave, titles stay."""
    outside = _BRACKETS.sub(" ", text)
    parted = " - " in outside or " by " in outside
    facts.credits = parted and bool(facts.audio or _RECORDING.search(text))
    for _ in range(3):
        replaced = _BRACKETS.sub(lambda found: _bracket(found, facts), text)
        if replaced == text:
            break
        text = replaced
    return _EMPTY_FIELD.sub("-", text)


def _bracket(found: re.Match[str], facts: Facts) -> str:
    """What stays in the place of one bracket."""
    square = found[1] is not None
    inner = (found[1] or found[2] or found[3] or "").strip().replace("_", " ")
    if not inner or (inner.isdecimal() and not YEAR.match(inner) and not square):
        return " "
    if (
        _narrator(inner, facts, curly=found[3] is not None, square=square)
        or _dated(inner, facts)
        or _tags(inner, facts)
        or _series_bracket(inner, facts, square=square)
    ):
        return " "
    facts.notes.append(inner)
    if square or _is_aside(inner):
        return " "
    return f" \x02{inner}\x03 "


def _narrator(inner: str, facts: Facts, *, curly: bool, square: bool) -> bool:
    """`{X}`, `(read by X)`, and `(X)` of a recording whose author stands outside."""
    name = ""
    for mark in NARRATOR_MARKS:
        if inner.casefold().startswith(mark + " "):
            name = inner[len(mark) :].strip()
    if curly and not name and " " in inner and not any(c.isdecimal() for c in inner):
        name = inner
    if not name and not square and facts.credits and _person(inner):
        name = inner
    if name:
        facts.narrators.append(name)
        facts.audio = True
    return bool(name) or curly


def _dated(inner: str, facts: Facts) -> bool:
    """`(2019)`, `(June 2012)`."""
    month, _, last = inner.rpartition(" ")
    if not YEAR.match(last) or (month and fold(month) not in MONTHS):
        return False
    if month or facts.year is None or not facts.year_open:
        facts.year = int(last)
    return True


def _tags(inner: str, facts: Facts) -> bool:
    """`[ENG / EPUB MOBI]`, `(v5.0)`: nothing but tags."""
    version = VERSION.match(inner.casefold())
    if version:
        facts.revision = max(facts.revision, min(int(version[1]), 99))
        return True
    tokens = [t for t in _SPLIT.split(inner.replace(".", " ").replace("-", " ")) if t]
    spoken = len(facts.languages)
    if not all(_bracket_token(token, facts) for token in tokens):
        # A short word is no language where the bracket says more (`(tr. Max Muster)`).
        del facts.languages[spoken:]
        return False
    facts.tagged = True
    return True


def _named(text: str) -> bool:
    """Could this be the name of a series in round brackets (`Harry Hole 7`, never `Windows 10`)?"""
    found = fold(text).split(" ")
    return text[:1].isupper() and found[-1].isalpha() and COUNTED_WORDS.isdisjoint(found)


def _is_aside(inner: str) -> bool:
    """Said about the release and no part of a title: an edition, a site, guests, counts."""
    folded = fold(inner).split(" ")
    if _SITE.match(inner) or folded[0] in ("feat", "ft", "featuring", "image"):
        return True
    return bool(EDITION_WORDS.intersection(folded)) and len(folded) <= 6


def _bracket_token(token: str, facts: Facts) -> bool:
    if read_tag(token, facts, bracketed=True) or read_language(token, facts, bracketed=True):
        return True
    if YEAR.match(token):
        facts.year = facts.year or int(token)
        return True
    return token.casefold() in ZONE_WORDS or token.casefold() in (
        "-",
        "tags",
        "us",
        "uk",
        "missing",
        "only",
        "new",
        "hq",
        "web",
        "fully",
    )


def _series_bracket(inner: str, facts: Facts, *, square: bool) -> bool:
    """`[S NN]`, `(S, Book N)`, `(S #N)`, `(deel 2)`, `[S 01-04]`."""
    spaced = re.sub(r"(?<=[^\W\d])\.|\.(?=[^\W\d])", " ", inner)
    ranged = re.search(r"(?:\A|[\s,#])(\d{1,3}(?:\.\d)?\s?[-–]\s?\d{1,3}(?:\.\d)?)\Z", spaced)
    if ranged:
        ends = _RANGE.match(ranged[1])
        if ends and float(ends[1]) < float(ends[2]):
            facts.series = facts.series or spaced[: ranged.start()].strip(" ,#")
            facts.position, facts.position_end = number(ends[1]), number(ends[2])
            return True
    found = _NUMBERED.match(spaced)
    if not found:
        return False
    name, value = found[1].strip(" ,#-"), found[2]
    last = fold(name).split(" ")[-1]
    marked = last in MARKERS or "#" in spaced
    if last in MONTHS or (not marked and (float(value) > 99 or (not square and not _named(name)))):
        return False
    if last in MARKERS:
        facts.inferred = facts.inferred or NATIVE_BOOK_WORDS.get(last, "")
        name = " ".join(name.split()[:-1]).strip(" ,-")
    if not facts.position:
        facts.series, facts.position = facts.series or name, number(value)
    return True
