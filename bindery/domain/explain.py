"""One line of JSON in, one line with every reason out: what the judgement makes of a name.

The window of `bindery explain`: the same functions that search and import use, on data that a
person (or a measurement) writes by hand. Reading and judging are judgement.md 4 to 6, rendering
is judgement.md 8. Nothing here decides anything of its own, but for one thing: a book whose
language nobody said is compared with a release that names a foreign one as `unsure`, unless the
title itself may be in that language; a running service always knows what its household reads.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from bindery.domain import file_tags, languages, names, naming
from bindery.domain.filename import parse_path
from bindery.domain.matching import judge, said_languages
from bindery.domain.offers import BookFormat
from bindery.domain.release import ParsedRelease, parse
from bindery.domain.release_tables import AUDIO_FORMATS, EBOOK_FORMATS
from bindery.domain.wanted import (
    Evidence,
    FileEvidence,
    Match,
    RivalWork,
    SeriesPlace,
    WantedWork,
)

MAX_LINE = 2_000_000
"""Bytes of one line; only the first 1,000 characters of a name are read anyway."""

_UNSURE_AT_MOST = 0.70
_FORMATS: dict[str, BookFormat] = {
    "ebook": "ebook",
    "book": "ebook",
    "audiobook": "audiobook",
    "audio": "audiobook",
    **dict.fromkeys(EBOOK_FORMATS, "ebook"),
    **dict.fromkeys(AUDIO_FORMATS, "audiobook"),
}


class Work(msgspec.Struct, kw_only=True):
    """A book as a person describes it. Only the title is needed.

    ``author``: one name, several in one text, or a list. ``position``: number or text.
    ``language``: code or name, or a list. ``format``: ebook, audiobook, or a file format.
    ``other_works``: what else the author wrote, so that a release can be one of those instead.
    """

    title: str
    subtitle: str | None = None
    other_titles: list[str] | None = None
    author: str | list[str] | None = None
    series: str | None = None
    position: str | int | float | None = None
    year: int | str | None = None
    language: str | list[str] | None = None
    format: str | None = None
    isbn: str | None = None
    asin: str | None = None
    narrators: list[str] | None = None
    packs_allowed: bool = False
    other_works: "list[Work] | None" = None


class ReleaseLine(msgspec.Struct, kw_only=True):
    """`{"title": ..., "book": {...}}`: a release name, and the book it may be."""

    title: str
    book: Work | None = None
    categories: list[int] | None = None


class FileLine(msgspec.Struct, kw_only=True):
    """`{"path": ..., "tags": {...}}`: a path below its root with `/`, and the file's tags."""

    path: str
    tags: dict[str, Any] | None = None
    book: Work | None = None


class NameLine(msgspec.Struct, kw_only=True):
    """`{"template": ..., "fields": {...}}`: a naming template and its values."""

    template: str = naming.DEFAULT_BOOK
    fields: dict[str, str | int | float | None] = {}


