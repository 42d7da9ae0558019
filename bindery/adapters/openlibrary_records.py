"""OpenLibrary's JSON as catalogue records. Every field may be missing or of another type."""

import re
from collections.abc import Iterable

from bindery.adapters.loose_json import Json, items, mapping, number, ratio, text, texts
from bindery.domain.catalogue import CoverRef, EditionRecord, PersonRecord, WorkRecord
from bindery.domain.identifiers import isbn13
from bindery.domain.loose_dates import read_loose_date
from bindery.domain.offers import BookFormat
from bindery.domain.series_text import series_refs

PROVIDER = "openlibrary"
REF = re.compile(r"OL[1-9]\d{0,11}[AWM]")
_AUDIO = re.compile(r"audio|mp3|cassette|\bcd\b", re.IGNORECASE)
_EBOOK = re.compile(r"e-?book|kindle|epub", re.IGNORECASE)
MOST_GENRES = 10


def ref_of(value: object) -> str:
    """`OL..A`, `OL..W` or `OL..M` out of a key or an object with a key; else empty."""
    key = text(value) if isinstance(value, str) else text(mapping(value).get("key"))
    tail = key.rpartition("/")[2]
    return tail if REF.fullmatch(tail) else ""


class Covers:
    """Addresses on the cover server."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def book(self, ids: Iterable[object]) -> CoverRef | None:
        """Cover of the first real id; ids that are no positive number mean "none"."""
        return self._first("b", ids)

    def person(self, ids: Iterable[object]) -> CoverRef | None:
        """Photo of the first real id."""
        return self._first("a", ids)

    def _first(self, shelf: str, ids: Iterable[object]) -> CoverRef | None:
        real = (number(one) for one in ids)
        first = next((one for one in real if one is not None and one > 0), None)
        return CoverRef(f"{self._base}/{shelf}/id/{first}-L.jpg") if first is not None else None


def person_hit(doc: Json) -> PersonRecord | None:
    """One hit of the author search."""
    ref, name = ref_of(doc.get("key")), text(doc.get("name"))
    if not ref or not name:
        return None
    return PersonRecord(
        ref=ref,
        provider=PROVIDER,
        name=name,
        other_names=tuple(texts(doc.get("alternate_names"))),
        disambiguation=text(doc.get("top_work")),
        top_work=text(doc.get("top_work")),
        born=text(doc.get("birth_date")),
        died=text(doc.get("death_date")),
        ratings_count=number(doc.get("ratings_count")) or 0,
        average_rating=ratio(doc.get("ratings_average")),
        work_count=number(doc.get("work_count")),
    )


def person_record(doc: Json, covers: Covers) -> PersonRecord | None:
    """One author's own page."""
    ref = ref_of(doc.get("key"))
    name = text(doc.get("name")) or text(doc.get("personal_name"))
    if not ref or not name:
        return None
    remote = mapping(doc.get("remote_ids"))
    return PersonRecord(
        ref=ref,
        provider=PROVIDER,
        name=name,
        other_names=tuple(one for one in texts(doc.get("alternate_names")) if one != name),
        description=text(doc.get("bio")),
        born=text(doc.get("birth_date")),
        died=text(doc.get("death_date")),
        cover=covers.person(items(doc.get("photos"))),
        identifiers=tuple((key, text(value)) for key, value in remote.items() if text(value)),
    )


def work_hit(doc: Json, covers: Covers) -> WorkRecord | None:
    """One hit of the book search."""
    ref, title = ref_of(doc.get("key")), text(doc.get("title"))
    if not ref or not title:
        return None
    languages = texts(doc.get("language"))
    year = number(doc.get("first_publish_year"))
    names, keys = texts(doc.get("author_name")), texts(doc.get("author_key"))
    isbns = [one for one in dict.fromkeys(map(isbn13, texts(doc.get("isbn")))) if one]
    return WorkRecord(
        ref=ref,
        provider=PROVIDER,
        title=title,
        subtitle=text(doc.get("subtitle")),
        authors=tuple(
            PersonRecord(ref=key, provider=PROVIDER, name=name)
            for key, name in zip(keys, names, strict=False)
            if REF.fullmatch(key)
        ),
        language="eng" if "eng" in languages else next(iter(languages), ""),
        released=f"{year}-01-01" if year is not None and 0 < year < 9999 else "",
        genres=tuple(texts(doc.get("subject"))[:MOST_GENRES]),
        ratings_count=number(doc.get("ratings_count")) or 0,
        average_rating=ratio(doc.get("ratings_average")),
        cover=covers.book([doc.get("cover_i")]),
        edition_count=number(doc.get("edition_count")),
        identifiers=tuple(("isbn", one) for one in isbns[:50]),
    )


def work_record(doc: Json, covers: Covers) -> WorkRecord | None:
    """A work's own page, or an entry of an author's list of works. Authors carry refs only."""
    ref, title = ref_of(doc.get("key")), text(doc.get("title"))
    if not ref or not title:
        return None
    # Roles come as {"author": {"key": ..}} and, in old records, as {"author": "/authors/.."}.
    refs = (
        ref_of(mapping(role).get("author")) or ref_of(role) for role in items(doc.get("authors"))
    )
    return WorkRecord(
        ref=ref,
        provider=PROVIDER,
        title=title,
        subtitle=text(doc.get("subtitle")),
        authors=tuple(
            PersonRecord(ref=one, provider=PROVIDER, name="") for one in dict.fromkeys(refs) if one
        ),
        description=text(doc.get("description")),
        released=read_loose_date(text(doc.get("first_publish_date"))),
        genres=tuple(texts(doc.get("subjects"))[:MOST_GENRES]),
        series=series_refs(_series_texts(doc.get("series"))),
        cover=covers.book(items(doc.get("covers"))),
    )


def _series_texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    found = (text(one) or text(mapping(one).get("title")) for one in items(value))
    return [one for one in found if one]


def edition_record(doc: Json, covers: Covers) -> EditionRecord | None:
    """One edition."""
    ref = ref_of(doc.get("key"))
    if not ref:
        return None
    title = f"{text(doc.get('title_prefix'))} {text(doc.get('title'))}".strip()
    form = text(doc.get("physical_format"))
    ebook = bool(_EBOOK.search(form))
    kind: BookFormat | None = "audiobook" if _AUDIO.search(form) else ("ebook" if ebook else None)
    languages = [ref.rpartition("/")[2] for ref in _keys(doc.get("languages"))]
    return EditionRecord(
        ref=ref,
        title=title,
        format=form,
        book_format=kind,
        is_ebook=ebook,
        isbn13=next((one for one in map(isbn13, texts(doc.get("isbn_13"))) if one), ""),
        isbn10=next(iter(texts(doc.get("isbn_10"))), ""),
        publisher=next(iter(texts(doc.get("publishers"))), ""),
        published=read_loose_date(text(doc.get("publish_date"))),
        language=next(iter(languages), ""),
        pages=number(doc.get("number_of_pages")),
        information=text(doc.get("edition_name")),
        cover=covers.book(items(doc.get("covers"))),
    )


def _keys(value: object) -> list[str]:
    return [one for one in (text(mapping(entry).get("key")) for entry in items(value)) if one]
