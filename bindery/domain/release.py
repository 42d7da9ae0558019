"""Read a release name: what it claims to be (judgement.md 4)."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from bindery.domain import languages
from bindery.domain.release_brackets import take_brackets
from bindery.domain.release_marks import is_obfuscated, other_media, unwrap
from bindery.domain.release_reading import Reading, read
from bindery.domain.release_segments import Segment, cut
from bindery.domain.release_tables import (
    AUDIO_FORMATS,
    DERIVATIVE_BEGINNINGS,
    DERIVATIVE_PHRASES,
    EBOOK_FORMATS,
    NATIVE_BOOK_WORDS,
    SAMPLE,
)
from bindery.domain.release_tags import (
    Facts,
    join_pairs,
    take_group,
    take_numbers,
    take_year_field,
)
from bindery.domain.text import fold
from bindery.domain.title_parts import is_container


class ParsedRelease(msgspec.Struct, frozen=True, kw_only=True):
    """What a release name says. Unknown = empty or None.

    ``kind`` is book, pack, derivative, sample, junk, obfuscated, bare or another medium (video,
    comic, magazine, music, software, game, other). ``media`` is ebook, audiobook or ''. Position
    is canonical text (`7`, `1.5`); ``position_end`` closes the range of a pack. ``part`` of
    ``parts`` is a posting counter. ``bitrate`` is kbit/s. ``segments`` are the title-bearing
    pieces that matching searches, tags removed.
    """

    raw: str
    text: str = ""
    authors: tuple[str, ...] = ()
    title: str = ""
    series: str = ""
    position: str = ""
    position_end: str = ""
    year: int | None = None
    languages: tuple[str, ...] = ()
    inferred_language: str = ""
    formats: tuple[str, ...] = ()
    format: str = ""
    media: str = ""
    bitrate: int | None = None
    narrators: tuple[str, ...] = ()
    group: str = ""
    retail: bool = False
    abridged: bool | None = None
    dramatised: bool = False
    revision: int = 1
    isbn: str = ""
    asin: str = ""
    vip: bool = False
    kind: str = "book"
    part: int = 0
    parts: int = 0
    tagged: bool = False
    structured: bool = False
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()


_PACK = re.compile(
    r"\b(?:books? ?\d+ (?:to )?\d+|\d+ books?|collection|complete series|omnibus|box ?set|bundle|"
    r"trilogy|trilogie|tetralogy|quartet|gesamtausgabe|sammelband|schuber|integrale|anthology set|"
    r"complete works|series collection|vol(?:ume)?s? \d+ (?:to )?\d+)\b"
)
_NEVER_TITLES = frozenset(("complete works", "complete series", "series collection"))
_ORDER = (*EBOOK_FORMATS, *AUDIO_FORMATS)
_RANGE_IN_SEGMENT = re.compile(r"(?:\A|\s)(\d{1,3})\s?-\s?(\d{1,3})(?=\s|\Z)")


def parse(
    title: str,
    *,
    categories: Iterable[int] = (),
    known_authors: Iterable[str] = (),
    known_series: Iterable[str] = (),
) -> ParsedRelease:
    """Parse one release name. Never raises, linear in its length (only 1,000 characters count).

    ``known_authors`` and ``known_series`` (wanted, catalogue) settle readings the name leaves open.
    """
    return _parse(title[:1000], tuple(categories), tuple(known_authors), tuple(known_series))


@lru_cache(maxsize=4096)
def _parse(
    title: str,
    categories: tuple[int, ...],
    known_authors: tuple[str, ...],
    known_series: tuple[str, ...],
) -> ParsedRelease:
    outside = unwrap(title)
    text = outside.text
    common = {"raw": title, "text": text, "part": outside.part, "parts": outside.parts}
    if not fold(text) or is_obfuscated(text):
        kind = "junk" if outside.junk else "obfuscated" if text else "bare"
        return ParsedRelease(kind=kind, **common)  # pyright: ignore[reportArgumentType]
    other = "junk" if outside.junk else other_media(text, categories)
    facts = Facts()
    segments = _strip(text, facts, counted=outside.parts > 0)
    pack = _pack(segments, facts)
    music = other == "music" or ("flac" in facts.formats and not facts.audio_word)
    reading = read(
        segments,
        facts,
        known_authors,
        known_series,
        audio=facts.audio,
        music=music and not facts.narrators,
    )
    media, main = _media(facts)
    return ParsedRelease(
        raw=title,
        text=text,
        part=outside.part,
        parts=outside.parts,
        authors=reading.authors,
        title=reading.title,
        series=facts.series,
        position=facts.position,
        position_end=facts.position_end,
        year=facts.year,
        languages=tuple(facts.languages),
        inferred_language="" if facts.languages else _infer(facts, segments),
        formats=tuple(sorted(set(facts.formats), key=_ORDER.index)),
        format=main,
        media=media,
        bitrate=facts.bitrate,
        narrators=tuple(facts.narrators),
        group=facts.group,
        retail=facts.retail,
        abridged=facts.abridged,
        dramatised=facts.dramatised,
        revision=facts.revision,
        isbn=facts.isbn,
        asin=facts.asin,
        vip=facts.vip,
        kind=other or _kind(segments, facts, pack, reading, categories),
        tagged=_tagged(facts),
        structured=reading.structured,
        segments=tuple(segments),
        notes=tuple(facts.notes),
    )


def _strip(text: str, facts: Facts, *, counted: bool) -> list[Segment]:
    """Ids, group, brackets and tail out; the rest cut at its separators."""
    text = take_group(join_pairs(text).strip(), facts)
    text = take_numbers(take_year_field(text, facts), facts)
    text = take_brackets(text, facts)
    segments = cut(text, facts)
    if counted and len(segments) > 2 and segments[-1].text.isdecimal():
        segments.pop()
    return segments


def _tagged(facts: Facts) -> bool:
    return bool(
        facts.tagged
        or facts.formats
        or facts.languages
        or facts.bitrate
        or facts.audio
        or facts.ebook
        or facts.retail
        or facts.isbn
        or facts.asin
        or facts.revision > 1
        or facts.year
    )


def _media(facts: Facts) -> tuple[str, str]:
    """(media, main format): audio when a mark of recordings is there, else the first named."""
    named = sorted(set(facts.formats), key=_ORDER.index)
    audio = [f for f in named if f in AUDIO_FORMATS]
    text = [f for f in named if f in EBOOK_FORMATS]
    marked = facts.abridged is not None or facts.narrators or facts.bitrate or facts.asin
    marked = marked or facts.audio_word
    if audio and text and not marked and set(text) != {"pdf"}:
        return "", text[0]
    if audio:
        return "audiobook", audio[0]
    if text and not marked:
        return "ebook", text[0]
    if facts.audio or facts.asin or facts.narrators:
        return "audiobook", audio[0] if audio else ""
    if text or facts.ebook:
        return "ebook", text[0] if text else ""
    return "", ""


def _pack(segments: list[Segment], facts: Facts) -> bool:
    if facts.position_end:
        return True
    for segment in segments:
        found = _RANGE_IN_SEGMENT.search(segment.text)
        if found and 0 < int(found[2]) - int(found[1]) <= 60 and len(segment.text.split()) > 1:
            if not facts.position:
                facts.series = facts.series or segment.text[: found.start()].strip(" ,#-(")
                facts.position = str(int(found[1]))
            facts.position_end = str(int(found[2]))
            return True
    folded = fold(" / ".join([*(s.text for s in segments), *facts.notes]))
    match = _PACK.search(folded)
    if match and match[0] in _NEVER_TITLES:
        return True
    if match and folded != match[0]:
        return not _leads(segments, match[0])
    return any(is_container(segment.text) for segment in segments)


def _leads(segments: list[Segment], word: str) -> bool:
    """`The Collection` is a title; so is a container word at the very start of a segment."""
    for segment in segments:
        folded = fold(segment.text).removeprefix("the ").removeprefix("die ").removeprefix("a ")
        if folded == word or (folded.startswith(word + " ") and word in ("collection", "omnibus")):
            return True
    return False


def _kind(
    segments: list[Segment],
    facts: Facts,
    pack: bool,
    reading: Reading,
    categories: tuple[int, ...],
) -> str:
    folded = [fold(segment.text) for segment in segments]
    notes = [fold(note) for note in facts.notes]
    for one in folded:
        if _derivative(one) and (len(folded) > 1 or " " in one):
            return "derivative"
        if one.endswith((" summary", " study guide", " workbook")):
            return "derivative"
    if any(phrase in note for note in notes for phrase in DERIVATIVE_PHRASES):
        return "derivative"
    if facts.sample or any(one in SAMPLE for one in folded if len(folded) > 1):
        return "sample"
    if pack:
        return "pack"
    book_category = any(c == 3030 or 7000 <= c <= 8999 for c in categories)
    return "book" if reading.authors or _tagged(facts) or book_category else "bare"


def _derivative(segment: str) -> bool:
    """Does a folded segment begin like a book about a book?"""
    if segment.split(" ", maxsplit=1)[0] not in DERIVATIVE_BEGINNINGS:
        return False
    return any(segment == one or segment.startswith(one + " ") for one in DERIVATIVE_PHRASES)


def _infer(facts: Facts, segments: list[Segment]) -> str:
    if facts.inferred:
        return facts.inferred
    found = [word for segment in segments for word in fold(segment.text).split(" ")]
    native = next((NATIVE_BOOK_WORDS[w] for w in found if w in NATIVE_BOOK_WORDS), "")
    if native:
        return native
    guessed = languages.guess(found)
    if guessed:
        return guessed
    ascii_name = all(segment.text.isascii() for segment in segments)
    return "en" if ascii_name and _tagged(facts) else ""
