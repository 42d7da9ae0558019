"""A slot with everything that judging needs: the wanted work, its rivals, what is there.

Read by searches (decision) and by imports (matching). Not for an inline read: an author may have
hundreds of other works. Use `store.scan`.
"""

from collections.abc import Sequence

import msgspec

from bindery.domain import languages
from bindery.domain.moments import date_iso, parse_instant
from bindery.domain.offers import BookFormat
from bindery.domain.principal import Scope
from bindery.domain.rules import CurrentFile, QualityProfile, SlotFacts
from bindery.domain.text import fold
from bindery.domain.wanted import RivalWork, SeriesPlace, WantedWork
from bindery.store.rows import json_text
from bindery.store.settings_rows import setting
from bindery.store.tx import Reader

RIVALS = 600
"""Other works of the author that a release is compared with, newest rows first."""


class SlotHead(msgspec.Struct, frozen=True):
    """The slot, its book and its work in one row."""

    slot_id: int
    book_id: int
    library_id: int
    format: BookFormat
    wanted: bool
    monitored: bool
    excluded: bool
    skipped: bool
    held: bool
    """A download holds the slot."""
    has_file: bool
    work_id: int
    title: str
    subtitle: str
    original_title: str
    language: str
    released: str | None
    author_id: int | None
    person_id: int | None
    author_name: str
    profile_id: int | None
    last_search_at: int | None
    search_count: int

    @property
    def missing(self) -> bool:
        """Whether an automatic search should look for it."""
        wanted = self.wanted and self.monitored and not self.excluded and not self.skipped
        return wanted and not self.held and not self.has_file


class _Place(msgspec.Struct):
    work_id: int
    name: str
    position: str


class _Edition(msgspec.Struct):
    title: str
    language: str
    publisher: str
    narrators: tuple[str, ...]


class _Rival(msgspec.Struct):
    id: int
    title: str
    original_title: str
    released: str | None


class _Profile(msgspec.Struct):
    upgrade_allowed: bool
    cutoff: str
    items: list["_Item"]


class _Item(msgspec.Struct):
    quality: str
    allowed: bool = True


_HEAD = """s.id AS slot_id, s.book_id, b.library_id, s.format, s.wanted, s.monitored, b.excluded,
  b.skipped, EXISTS (SELECT 1 FROM download_slot ds WHERE ds.slot_id = s.id AND ds.live = 1)
    AS held,
  EXISTS (SELECT 1 FROM slot_file sf JOIN file f ON f.id = sf.file_id
    WHERE sf.slot_id = s.id AND f.missing_since IS NULL) AS has_file,
  b.work_id, w.title, w.subtitle, w.original_title, w.language, w.released, b.author_id,
  a.person_id, coalesce(p.name, '') AS author_name,
  coalesce(s.profile_id, a.profile_id) AS profile_id, s.last_search_at, s.search_count"""
_FROM = """FROM slot s JOIN book b ON b.id = s.book_id JOIN work w ON w.id = b.work_id
LEFT JOIN author a ON a.id = b.author_id LEFT JOIN person p ON p.id = a.person_id"""

