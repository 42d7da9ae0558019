"""Which segment is the author, which the title, which the series (judgement.md 4, 12 and 15)."""

import re
from collections.abc import Sequence

import msgspec

from bindery.domain import names
from bindery.domain.numbers import MARKERS
from bindery.domain.release_segments import Segment, looks_like_name
from bindery.domain.release_tables import CONNECTIVES
from bindery.domain.release_tags import Facts, number
from bindery.domain.text import fold
from bindery.domain.title_parts import series_key

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BY = re.compile(r"(?:\A|\s)by\s", re.IGNORECASE)
_END_NUMBER = re.compile(r"(.{2,120}?)[\s,]+(?:(\w{1,6}\.?)[\s]+)?#?(\d{1,3}(?:\.\d{1,2})?)\Z")
_BEGIN_NUMBER = re.compile(r"(\w{1,6}\.?)\s+#?(\d{1,3}(?:\.\d{1,2})?)[\s:,.]+(.+)\Z")
_ONLY_NUMBER = re.compile(r"#?(\d{1,3}(?:\.\d{1,2})?)\Z")
_LIST = re.compile(r"[,;&+/|()\[\]]|\b(?:and|und|et|y|e|og|och|en|i|with|by|aka)\b", re.IGNORECASE)
_FOLGE = re.compile(r"F(\d{1,3})(?:\s+(.+))?\Z")
_DISCOGRAPHY = re.compile(
    r"(.*?)[\s-]*\b(?:studio |complete )?(?:discography|discographie|discografia|discografía)\b.*",
    re.IGNORECASE,
)
_MARKED_ONLY = re.compile(r"(\w{1,6}\.?)\s*#?(\d{1,3}(?:\.\d{1,2})?)\Z")


class Reading(msgspec.Struct, frozen=True):
    """Authors and title; ``structured`` = a separator or `by` told them apart."""

    authors: tuple[str, ...] = ()
    title: str = ""
    structured: bool = False


def read(
    segments: Sequence[Segment],
    facts: Facts,
    known_authors: Sequence[str],
    known_series: Sequence[str],
    *,
    audio: bool,
    music: bool = False,
) -> Reading:
    """First reading that holds. Series and position found on the way go to ``facts``.

    ``music``: the name is a recording's, where the artist stands first whatever it is called.
    """
    texts = _doubled([segment.text for segment in segments])
    if not texts:
        return Reading()
    if music:
        return _recording(texts, known_authors, doubled=len(segments) > len(texts))
    known = {series_key(name) for name in known_series}
    radio_play = texts[0]
    texts = _series(texts, facts, known)
    if not texts:
        return Reading()
    if len(texts) == 1 and texts[0] != radio_play and facts.series == radio_play:
        return Reading((radio_play,), texts[0], True)
    if len(texts) == 1 < len(segments) and _is_known(texts[0], known_authors):
        return Reading((texts[0],), texts[0], True)  # named after its author
    year = segments[-1].year
    if len(texts) == 1 and year and (name := _is_known(texts[0], known_authors)):
        facts.year = None
        return Reading((name,), year, False)  # `George Orwell 1984`: all the title there is
    reading = _known_author(texts, known_authors)
    if reading is None and len(texts) > 1:
        reading = _by_names(texts, facts, known, audio=audio)
    if reading is None and len(texts) == 1 and facts.position_end and looks_like_name(texts[0]):
        return Reading((texts[0],), "", True)
    if reading is None:
        reading = _single(texts[0], known_authors) if len(texts) == 1 else _fallback(texts)
        if len(texts) == 1 and year and not reading.authors and known_authors:
            # `Orwell.1984.epub`: what looked like the year is all the title there is.
            alone = _single(f"{texts[0]} {year}", known_authors)
            if alone.title == year:
                reading, facts.year = alone, None
    return _title_number(reading, facts)


