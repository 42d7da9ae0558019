"""Topic `book:{id}` and every book that REST answers (catalogue.md 1.2, 3.3; ui.md 7.4).

Lists cost four statements for the whole page: books, slots, what they hold, series.
"""

import posixpath
from collections.abc import Sequence

from msgspec import UNSET

from bindery.domain.moments import date_iso, date_precision, iso, iso_or_none
from bindery.domain.picture_links import proxied
from bindery.domain.plain_text import plain_text
from bindery.domain.principal import Scope
from bindery.domain.wire.author import AuthorRef
from bindery.domain.wire.book import (
    Book,
    BookAuthor,
    BookFile,
    BookIdentifiers,
    BookSeries,
    Edition,
    FormatDownload,
    FormatState,
)
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import books
from bindery.store.books import (
    BookRow,
    BookSeriesRow,
    ContributorRow,
    EditionRow,
    FileRow,
    IdentifierRow,
    SlotRow,
)
from bindery.store.store import Store
from bindery.store.tx import Reader

WIRE_FIELDS = {"released": "releaseDate"}
"""Lockable fields whose name on the wire differs."""


def render_books(reader: Reader, ids: Sequence[int], scope: Scope, base: str) -> list[Book]:
    """These books as a list shows them, in the order of `ids`."""
    rows = books.books_by_id(reader, scope, ids)
    slots = _by_book(books.slots_of(reader, [row.id for row in rows]))
    series = _by_work(books.series_of(reader, [row.work_id for row in rows]))
    return [_book(row, slots.get(row.id, []), series.get(row.work_id, []), base) for row in rows]


def render_book(reader: Reader, id: int, scope: Scope, base: str) -> Book | None:
    """One book with its files, editions, persons and numbers; None when it is not in scope."""
    row = books.find_book(reader, scope, id)
    if row is None:
        return None
    found = _Around(
        books.files_of(reader, [id]),
        books.editions_of(reader, row.work_id),
        books.contributors_of(reader, row.library_id, [row.work_id]),
        books.identifiers_of(reader, row.work_id),
    )
    slots = books.slots_of(reader, [id])
    series = books.series_of(reader, [row.work_id])
    return _book(row, slots, series, base, found)


def book_topic(store: Store, base: str) -> Topic:
    """The family for the hub; marks are book ids."""

    def one(id: int, scope: Scope) -> list[Book]:
        found = store.read(lambda reader: render_book(reader, id, scope, base))
        return [] if found is None else [found]

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[Book]:
        return [row for mark in ids for row in one(int(mark), scope)]

    def snapshot(name: str, scope: Scope) -> Snapshot | None:
        text = name.partition(":")[2]
        rows = one(int(text), scope) if text.isdecimal() else []
        return Snapshot(rows) if rows else None

    return Topic(kind="state", render=render, snapshot=snapshot, entity=True)


class _Around:
    """What only the detail tells."""

    def __init__(
        self,
        files: list[FileRow],
        editions: list[EditionRow],
        persons: list[ContributorRow],
        identifiers: list[IdentifierRow],
    ) -> None:
        self.files = files
        self.editions = editions
        self.persons = persons
        self.numbers = identifiers

    def named(self, scheme: str) -> list[str]:
        """Values of one scheme, without repeats."""
        return list(dict.fromkeys(row.value for row in self.numbers if row.scheme == scheme))

    @property
    def narrator(self) -> str:
        """Who reads: credited, else of the first audio edition."""
        credited = [row.name for row in self.persons if row.role == "narrator"]
        readers = next((row.narrators for row in self.editions if row.narrators), list[str]())
        return ", ".join(credited or readers)

    @property
    def duration_s(self) -> int:
        """Of our own files, else of an edition."""
        own = sum(row.duration_s or 0 for row in self.files if row.missing_since is None)
        return round(own) or next((row.duration_s for row in self.editions if row.duration_s), 0)


