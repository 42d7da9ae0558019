"""What the tags of a file say of its book, and which source wins for each field (judgement.md 5).

Used by `bindery explain file`, and by whoever reads a library.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bindery.domain.credits import MOST_VALUES, credited, people_of
from bindery.domain.filename import is_chapter_like
from bindery.domain.identifiers import asin, isbn13
from bindery.domain.languages import normalise
from bindery.domain.text import fold
from bindery.domain.wanted import FileEvidence

_KEY_NOISE = re.compile(r"[\s_\-:]+")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_COUNTED = re.compile(r"\s*(\d{1,4})(?:\s*(?:/|of)\s*(\d{1,4}))?\s*\Z")

_KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "tit2", "booktitle"),
    "subtitle": ("subtitle", "tit3"),
    "album": ("album", "talb"),
    "artist": ("artist", "tpe1"),
    "albumartist": ("albumartist", "tpe2"),
    "composer": ("composer", "tcom"),
    "author": ("author", "authors", "creator", "dccreator"),
    "narrator": ("narrator", "narrators", "narratedby", "reader"),
    "series": ("series", "mvnm", "movementname", "calibreseries"),
    "position": ("seriespart", "seriesindex", "position", "mvin", "movement", "calibreseriesindex"),
    "year": ("year", "date", "published", "releasedate", "tdrc", "tyer", "dcdate"),
    "language": ("language", "lang", "tlan", "dclanguage"),
    "isbn": ("isbn", "isbn13", "isbn10", "identifier"),
    "asin": ("asin", "audibleasin", "cdek"),
    "publisher": ("publisher", "tpub", "label"),
    "track": ("track", "tracknumber", "trck"),
}
"""Fields and the names under which programs write them, lower case without separators."""


class Origin(msgspec.Struct, frozen=True):
    """One value of a field that did not win: where it stood and what it said."""

    field: str
    source: str
    value: str


class Merged(msgspec.Struct, frozen=True):
    """The winning values, the source of each (`field -> source`), and what lost."""

    evidence: FileEvidence
    sources: dict[str, str]
    losers: tuple[Origin, ...] = ()


def read(tags: Mapping[str, Any], *, several: bool = False) -> FileEvidence:
    """The evidence of one file's tags. Keys as programs write them, values texts, numbers or lists.

    A chapter's title never names the book; `several` = the file is one of several tracks, so that
    only the album names it.
    """
    found = _by_field(tags)
    title, album = _first(found, "title"), _first(found, "album")
    counted = _COUNTED.match(_first(found, "track"))
    several = several or bool(counted and int(counted[2] or counted[1]) > 1)
    if album and (several or not title or is_chapter_like(title)):
        title = album
    elif title and (is_chapter_like(title) and several):
        title = ""
    roles = [found.get(role, ()) for role in ("artist", "albumartist", "composer")]
    authors, narrators = credited(roles, found.get("narrator", ()))
    named = tuple(dict.fromkeys(p for value in found.get("author", ()) for p in people_of(value)))
    if named:
        narrators = (*narrators, *(p for p in authors if p not in named and p not in narrators))
    year = _YEAR.search(_first(found, "year"))
    isbns = [isbn for value in found.get("isbn", ()) if (isbn := isbn13(value))]
    return FileEvidence(
        title=title,
        authors=named or authors,
        series=_first(found, "series"),
        position=_first(found, "position")[:20],
        year=int(year[0]) if year else None,
        language=normalise(_first(found, "language")),
        isbns=tuple(dict.fromkeys(isbns)),
        asin=asin(_first(found, "asin").upper()),
        narrators=narrators,
        publisher=_first(found, "publisher"),
    )


def _by_field(tags: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    known = {name: field for field, spelt in _KEYS.items() for name in spelt}
    out: dict[str, tuple[str, ...]] = {}
    for key, value in tags.items():
        field = known.get(_KEY_NOISE.sub("", key.casefold()))
        if field is None:
            continue
        values: list[Any] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType] - JSON
        texts = (" ".join(str(one).split()) for one in values if isinstance(one, str | int | float))
        out[field] = (*out.get(field, ()), *(text for text in texts if text))[:MOST_VALUES]
    return out


def _first(found: Mapping[str, tuple[str, ...]], field: str) -> str:
    return next(iter(found.get(field, ())), "")[:1000]


_FIELDS = (
    "title authors series position year language isbns asin narrators publisher abridged media "
    "format"
).split()


def merge(sources: Sequence[tuple[str, FileEvidence]]) -> Merged:
    """Field by field the first source that says something, strongest source first: a person's lock,
    embedded tags, OPF or metadata.json, file name, folders. What loses and differs is kept.
    """
    chosen: dict[str, Any] = {}
    origin: dict[str, str] = {}
    losers: list[Origin] = []
    for source, evidence in sources:
        for field in _FIELDS:
            value = getattr(evidence, field)
            if value is None or value in ("", ()):
                continue
            if field not in chosen and not (field == "position" and _of_other(evidence, chosen)):
                chosen[field], origin[field] = value, source
            elif field not in chosen or fold(_text(value)) != fold(_text(chosen[field])):
                losers.append(Origin(field, source, _text(value)))
    return Merged(FileEvidence(**chosen), origin, tuple(losers))


def _of_other(evidence: FileEvidence, chosen: Mapping[str, Any]) -> bool:
    """A position counts in its own series only."""
    series = chosen.get("series", "")
    return bool(series and evidence.series) and fold(evidence.series) != fold(series)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - names
    return str(value)