def _recording(texts: list[str], known: Sequence[str], *, doubled: bool) -> Reading:
    """Artist first; a discography is called one in every language. ``doubled``: a name stood there
    twice, so that it is the artist's and the recording's.
    """
    for index, text in enumerate(texts):
        found = _DISCOGRAPHY.match(text)
        if found:
            artist = " ".join(texts[:index]) or found[1].strip()
            return Reading((artist,) if artist else (), "Discography", True)
    if len(texts) == 1:
        return Reading((texts[0],), texts[0], True) if doubled else _single(texts[0], known)
    return Reading((texts[0],), _title_of(texts[1:]), True)


def _doubled(texts: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    for text in texts:
        seen.setdefault(fold(text), text)
    return list(seen.values())


def _position(found_series: str, value: str, facts: Facts) -> None:
    if not facts.position:
        facts.position = number(value)
        facts.series = facts.series or found_series.strip(" ,#-")


def _series(texts: list[str], facts: Facts, known: set[str]) -> list[str]:
    """Take series segments (`S NN`, `S, Bk N`, `NN`, `Folge N T`) out of the list."""
    out: list[str] = []
    count = len(texts)
    for index, text in enumerate(texts):
        last = index == count - 1
        folge = _FOLGE.match(text) if index else None
        if folge:
            first = out.pop() if len(out) == 1 and folge[2] else ""
            _position(first, folge[1], facts)
            if folge[2]:
                out.append(folge[2])
            continue
        lonely = _ONLY_NUMBER.match(text)
        marked = _MARKED_ONLY.match(text)
        if lonely and not last:
            _position("", lonely[1], facts)
            if index and len(out) > 1 and not facts.series:
                facts.series = out.pop()
            continue
        if marked and fold(marked[1]) in MARKERS and count > 1:
            _position("", marked[2], facts)
            continue
        begin = _BEGIN_NUMBER.match(text)
        if begin and fold(begin[1]) in MARKERS and index:
            _position(
                out.pop() if len(out) == 1 and not looks_like_name(out[0]) else "", begin[2], facts
            )
            out.append(begin[3])
            continue
        end = _END_NUMBER.match(text)
        if end and not last and _is_series(end, texts, index, known):
            marker = fold(end[2] or "") in MARKERS
            name = end[1] if marker or not end[2] else f"{end[1]} {end[2]}"
            _position(name, end[3], facts)
            continue
        out.append(text)
    return out or texts[-1:]


def _is_series(end: re.Match[str], texts: list[str], index: int, known: set[str]) -> bool:
    """Does `S 07` in the middle of a name mean a series and not a title?"""
    if fold(end[2] or "") in MARKERS or (len(end[3]) == 2 and end[3][0] == "0") or "." in end[3]:
        return True
    if len(texts) >= 3 and index > 0:
        return True
    if series_key(end[1]) in known or index + 2 < len(texts):
        return True
    return not looks_like_name(texts[index + 1])


def _people(text: str) -> tuple[str, ...]:
    return names.parse_list(text).names or (text,)


def _plain(text: str) -> str:
    """`Tan, Amy` -> `Amy Tan`."""
    last, comma, first = text.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() else text


def _is_known(text: str, known: Sequence[str]) -> str:
    for name in known:
        if names.same(text, name).score >= names.STRONG:
            return name
    return ""


def _known_author(texts: list[str], known: Sequence[str]) -> Reading | None:
    if not known:
        return None
    if len(texts) == 1:
        single = _single(texts[0], known)
        if single.authors and single.title:
            return single
    for index, text in enumerate(texts):
        for person in (text, *_people(text)):
            name = _is_known(person, known)
            if name:
                rest = [t for at, t in enumerate(texts) if at != index]
                return Reading((name,), _title_of(rest), bool(rest))
    return None


def _title_of(rest: Sequence[str]) -> str:
    return rest[-1] if len(rest) == 1 else " - ".join(rest)


def _by(text: str) -> tuple[str, str] | None:
    """(title, author) around the last `by` with a name behind it."""
    cuts = list(_BY.finditer(text))
    for found in reversed(cuts):
        title, author = text[: found.start()].strip(), text[found.end() :].strip()
        people = names.parse_list(author).names
        corporate = names.parse(author).corporate
        if title and people and (corporate or all(_name_or_single(p) for p in people[:1])):
            return title, author
    return None


def _name_or_single(text: str) -> bool:
    """A full name, or one word as pen names are (never a stop word)."""
    if looks_like_name(text) or text.isupper():
        return True
    one = len(text.split()) == 1 and text.isalpha() and fold(text) not in CONNECTIVES
    return one and len(text) >= (3 if text[:1].isupper() else 5)


def _by_names(texts: list[str], facts: Facts, known: set[str], *, audio: bool) -> Reading | None:
    texts = list(texts)
    joined = _by(texts[-1])
    if joined and len(texts) >= 1:
        title = _title_of([*texts[:-1], joined[0]])
        return Reading(_people(joined[1]), title, True)
    for index in (0, len(texts) - 1):
        if "," in texts[index] and looks_like_name(texts[index]):
            rest = [t for at, t in enumerate(texts) if at != index]
            return Reading(tuple(_plain(n) for n in _people(texts[index])), _title_of(rest), True)
    person = [bool(_name_segment(t, known)) for t in texts]
    if facts.title_first and len(texts) == 2 and person[1]:
        return Reading(_people(texts[1]), texts[0], True)
    if person[0]:
        if audio and len(texts) >= 3 and person[-1] and not facts.narrators:
            facts.narrators.append(texts.pop())
        return Reading(_people(texts[0]), _title_of(texts[1:]), True)
    if person[-1]:
        return Reading(_people(texts[-1]), _title_of(texts[:-1]), True)
    return None


def _name_segment(text: str, known: set[str]) -> bool:
    if any(c.isdecimal() for c in text) or (known and series_key(text) in known):
        return False
    if _LIST.search(text) is None:
        return looks_like_name(text)
    people = names.parse_list(text).names
    return bool(people) and all(looks_like_name(person) for person in people)


def _single(text: str, known: Sequence[str]) -> Reading:
    joined = _by(text)
    if joined:
        return Reading(_people(joined[1]), joined[0], True)
    spread = _CAMEL.sub(" ", text) if " " not in text else text
    for name in known:
        found = _at_end(spread, name)
        if found:
            return Reading((name,), found, False)
    return Reading((), text, False)


def _at_end(text: str, name: str) -> str:
    """The title when ``name`` stands at one end of ``text``."""
    tokens = text.split()
    size = len(names.parse(name).given) + len(names.parse(name).family)
    for length in range(min(size + 2, len(tokens) - 1), 0, -1):
        for head, tail in (
            (tokens[:length], tokens[length:]),
            (tokens[-length:], tokens[:-length]),
        ):
            verdict = names.same(" ".join(head), name)
            if verdict.score >= names.STRONG or (length == 1 and verdict.code == "surname"):
                return " ".join(tail)
    return ""


def _fallback(texts: list[str]) -> Reading:
    """No name anywhere: author - title, when the first piece could be a person at all."""
    first = texts[0]
    if len(first) <= 8 and " " not in first and not fold(first).isascii():
        return Reading((first,), _title_of(texts[1:]), False)  # scripts without capitals
    if (
        1 <= len(first.split()) <= 3
        and first[:1].isupper()
        and not any(c.isdecimal() for c in first)
    ):
        return Reading((first,), _title_of(texts[1:]), False)
    return Reading((), _title_of(texts), False)


def _title_number(reading: Reading, facts: Facts) -> Reading:
    """`Isprinsessan Bd. 1`: a marked number at the end of the title is the position."""
    found = _END_NUMBER.match(reading.title)
    if found and found[2] and fold(found[2]) in MARKERS and not facts.position:
        _position("", found[3], facts)
        return Reading(reading.authors, found[1].strip(" ,-"), reading.structured)
    return reading