_q_head = f"SELECT {_HEAD} {_FROM} WHERE s.id = :id AND b.deleted_at IS NULL"
_q_heads_of_book = f"""
SELECT {_HEAD} {_FROM}
WHERE b.id = :book AND b.deleted_at IS NULL
  AND b.library_id IN (SELECT value FROM json_each(:scope))
ORDER BY s.format DESC"""
_q_authors = """
SELECT p.name FROM contribution c JOIN person p ON p.id = c.person_id
WHERE c.work_id = :work AND c.role = 'author' ORDER BY c.position, c.id"""
_q_aliases = """
SELECT DISTINCT n.name FROM person_name n
WHERE n.person_id IN (
  SELECT person_id FROM contribution WHERE work_id = :work AND role = 'author'
  UNION SELECT :person)
ORDER BY n.name LIMIT 50"""
_q_places = """
SELECT sw.work_id, se.title AS name, sw.position_text AS position
FROM series_work sw JOIN series se ON se.id = sw.series_id
WHERE sw.work_id IN (SELECT value FROM json_each(:works))
ORDER BY sw.work_id, sw.is_primary DESC, se.id"""
_q_editions = """
SELECT title, language, publisher, narrators FROM edition WHERE work_id = :work
ORDER BY id LIMIT 100"""
_q_codes = """
SELECT i.value FROM identifier i
WHERE i.scheme IN (SELECT value FROM json_each(:schemes)) AND (
  (i.kind = 'work' AND i.entity_id = :work)
  OR (i.kind = 'edition' AND i.entity_id IN (SELECT id FROM edition WHERE work_id = :work)))
ORDER BY i.id LIMIT 200"""
_q_rivals = """
SELECT w.id, w.title, w.original_title, w.released FROM work w
WHERE w.id <> :work AND w.merged_into IS NULL AND w.id IN (
  SELECT work_id FROM contribution WHERE role = 'author' AND person_id IN (
    SELECT person_id FROM contribution WHERE work_id = :work AND role = 'author'
    UNION SELECT :person))
ORDER BY w.id DESC LIMIT :limit"""
_q_profile = "SELECT upgrade_allowed, cutoff, items FROM profile WHERE id = :id"
_q_file_quality = """
SELECT f.quality FROM slot_file sf JOIN file f ON f.id = sf.file_id
WHERE sf.slot_id = :slot AND f.missing_since IS NULL ORDER BY f.id LIMIT 1"""
_q_queued = """
SELECT d.quality FROM download_slot ds JOIN download d ON d.id = ds.download_id
WHERE ds.slot_id = :slot AND ds.live = 1"""
_q_last_grab = """
SELECT max(d.added_at) FROM download_slot ds JOIN download d ON d.id = ds.download_id
WHERE ds.slot_id = :slot AND d.removed_at IS NULL
  AND d.state NOT IN ('failed', 'importBlocked')"""
_q_imported = """
SELECT d.title, d.info_hash_v1 FROM download_slot ds JOIN download d ON d.id = ds.download_id
WHERE ds.slot_id = :slot AND d.state = 'imported' ORDER BY d.id DESC LIMIT 100"""

LANGUAGE_KEY = "search.preferredLanguage"


def head(reader: Reader, slot_id: int) -> SlotHead | None:
    """One slot of a live book."""
    return reader.one(_q_head, {"id": slot_id}, row=SlotHead)


def heads_of_book(reader: Reader, scope: Scope, book_id: int) -> list[SlotHead]:
    """The slots of a book in scope, ebook first."""
    params = {"book": book_id, "scope": json_text(list(scope))}
    return reader.rows(_q_heads_of_book, params, row=SlotHead)


def facts(reader: Reader, slot: SlotHead) -> SlotFacts:
    """Everything the decision (judgement.md 7) and the matching (6) look at."""
    current: str | None = reader.value(_q_file_quality, {"slot": slot.slot_id})
    queued: list[str] = reader.values(_q_queued, {"slot": slot.slot_id})
    rivals = _rivals(reader, slot)
    names = dict.fromkeys(place.name for rival in rivals for place in rival.series)
    wanted = msgspec.structs.replace(wanted_work(reader, slot), known_series=tuple(names))
    return SlotFacts(
        slot_id=slot.slot_id,
        format=slot.format,
        wanted=wanted,
        rivals=rivals,
        profile=_profile(reader, slot.profile_id),
        is_wanted=slot.wanted and not slot.excluded and not slot.skipped,
        monitored=slot.monitored,
        current=None if current is None else CurrentFile(format=current),
        queued=tuple(CurrentFile(format=quality) for quality in queued),
        last_grab_at=reader.value(_q_last_grab, {"slot": slot.slot_id}),
        released_at=parse_instant(date_iso(slot.released) or ""),
    )


