"""Where the files of a slot go, and what the library holds there already.

Facts for the import plan (judgement.md 8, 9). Not for an inline read: use `store.scan`.
"""

from collections.abc import Sequence

import msgspec

from bindery.domain.import_facts import ImportOptions, LibraryFile, TargetRoot
from bindery.domain.naming import DEFAULT_AUDIOBOOK_FOLDER, DEFAULT_BOOK
from bindery.store import roots
from bindery.store.roots import RootRow
from bindery.store.rows import json_text
from bindery.store.settings_rows import setting
from bindery.store.slot_facts import SlotHead
from bindery.store.tx import Reader

MODE_KEY = "import.mode"
BESIDE = 60
"""Other wanted slots of the same author that a download's files may fill as well."""


class _Names(msgspec.Struct, frozen=True):
    author: str | None
    sort_author: str | None
    sort_title: str
    genres: tuple[str, ...]
    series: str | None
    position: str | None
    asin: str | None
    isbn: str | None
    publisher: str | None
    narrator: str | None


class _FileRow(msgspec.Struct, frozen=True):
    root_id: int
    rel_path: str
    sha256: str
    size: int
    quality: str
    slot_ids: tuple[int, ...]


def wanted_mode(reader: Reader) -> str:
    """Setting `import.mode`: auto, move, copy or hardlink."""
    return setting(reader, MODE_KEY, "auto") or "auto"


def options(reader: Reader) -> ImportOptions:
    """The settings of naming and placing (downloads-and-import.md 4.12)."""
    book = setting(reader, "naming.bookTemplate", "") or setting(reader, "naming_template", "")
    retain = setting(reader, "import.retainFormats", "")
    return ImportOptions(
        book_template=book or DEFAULT_BOOK,
        audiobook_folder=setting(reader, "naming_template_audiobook", "")
        or DEFAULT_AUDIOBOOK_FOLDER,
        track_template=setting(reader, "naming.audiobook_file_template", ""),
        flatten_discs=setting(reader, "import.audiobook.flatten_multi_disc", False),
        retain=tuple(one.strip() for one in retain.split(",") if one.strip()),
        sidecars=setting(reader, "import.sidecars", True),
        colon=setting(reader, "naming.colon", "-"),
    )


def root_of(reader: Reader, slot: SlotHead) -> RootRow | None:
    """The root for a slot: its own, its author's for the format, the default one, the first."""
    chosen = reader.value(_q_chosen_root, {"slot": slot.slot_id})
    wanted = chosen or setting(reader, "library.defaultRootFolderId", 0)
    found = roots.find_root(reader, wanted) if wanted else None
    if found is None:
        first = reader.value(_q_first_root, {"library": slot.library_id})
        found = roots.find_root(reader, first) if first is not None else None
    return found


def target_of(reader: Reader, slot: SlotHead) -> TargetRoot:
    """Root and naming tokens of a slot. `root_id` None: there is no root folder yet."""
    root = root_of(reader, slot)
    return TargetRoot(
        slot_id=slot.slot_id,
        root_id=root.id if root else None,
        path=root.path if root else "",
        fields=_naming_fields(reader, slot),
    )


def wanted_beside(reader: Reader, slot_ids: Sequence[int]) -> list[int]:
    """Other wanted slots without file or download, of books by the same authors."""
    return reader.values(_q_beside, {"slots": json_text(list(slot_ids)), "limit": BESIDE})


def files_of_slots(reader: Reader, slot_ids: Sequence[int]) -> list[LibraryFile]:
    """The files that fill these slots, each with every slot it fills."""
    rows = reader.rows(_q_of_slots, {"slots": json_text(list(slot_ids))}, _FileRow)
    return [_library_file(row) for row in rows]


def files_at(reader: Reader, root_id: int, rel_paths: Sequence[str]) -> dict[str, LibraryFile]:
    """What is known of these paths of a root; untracked ones are left out."""
    params = {"root": root_id, "paths": json_text(list(rel_paths))}
    rows = reader.rows(_q_at, params, _FileRow)
    return {row.rel_path: _library_file(row) for row in rows}


