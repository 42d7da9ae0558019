"""What judging a release or a file needs to know of a slot: its work, its rivals, its profile.

Reads the whole neighbourhood of a few slots (the other works of the author), so it belongs into
`store.scan`.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.rules import CurrentFile, QualityProfile, SlotFacts
from bindery.domain.wanted import RivalWork, SeriesPlace, WantedWork
from bindery.store.profiles import ProfileItem
from bindery.store.rows import json_text
from bindery.store.tx import Reader

RIVALS = 500
"""Other works of the author that are looked at, the newest entries first."""


class SlotBase(msgspec.Struct, frozen=True, kw_only=True):
    """A slot with its book and work. `root_id` is where its files go: its own root, its author's
    for the format; None = the default.
    """

    slot_id: int
    format: BookFormat
    wanted: bool
    monitored: bool
    book_id: int
    library_id: int
    author_id: int | None
    root_id: int | None
    work_id: int
    title: str
    sort_title: str
    subtitle: str
    original_title: str
    language: str
    released: str | None
    genres: tuple[str, ...]
    upgrade_allowed: bool
    cutoff: str
    items: tuple[ProfileItem, ...]
    last_grab_at: int | None
    queued: str | None


class _Person(msgspec.Struct, frozen=True):
    work_id: int
    person_id: int
    name: str
    sort_name: str
    role: str


class _Alias(msgspec.Struct, frozen=True):
    person_id: int
    name: str


class _Place(msgspec.Struct, frozen=True):
    work_id: int
    name: str
    position: str


class _Edition(msgspec.Struct, frozen=True):
    work_id: int
    title: str
    publisher: str
    narrators: tuple[str, ...]


class _Identifier(msgspec.Struct, frozen=True):
    work_id: int
    scheme: str
    value: str


class _Work(msgspec.Struct, frozen=True):
    person_id: int
    work_id: int
    title: str
    original_title: str
    released: str | None


class _Quality(msgspec.Struct, frozen=True):
    slot_id: int
    quality: str


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """Slots and everything known around their works, by work id."""

    slots: tuple[SlotBase, ...]
    people: Mapping[int, list[_Person]]
    aliases: Mapping[int, list[_Alias]]
    places: Mapping[int, list[_Place]]
    editions: Mapping[int, list[_Edition]]
    identifiers: Mapping[int, list[_Identifier]]
    works: Mapping[int, list[_Work]]
    files: Mapping[int, list[_Quality]]


def read_around(reader: Reader, slot_ids: Sequence[int]) -> Neighbourhood:
    """Everything about these slots, in the order of `slot_ids`; deleted books are left out."""
    found = {
        slot.slot_id: slot
        for slot in reader.rows(_q_slots, {"ids": json_text(list(slot_ids))}, SlotBase)
    }
    slots = tuple(found[one] for one in dict.fromkeys(slot_ids) if one in found)
    own = json_text(sorted({slot.work_id for slot in slots}))
    people = reader.rows(_q_people, {"works": own}, _Person)
    authors = sorted({p.person_id for p in people if p.role == "author"})
    works = reader.rows(_q_works, {"people": json_text(authors), "limit": RIVALS}, _Work)
    every = json_text(sorted({w.work_id for w in works} | {s.work_id for s in slots}))
    return Neighbourhood(
        slots=slots,
        people=_by("work_id", people),
        aliases=_by("person_id", reader.rows(_q_aliases, {"people": json_text(authors)}, _Alias)),
        places=_by("work_id", reader.rows(_q_places, {"works": every}, _Place)),
        editions=_by("work_id", reader.rows(_q_editions, {"works": own}, _Edition)),
        identifiers=_by("work_id", reader.rows(_q_identifiers, {"works": every}, _Identifier)),
        works=_by("person_id", works),
        files=_by(
            "slot_id",
            reader.rows(_q_files, {"slots": json_text([s.slot_id for s in slots])}, _Quality),
        ),
    )


def slot_facts(reader: Reader, slot_ids: Sequence[int]) -> list[SlotFacts]:
    """The slots as the decision and the import plan see them."""
    around = read_around(reader, slot_ids)
    return [facts_of(around, slot) for slot in around.slots]


def facts_of(around: Neighbourhood, slot: SlotBase) -> SlotFacts:
    """One slot as the decision and the import plan see it."""
    present = around.files.get(slot.slot_id, [])
    return SlotFacts(
        slot_id=slot.slot_id,
        format=slot.format,
        wanted=_wanted(around, slot),
        rivals=_rivals(around, slot),
        profile=QualityProfile(
            items=tuple((item.quality, item.allowed) for item in slot.items),
            cutoff=slot.cutoff,
            upgrade_allowed=slot.upgrade_allowed,
        ),
        is_wanted=slot.wanted,
        monitored=slot.monitored,
        current=CurrentFile(format=present[0].quality) if present else None,
        queued=(CurrentFile(format=slot.queued),) if slot.queued is not None else (),
        last_grab_at=slot.last_grab_at,
    )


def naming_fields(around: Neighbourhood, slot: SlotBase) -> dict[str, str]:
    """The naming tokens of a slot's book (downloads-and-import.md 4.12)."""
    people = around.people.get(slot.work_id, [])
    author = next((p for p in people if p.role == "author"), None)
    editions = around.editions.get(slot.work_id, [])
    place = next(iter(around.places.get(slot.work_id, [])), None)
    narrators = [p.name for p in people if p.role == "narrator"]
    narrators += [name for edition in editions for name in edition.narrators]
    sort_author = author.sort_name if author else ""
    fields = {
        "Author": author.name if author else "Unknown Author",
        "SortAuthor": sort_author,
        "AuthorInitial": sort_author[:1].upper(),
        "Title": slot.title,
        "SortTitle": slot.sort_title,
        "Subtitle": slot.subtitle,
        "Year": _year_text(slot.released),
        "ASIN": _identifier(around, slot.work_id, "asin"),
        "ISBN": _identifier(around, slot.work_id, "isbn13"),
        "Lang": slot.language,
        "Series": place.name if place else "",
        "SeriesNumber": place.position if place else "",
        "Genre": slot.genres[0] if slot.genres else "",
        "Narrator": narrators[0] if narrators else "",
        "Publisher": next((e.publisher for e in editions if e.publisher), ""),
    }
    return {token: value for token, value in fields.items() if value}