def wanted_work(reader: Reader, slot: SlotHead) -> WantedWork:
    """The work in the words of the matcher."""
    keys = {"work": slot.work_id, "person": slot.person_id}
    editions = reader.rows(_q_editions, {"work": slot.work_id}, row=_Edition)
    places = reader.rows(_q_places, {"works": json_text([slot.work_id])}, row=_Place)
    authors: list[str] = reader.values(_q_authors, {"work": slot.work_id})
    if slot.author_name and slot.author_name not in authors:
        authors.insert(0, slot.author_name)
    allowed = allowed_languages(reader)
    return WantedWork(
        title=slot.title,
        subtitle=slot.subtitle,
        other_titles=_other_titles(slot, editions, allowed),
        authors=tuple(authors),
        aliases=tuple(reader.values(_q_aliases, keys)),
        series=tuple(SeriesPlace(place.name, place.position) for place in places),
        year=int(slot.released[:4]) if slot.released else None,
        language=slot.language,
        allowed_languages=allowed,
        format=slot.format,
        isbns=_codes(reader, slot.work_id, ("isbn13", "isbn10")),
        asins=_codes(reader, slot.work_id, ("asin",)),
        narrators=tuple(dict.fromkeys(name for one in editions for name in one.narrators)),
        publishers=tuple(dict.fromkeys(one.publisher for one in editions if one.publisher))[:20],
    )


def allowed_languages(reader: Reader) -> tuple[str, ...]:
    """Languages that a release may be in; empty = any (acquisition.md 6.5)."""
    chosen = setting(reader, LANGUAGE_KEY, "en").strip()
    return () if chosen in ("", "any") else tuple(chosen.replace(" ", "").split(","))


def imported_before(
    reader: Reader, slots: Sequence[SlotHead]
) -> tuple[frozenset[str], frozenset[str]]:
    """Folded titles and info-hashes of what was imported into these slots and is still there."""
    found = [
        row
        for slot in slots
        if slot.has_file
        for row in reader.tuples(_q_imported, {"slot": slot.slot_id})
    ]
    titles = frozenset(fold(row[0]) for row in found)
    return titles, frozenset(row[1] for row in found if row[1])


def _other_titles(
    slot: SlotHead, editions: Sequence[_Edition], allowed: tuple[str, ...]
) -> tuple[str, ...]:
    titles = [slot.original_title]
    for one in editions:
        spoken = languages.normalise(one.language)
        if not spoken or not allowed or languages.allowed((spoken,), allowed):
            titles.append(one.title)
    return tuple(dict.fromkeys(one for one in titles if one and one != slot.title))[:12]


def _codes(reader: Reader, work_id: int, schemes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(reader.values(_q_codes, {"work": work_id, "schemes": json_text(schemes)}))


def _rivals(reader: Reader, slot: SlotHead) -> tuple[RivalWork, ...]:
    params = {"work": slot.work_id, "person": slot.person_id, "limit": RIVALS}
    rivals = reader.rows(_q_rivals, params, row=_Rival)
    places: dict[int, list[SeriesPlace]] = {}
    works = json_text([rival.id for rival in rivals])
    for place in reader.rows(_q_places, {"works": works}, row=_Place):
        places.setdefault(place.work_id, []).append(SeriesPlace(place.name, place.position))
    return tuple(
        RivalWork(
            title=rival.title,
            other_titles=(rival.original_title,) if rival.original_title else (),
            series=tuple(places.get(rival.id, ())),
            year=int(rival.released[:4]) if rival.released else None,
        )
        for rival in rivals
    )


def _profile(reader: Reader, profile_id: int | None) -> QualityProfile:
    row = reader.one(_q_profile, {"id": profile_id}, row=_Profile) if profile_id else None
    if row is None:
        return QualityProfile()
    return QualityProfile(
        items=tuple((item.quality, item.allowed) for item in row.items),
        cutoff=row.cutoff,
        upgrade_allowed=row.upgrade_allowed,
    )