def _book(
    row: BookRow,
    slots: list[SlotRow],
    series: list[BookSeriesRow],
    base: str,
    around: _Around | None = None,
) -> Book:
    paths = {slot.format: _path(slot) for slot in slots}
    ebook, audio = paths.get("ebook", ""), paths.get("audiobook", "")
    files = [file_wire(file) for file in around.files] if around else []
    asin = around.named("asin") if around else []
    return Book(
        id=row.id,
        foreign_book_id=row.foreign_id or "",
        author_id=row.author_id or 0,
        title=row.title,
        sort_title=row.sort_title,
        subtitle=row.subtitle,
        original_title=row.original_title,
        description=plain_text(row.description),
        image_url=proxied(base, row.cover_url),
        release_date=date_iso(row.released),
        release_precision=date_precision(row.released),
        genres=row.genres,
        average_rating=row.average_rating,
        ratings_count=row.ratings_count,
        monitored=row.monitored,
        status=row.status,
        selected_edition_id=next((s.edition_id for s in slots if s.edition_id), None),
        file_path=(audio or ebook) if row.media == "audiobook" else (ebook or audio),
        ebook_file_path=ebook,
        audiobook_file_path=audio,
        language=row.language,
        media_type=row.media,
        narrator=around.narrator if around else "",
        duration_seconds=around.duration_s if around else 0,
        asin=asin[0] if asin else "",
        metadata_provider=row.provider,
        last_metadata_refresh_at=iso_or_none(row.refreshed_at),
        added=iso(row.added_at),
        imported_at=iso_or_none(row.imported_at),
        created_at=iso(row.added_at),
        updated_at=iso(row.updated_at),
        rev=row.rev,
        locked_fields=[WIRE_FIELDS.get(name, name) for name in sorted(row.locked)],
        excluded=row.excluded,
        author=_author(row),
        formats=[_format(slot, files if around else None) for slot in slots],
        series=[
            BookSeries(id=s.series_id, title=s.title, position=s.position, primary=s.primary)
            for s in series
        ],
        last_search_at=iso_or_none(max((s.last_search_at or 0 for s in slots), default=0) or None),
        search_count=sum(s.search_count for s in slots),
        book_files=files if around else UNSET,
        editions=[edition_wire(e, row.id, base) for e in around.editions] if around else UNSET,
        authors=[_person(p) for p in around.persons] if around else UNSET,
        identifiers=_numbers(around) if around else UNSET,
        publisher=next((e.publisher for e in around.editions if e.publisher), "")
        if around
        else UNSET,
        page_count=next((e.pages for e in around.editions if e.pages), None) if around else UNSET,
    )


def _author(row: BookRow) -> AuthorRef | None:
    if row.author_id is None:
        return None
    return AuthorRef(
        id=row.author_id,
        foreign_author_id=row.author_foreign_id or "",
        author_name=row.author_name or "",
        sort_name=row.author_sort_name or "",
    )


def _path(slot: SlotRow) -> str:
    """What tools call the path of a format: of many tracks their folder."""
    if slot.path is None:
        return ""
    return posixpath.dirname(slot.path) if slot.files > 1 else slot.path


def _format(slot: SlotRow, files: list[BookFile] | None) -> FormatState:
    own = [file for file in files or () if file.format == slot.format]
    download = UNSET
    if slot.download_id is not None:
        download = FormatDownload(id=slot.download_id, state=slot.download_state or "")
    return FormatState(
        slot_id=slot.id,
        format=slot.format,
        wanted=slot.wanted,
        monitored=slot.monitored,
        state=slot.state,
        quality_profile_id=slot.profile_id,
        root_folder_id=slot.root_id,
        edition_id=slot.edition_id,
        file_count=slot.files,
        size_on_disk=slot.size,
        last_search_at=iso_or_none(slot.last_search_at),
        search_count=slot.search_count,
        next_search_at=iso_or_none(slot.next_search_at),
        download=download,
        files=own if files is not None else UNSET,
        quality=next((file.quality for file in own), None) if files is not None else UNSET,
    )


def file_wire(row: FileRow) -> BookFile:
    """One file."""
    return BookFile(
        id=row.id,
        book_id=row.book_id,
        format=row.format,
        path=f"{row.root_path}/{row.rel_path}",
        size_bytes=row.size,
        quality=row.quality,
        language=row.language,
        duration_seconds=None if row.duration_s is None else round(row.duration_s),
        sha256=row.sha256,
        disc=row.disc,
        track=row.track,
        missing=row.missing_since is not None,
        created_at=iso(row.created_at),
    )


def edition_wire(row: EditionRow, book_id: int, base: str) -> Edition:
    """One edition."""
    return Edition(
        id=row.id,
        foreign_edition_id=row.foreign_id or "",
        book_id=book_id,
        title=row.title,
        isbn13=row.isbn13,
        isbn10=row.isbn10,
        asin=row.asin,
        publisher=row.publisher,
        publish_date=date_iso(row.published),
        format=row.format,
        num_pages=row.pages,
        language=row.language,
        image_url=proxied(base, row.cover_url),
        is_ebook=row.is_ebook,
        edition_information=row.information,
        narrators=row.narrators,
        monitored=True,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )


def _person(row: ContributorRow) -> BookAuthor:
    return BookAuthor(id=row.author_id, author_name=row.name, role=row.role, position=row.position)


def _numbers(around: _Around) -> BookIdentifiers:
    return BookIdentifiers(
        isbn13=around.named("isbn13"), isbn10=around.named("isbn10"), asin=around.named("asin")
    )


def _by_book(rows: Sequence[SlotRow]) -> dict[int, list[SlotRow]]:
    found: dict[int, list[SlotRow]] = {}
    for row in rows:
        found.setdefault(row.book_id, []).append(row)
    return found


def _by_work(rows: Sequence[BookSeriesRow]) -> dict[int, list[BookSeriesRow]]:
    found: dict[int, list[BookSeriesRow]] = {}
    for row in rows:
        found.setdefault(row.work_id, []).append(row)
    return found