def _library_file(row: _FileRow) -> LibraryFile:
    return LibraryFile(
        root_id=row.root_id,
        rel_path=row.rel_path,
        sha256=row.sha256,
        size=row.size,
        format=row.quality,
        slot_ids=row.slot_ids,
    )


def _naming_fields(reader: Reader, slot: SlotHead) -> dict[str, str]:
    names = reader.one(_q_names, {"work": slot.work_id}, _Names)
    if names is None:
        return {"Title": slot.title}
    author = slot.author_name or names.author or "Unknown Author"
    sort_author = names.sort_author or author
    fields = {
        "Author": author,
        "SortAuthor": sort_author,
        "AuthorInitial": sort_author[:1].upper(),
        "Title": slot.title or "Unknown",
        "SortTitle": names.sort_title,
        "Subtitle": slot.subtitle,
        "Year": (slot.released or "")[:4],
        "ASIN": names.asin,
        "ISBN": names.isbn,
        "Lang": slot.language,
        "Series": names.series,
        "SeriesNumber": names.position,
        "Genre": names.genres[0] if names.genres else "",
        "Narrator": names.narrator,
        "Publisher": names.publisher,
    }
    return {token: value for token, value in fields.items() if value}


_q_chosen_root = """
SELECT coalesce(s.root_id,
  CASE s.format WHEN 'audiobook' THEN a.audiobook_root_id END, a.root_id)
FROM slot s JOIN book b ON b.id = s.book_id LEFT JOIN author a ON a.id = b.author_id
WHERE s.id = :slot"""

_q_first_root = """
SELECT id FROM root ORDER BY library_id = :library DESC, library_id, id LIMIT 1"""

_q_names = """
SELECT
  (SELECT p.name FROM contribution c JOIN person p ON p.id = c.person_id
    WHERE c.work_id = w.id AND c.role = 'author' ORDER BY c.position, c.id LIMIT 1) AS author,
  (SELECT p.sort_name FROM contribution c JOIN person p ON p.id = c.person_id
    WHERE c.work_id = w.id AND c.role = 'author' ORDER BY c.position, c.id LIMIT 1)
    AS sort_author,
  w.sort_title, w.genres,
  (SELECT s.title FROM series_work sw JOIN series s ON s.id = sw.series_id
    WHERE sw.work_id = w.id ORDER BY sw.is_primary DESC, s.id LIMIT 1) AS series,
  (SELECT sw.position_text FROM series_work sw
    WHERE sw.work_id = w.id ORDER BY sw.is_primary DESC, sw.series_id LIMIT 1) AS position,
  (SELECT i.value FROM identifier i WHERE i.scheme = 'asin' AND (
    (i.kind = 'work' AND i.entity_id = w.id) OR (i.kind = 'edition' AND i.entity_id IN
      (SELECT id FROM edition WHERE work_id = w.id))) ORDER BY i.id LIMIT 1) AS asin,
  (SELECT i.value FROM identifier i WHERE i.scheme = 'isbn13' AND (
    (i.kind = 'work' AND i.entity_id = w.id) OR (i.kind = 'edition' AND i.entity_id IN
      (SELECT id FROM edition WHERE work_id = w.id))) ORDER BY i.id LIMIT 1) AS isbn,
  (SELECT e.publisher FROM edition e
    WHERE e.work_id = w.id AND e.publisher <> '' ORDER BY e.id LIMIT 1) AS publisher,
  (SELECT n.value FROM edition e, json_each(e.narrators) n
    WHERE e.work_id = w.id ORDER BY e.id LIMIT 1) AS narrator
FROM work w WHERE w.id = :work"""

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

_FILE = """f.root_id, f.rel_path, f.sha256, f.size, f.quality,
  (SELECT json_group_array(sf.slot_id) FROM slot_file sf WHERE sf.file_id = f.id) AS slot_ids"""

_q_of_slots = f"""
SELECT {_FILE} FROM file f WHERE f.missing_since IS NULL AND f.id IN (
  SELECT file_id FROM slot_file WHERE slot_id IN (SELECT value FROM json_each(:slots)))
ORDER BY f.id"""

_q_at = f"""
SELECT {_FILE} FROM json_each(:paths) asked
CROSS JOIN file f ON f.root_id = :root AND f.rel_path = asked.value"""