def wanted_beside(reader: Reader, slot_ids: Sequence[int], limit: int = 200) -> list[int]:
    """Other wanted slots without file or download, of books by the same authors."""
    params = {"slots": json_text(list(slot_ids)), "limit": limit}
    return reader.values(_q_beside, params)


def _wanted(around: Neighbourhood, slot: SlotBase) -> WantedWork:
    work = slot.work_id
    people = around.people.get(work, [])
    editions = around.editions.get(work, [])
    authors = [p for p in people if p.role == "author"]
    places = _series(around, work)
    narrators = [p.name for p in people if p.role == "narrator"]
    narrators += [name for edition in editions for name in edition.narrators]
    return WantedWork(
        title=slot.title,
        subtitle=slot.subtitle,
        other_titles=_others(slot.title, [slot.original_title, *(e.title for e in editions)]),
        authors=_unique(p.name for p in authors),
        aliases=_unique(a.name for p in authors for a in around.aliases.get(p.person_id, [])),
        series=places,
        known_series=_unique(
            place.name
            for p in authors
            for other in around.works.get(p.person_id, [])
            for place in _series(around, other.work_id)
            if place not in places
        ),
        year=_year(slot.released),
        language=slot.language,
        format=slot.format,
        isbns=_values(around, work, ("isbn13", "isbn10")),
        asins=_values(around, work, ("asin",)),
        narrators=_unique(narrators),
        publishers=_unique(e.publisher for e in editions),
    )


def _rivals(around: Neighbourhood, slot: SlotBase) -> tuple[RivalWork, ...]:
    authors = [p for p in around.people.get(slot.work_id, []) if p.role == "author"]
    others = {
        other.work_id: other
        for p in authors
        for other in around.works.get(p.person_id, [])
        if other.work_id != slot.work_id
    }
    return tuple(
        RivalWork(
            title=other.title,
            other_titles=_others(other.title, [other.original_title]),
            series=_series(around, other.work_id),
            year=_year(other.released),
            isbns=_values(around, other.work_id, ("isbn13", "isbn10")),
            asins=_values(around, other.work_id, ("asin",)),
        )
        for other in others.values()
    )


def _series(around: Neighbourhood, work_id: int) -> tuple[SeriesPlace, ...]:
    return tuple(SeriesPlace(p.name, p.position) for p in around.places.get(work_id, []))


def _identifier(around: Neighbourhood, work_id: int, scheme: str) -> str:
    found = (i.value for i in around.identifiers.get(work_id, []) if i.scheme == scheme)
    return next(found, "")


