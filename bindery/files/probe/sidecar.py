"""Side-cars that speak of the book beside them: OPF, `metadata.json`, cue sheets, NFO texts.

What each says comes as tags of a `ProbedFile`, so that the plan weighs it as it weighs the tags
inside a book (judgement.md 5). Sources: OPF 2 (calibre's `metadata.opf`), Audiobookshelf's
`metadata.json`, the CDRWIN cue sheet, and the `Key: value` lines of the field's NFO files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

import msgspec

from bindery.domain import file_tags
from bindery.domain.media import ProbedFile
from bindery.files.probe import clean, opf

MAX_BYTES = 4 << 20
MAX_LINES = 2_000

_CUE = re.compile(
    r'\A\s*(?:REM\s+)?(PERFORMER|TITLE|SONGWRITER|DATE)\s+"?([^"]{1,1000})"?\s*\Z', re.IGNORECASE
)
_NFO = re.compile(
    r"\A[^\w]{0,40}(title|author|written by|narrator|narrated by|read by|reader|series|publisher"
    r"|year|copyright|date|language|isbn|asin)\b[ .]{0,40}[:=]\s*(.{1,1000})\Z",
    re.IGNORECASE,
)
_NFO_FIELDS = {
    "written by": "author",
    "narrated by": "narrator",
    "read by": "narrator",
    "copyright": "year",
}
_NUMBERED = re.compile(r"\A(.+?)[\s,]*#\s*(\d{1,4}(?:\.\d{1,2})?)\Z")


def reader_of(name: str) -> Callable[[bytes], ProbedFile | None] | None:
    """The reader for a side-car of this name, None for files that say nothing of a book."""
    low = name.lower()
    if low.endswith(".opf"):
        return _opf
    if low == "metadata.json":
        return _json
    if low.endswith(".cue"):
        return _cue
    return _nfo if low.endswith(".nfo") else None


def probe_sidecar(file: BinaryIO, name: str, size: int) -> ProbedFile | None:
    """What a side-car says; None when it is none, too large, or says nothing."""
    read = reader_of(name)
    if read is None or size > MAX_BYTES:
        return None
    file.seek(0)
    said = read(file.read(MAX_BYTES))
    return None if said is None else msgspec.structs.replace(said, size=size)


def _opf(data: bytes) -> ProbedFile | None:
    package = opf.parse_package(data)
    if package is None:
        return None
    return ProbedFile(
        title=package.title,
        subtitle=package.subtitle,
        authors=package.authors,
        narrators=package.narrators,
        series=package.series,
        position=package.position,
        language=package.language,
        isbns=package.isbns,
        asin=package.asin,
        publisher=package.publisher,
        published=package.published,
    )


def _json(data: bytes) -> ProbedFile | None:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict):
        return None
    said = cast("dict[str, Any]", found)
    tags = {key: value for key, value in said.items() if key != "series"}
    tags["year"] = said.get("publishedYear") or said.get("publishedDate")
    tags["series"], tags["position"] = _series(said.get("series"))
    return _told(tags, subtitle=said.get("subtitle"))


def _series(said: Any) -> tuple[str, str]:
    """(name, position) of `["Name #1"]` or `[{"name", "sequence"}]`: the first one counts."""
    first = next(iter(cast("list[Any]", said)), None) if isinstance(said, list) else said
    if isinstance(first, dict):
        one = cast("dict[str, Any]", first)
        return str(one.get("name") or ""), str(one.get("sequence") or "")
    text = first if isinstance(first, str) else ""
    numbered = _NUMBERED.match(text[:1000])
    return (numbered[1], numbered[2]) if numbered else (text, "")


def _cue(data: bytes) -> ProbedFile | None:
    """The sheet's own title and performer; those of its tracks name chapters."""
    tags: dict[str, str] = {}
    for line in _lines(data):
        if line.lstrip().upper().startswith("TRACK "):
            break
        found = _CUE.match(line)
        if found:
            tags.setdefault(found[1].casefold(), found[2])
    said = {"album": tags.get("title", ""), "date": tags.get("date", "")}
    roles = {"artist": tags.get("performer", ""), "composer": tags.get("songwriter", "")}
    return _told(said | roles)


def _nfo(data: bytes) -> ProbedFile | None:
    tags: dict[str, str] = {}
    for line in _lines(data):
        found = _NFO.match(line)
        if found:
            field = found[1].casefold()
            tags.setdefault(_NFO_FIELDS.get(field, field), found[2].strip(" .|*#"))
    tags["series"], position = _series(tags.get("series", ""))
    return _told(tags | {"position": position})


def _lines(data: bytes) -> list[str]:
    """Text of unknown age: UTF-8 when it is, else Latin-1, which reads any byte."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.splitlines()[:MAX_LINES]


def _told(tags: Mapping[str, Any], *, subtitle: Any = "") -> ProbedFile | None:
    found = file_tags.read(tags)
    if not (found.title or found.isbns or found.asin):
        return None
    return ProbedFile(
        title=clean.text(found.title),
        subtitle=clean.text(subtitle) if isinstance(subtitle, str) else "",
        authors=clean.unique(found.authors),
        narrators=clean.unique(found.narrators),
        series=clean.text(found.series),
        position=found.position,
        language=found.language,
        isbns=found.isbns,
        asin=found.asin,
        publisher=clean.text(found.publisher),
        published=str(found.year or ""),
    )