class BadLine(ValueError):
    """A line that is no question: stable ``code``, and what to change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def release(line: bytes) -> bytes:
    """Answer one line of `explain release`: {parsed, match, confidence, code, evidence}."""
    return _answer(line, ReleaseLine, _release)


def file(line: bytes) -> bytes:
    """Answer one line of `explain file`: the same for a path and its tags."""
    return _answer(line, FileLine, _file)


def name(line: bytes) -> bytes:
    """Answer one line of `explain name`: {path}, or {error} with a position in the template."""
    return _answer(line, NameLine, _name)


def _answer(line: bytes, shape: type[Any], work: Callable[[Any], dict[str, Any]]) -> bytes:
    try:
        if len(line) > MAX_LINE:
            raise BadLine("line-too-long", f"more than {MAX_LINE} bytes")
        answer = work(_decoded(line, shape))
    except BadLine as bad:
        answer = {"error": {"code": bad.code, "message": str(bad)}}
    return msgspec.json.encode(answer)


def _decoded(line: bytes, shape: type[Any]) -> Any:
    try:
        return msgspec.json.decode(line.decode("utf-8", "replace"), type=shape)
    except msgspec.ValidationError as error:
        raise BadLine("bad-shape", str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadLine("bad-json", str(error)) from error


def _release(line: ReleaseLine) -> dict[str, Any]:
    wanted = _wanted(line.book)
    known = () if wanted is None else (*wanted.authors, *wanted.aliases)
    parsed = parse(line.title, categories=line.categories or (), known_authors=known)
    spoken = said_languages(wanted, parsed) if wanted else parsed.languages
    return {"parsed": _parsed(parsed), **_matched(line.book, wanted, parsed, spoken)}


def _file(line: FileLine) -> dict[str, Any]:
    wanted = _wanted(line.book)
    known = () if wanted is None else (*wanted.authors, *wanted.aliases)
    read = parse_path(line.path, known_authors=known)
    merged = file_tags.merge([("tags", file_tags.read(line.tags or {})), ("path", read.evidence)])
    found = merged.evidence
    parsed = {
        **_evidence_fields(found),
        "sources": merged.sources,
        "losers": [msgspec.structs.asdict(loser) for loser in merged.losers],
        "subtitle": read.subtitle or None,
        "disc": read.disc or None,
        "track": read.track or None,
        "ignored": read.ignored,
    }
    spoken = (found.language,) if found.language else ()
    return {"parsed": parsed, **_matched(line.book, wanted, found, spoken)}


def _name(line: NameLine) -> dict[str, Any]:
    fields = {key: "" if value is None else str(value) for key, value in line.fields.items()}
    done = naming.render(line.template, fields)
    if isinstance(done, naming.Rendered):
        return {"path": done.path}
    if isinstance(done, naming.TemplateError):
        return {
            "error": {
                "code": done.code,
                "position": done.position,
                "message": f"the template is wrong at character {done.position}: {done.code}",
            }
        }
    return {"error": {"code": done.code, "message": f"cannot be shortened: {done.segment}"}}


def _wanted(book: Work | None) -> WantedWork | None:
    if book is None:
        return None
    place = SeriesPlace(book.series, _text(book.position)) if book.series else None
    return WantedWork(
        title=book.title,
        subtitle=book.subtitle or "",
        other_titles=tuple(book.other_titles or ()),
        authors=_people(book.author),
        series=(place,) if place else (),
        year=_year(book.year),
        language=next(iter(_languages(book)), ""),
        allowed_languages=_languages(book),
        format=_format(book.format),
        isbns=frozenset(filter(None, (book.isbn,))),
        asins=frozenset(filter(None, (book.asin,))),
        narrators=tuple(book.narrators or ()),
        packs_allowed=book.packs_allowed,
    )


def _rival(book: Work) -> RivalWork:
    place = SeriesPlace(book.series, _text(book.position)) if book.series else None
    return RivalWork(
        title=book.title,
        other_titles=tuple(book.other_titles or ()),
        series=(place,) if place else (),
        year=_year(book.year),
        isbns=frozenset(filter(None, (book.isbn,))),
        asins=frozenset(filter(None, (book.asin,))),
    )


def _matched(
    book: Work | None,
    wanted: WantedWork | None,
    found: ParsedRelease | FileEvidence,
    spoken: tuple[str, ...],
) -> dict[str, Any]:
    if book is None or wanted is None:
        return {"match": None, "confidence": None, "code": None, "evidence": []}
    match = judge(wanted, found, [_rival(other) for other in book.other_works or ()])
    match = _language_not_said(wanted, match, spoken)
    return {
        "match": match.verdict,
        "confidence": match.confidence,
        "code": match.code,
        "evidence": [
            {"code": e.code, "wanted": e.wanted, "found": e.found, "weight": e.weight}
            for e in match.evidence
        ],
    }


def _language_not_said(wanted: WantedWork, match: Match, spoken: tuple[str, ...]) -> Match:
    """Nobody said what the household reads: a release in a named language is at most unsure."""
    if match.verdict != "yes" or wanted.allowed_languages or not spoken:
        return match
    if "en" in spoken or languages.may_be_in(wanted.title, spoken):
        return match
    own = languages.guess(wanted.title.casefold().split())
    said = Evidence("language", own, ", ".join(spoken), 0.0)
    return Match(
        "unsure", min(match.confidence, _UNSURE_AT_MOST), (*match.evidence, said), "unsure"
    )


def _parsed(parsed: ParsedRelease) -> dict[str, Any]:
    return {
        "authors": list(parsed.authors),
        "title": parsed.title or None,
        "series": parsed.series or None,
        "position": parsed.position or None,
        "position_end": parsed.position_end or None,
        "year": parsed.year,
        "language": (parsed.languages or (parsed.inferred_language,))[0] or None,
        "languages": list(parsed.languages),
        "language_inferred": not parsed.languages and bool(parsed.inferred_language),
        "format": parsed.format or None,
        "formats": list(parsed.formats),
        "media": parsed.media or None,
        "bitrate": parsed.bitrate,
        "narrators": list(parsed.narrators),
        "abridged": parsed.abridged,
        "dramatised": parsed.dramatised,
        "retail": parsed.retail,
        "revision": parsed.revision,
        "group": parsed.group or None,
        "isbn": parsed.isbn or None,
        "asin": parsed.asin or None,
        "part": parsed.part or None,
        "parts": parsed.parts or None,
        "kind": parsed.kind,
        "notes": list(parsed.notes),
    }


def _evidence_fields(found: FileEvidence) -> dict[str, Any]:
    return {
        "authors": list(found.authors),
        "title": found.title or None,
        "series": found.series or None,
        "position": found.position or None,
        "year": found.year,
        "language": found.language or None,
        "format": found.format or None,
        "formats": [found.format] if found.format else [],
        "media": found.media or None,
        "narrators": list(found.narrators),
        "abridged": found.abridged,
        "publisher": found.publisher or None,
        "isbn": found.isbns[0] if found.isbns else None,
        "asin": found.asin or None,
    }


def _people(said: str | list[str] | None) -> tuple[str, ...]:
    if not said:
        return ()
    if isinstance(said, list):
        return tuple(filter(None, said))
    return tuple(names.parse_list(said).names) or (said,)


def _languages(book: Work) -> tuple[str, ...]:
    said = [book.language] if isinstance(book.language, str) else book.language or []
    return tuple(dict.fromkeys(filter(None, (languages.normalise(one) for one in said))))


def _format(said: str | None) -> BookFormat | None:
    if not said or said in ("any", "both"):
        return None
    found = _FORMATS.get(said.casefold())
    if found is None:
        raise BadLine("unknown-format", f"format {said[:40]!r} is neither ebook nor audiobook")
    return found


def _year(said: int | str | None) -> int | None:
    digits = str(said or "")[:4]
    return int(digits) if digits.isdecimal() and len(digits) == 4 else None


def _text(said: str | float | None) -> str:
    return f"{said:g}" if isinstance(said, float) else "" if said is None else str(said)