def _values(around: Neighbourhood, work_id: int, schemes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(i.value for i in around.identifiers.get(work_id, []) if i.scheme in schemes)


def _others(title: str, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in _unique(texts) if text != title)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _year_text(released: str | None) -> str:
    return (released or "")[:4]


def _year(released: str | None) -> int | None:
    text = _year_text(released)
    return int(text) if len(text) == 4 and text.isdecimal() else None


_R = TypeVar("_R", bound=msgspec.Struct)


def _by(field: str, rows: list[_R]) -> dict[int, list[_R]]:
    key = attrgetter(field)
    return {one: list(group) for one, group in groupby(sorted(rows, key=key), key=key)}


_q_slots = """
SELECT s.id AS slot_id, s.format, s.wanted, s.monitored, b.id AS book_id, b.library_id,
  b.author_id,
  coalesce(s.root_id,
    CASE s.format WHEN 'audiobook' THEN a.audiobook_root_id END, a.root_id) AS root_id,
  w.id AS work_id, w.title, w.sort_title, w.subtitle, w.original_title, w.language, w.released,
  w.genres, coalesce(p.upgrade_allowed, 1) AS upgrade_allowed, coalesce(p.cutoff, 'any') AS cutoff,
  coalesce(p.items, '[]') AS items,
  (SELECT max(d.added_at) FROM download_slot ds JOIN download d ON d.id = ds.download_id
    WHERE ds.slot_id = s.id) AS last_grab_at,
  (SELECT d.quality FROM download_slot ds JOIN download d ON d.id = ds.download_id
    WHERE ds.slot_id = s.id AND ds.live = 1) AS queued
FROM json_each(:ids) asked CROSS JOIN slot s ON s.id = asked.value
JOIN book b ON b.id = s.book_id
JOIN work w ON w.id = b.work_id
LEFT JOIN author a ON a.id = b.author_id
LEFT JOIN profile p ON p.id = coalesce(s.profile_id, a.profile_id)
WHERE b.deleted_at IS NULL"""

_q_people = """
SELECT c.work_id, c.person_id, p.name, p.sort_name, c.role
FROM json_each(:works) asked CROSS JOIN contribution c ON c.work_id = asked.value
JOIN person p ON p.id = c.person_id
ORDER BY c.work_id, c.position, c.id"""

_q_aliases = """
SELECT n.person_id, n.name
FROM json_each(:people) asked CROSS JOIN person_name n ON n.person_id = asked.value
ORDER BY n.person_id, n.id"""

_q_works = """
SELECT c.person_id, w.id AS work_id, w.title, w.original_title, w.released
FROM json_each(:people) asked CROSS JOIN contribution c ON c.person_id = asked.value
JOIN work w ON w.id = c.work_id
WHERE c.role = 'author' AND w.merged_into IS NULL
ORDER BY w.id DESC LIMIT :limit"""

_q_places = """
SELECT sw.work_id, s.title AS name, sw.position_text AS position
FROM json_each(:works) asked CROSS JOIN series_work sw ON sw.work_id = asked.value
JOIN series s ON s.id = sw.series_id
ORDER BY sw.work_id, sw.is_primary DESC, s.id"""

_q_editions = """
SELECT e.work_id, e.title, e.publisher, e.narrators
FROM json_each(:works) asked CROSS JOIN edition e ON e.work_id = asked.value
ORDER BY e.work_id, e.id LIMIT 500"""

_q_identifiers = """
SELECT asked.value AS work_id, i.scheme, i.value
FROM json_each(:works) asked
CROSS JOIN identifier i ON i.kind = 'work' AND i.entity_id = asked.value
WHERE i.scheme IN ('isbn13', 'isbn10', 'asin')
UNION ALL
SELECT e.work_id, i.scheme, i.value
FROM json_each(:works) asked CROSS JOIN edition e ON e.work_id = asked.value
JOIN identifier i ON i.kind = 'edition' AND i.entity_id = e.id
WHERE i.scheme IN ('isbn13', 'isbn10', 'asin')"""

_q_files = """
SELECT sf.slot_id, f.quality
FROM json_each(:slots) asked CROSS JOIN slot_file sf ON sf.slot_id = asked.value
JOIN file f ON f.id = sf.file_id
WHERE f.missing_since IS NULL
ORDER BY sf.slot_id, f.id DESC"""

_q_beside = """
SELECT o.id
FROM json_each(:slots) asked
CROSS JOIN slot s ON s.id = asked.value
CROSS JOIN book b ON b.id = s.book_id
CROSS JOIN book other ON other.author_id = b.author_id
  AND other.deleted_at IS NULL AND other.library_id = b.library_id
CROSS JOIN slot o ON o.book_id = other.id
CROSS JOIN slot_state st ON st.slot_id = o.id
WHERE o.wanted = 1 AND other.excluded = 0 AND other.skipped = 0
  AND st.state IN ('missing', 'failed')
  AND o.id NOT IN (SELECT value FROM json_each(:slots))
GROUP BY o.id ORDER BY o.id LIMIT :limit"""
