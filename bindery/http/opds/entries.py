"""Rows of the shelf as entries (catalogue.md 7.3, 7.4 and their corrections in 7.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bindery.domain.media_types import ZIP, extension_of, media_type
from bindery.domain.moments import iso
from bindery.domain.plain_text import plain_text
from bindery.http.opds.addresses import Addresses
from bindery.http.opds.document import ACQ, ENTRY_TYPE, Entry, Link, Person
from bindery.store.opds import ShelfAuthor, ShelfBook, ShelfFile, ShelfPart, ShelfSeries

IMAGE = "http://opds-spec.org/image"
THUMBNAIL = "http://opds-spec.org/image/thumbnail"
ACQUISITION = "http://opds-spec.org/acquisition"
THUMBNAIL_WIDTH = 160
_SUMMARY = 500
_PICTURES = {"png": "image/png", "gif": "image/gif", "webp": "image/webp"}
_UNITS = ("B", "KB", "MB", "GB", "TB")


def author_entry(at: Addresses, author: ShelfAuthor) -> Entry:
    """An author in the list of authors."""
    name = author.name or author.sort_name or "Unknown author"
    link = Link("subsection", at.to(f"/opds/authors/{author.id}"), ACQ, name)
    return Entry(
        id=f"urn:bindery:author:{author.id}",
        title=name,
        updated=iso(author.changed_at),
        content=plain_text(author.description) or name,
        links=[link],
    )


def series_entry(at: Addresses, series: ShelfSeries) -> Entry:
    """A series in the list of series."""
    title = series.title or "Untitled series"
    link = Link("subsection", at.to(f"/opds/series/{series.id}"), ACQ, title)
    return Entry(
        id=f"urn:bindery:series:{series.id}",
        title=title,
        updated=iso(series.changed_at),
        content=plain_text(series.description) or title,
        links=[link],
    )


def book_entry(at: Addresses, book: ShelfBook, *, series_id: int | None = None) -> Entry:
    """A book. In the feed of a series its title begins with the number."""
    title = book.title or "Untitled"
    position = next((part.position for part in book.series if part.id == series_id), "")
    description = plain_text(book.description)
    told = [_in_series(part) for part in book.series]
    return Entry(
        id=f"urn:bindery:book:{book.id}",
        title=f"{position}. {title}" if position else title,
        updated=iso(book.changed_at),
        published=iso(book.imported_at),
        authors=_authors(at, book),
        contributors=[Person(one.name) for one in book.people if one.role != "author"],
        summary=_shortened(description),
        content="\n\n".join(text for text in (book.subtitle, *told, description) if text),
        categories=book.genres,
        language=book.language,
        issued=book.released,
        publisher=book.publisher or "",
        identifiers=[f"urn:isbn:{isbn}" for isbn in book.isbns],
        links=[*_covers(at, book), *_acquisitions(at, book), *_related(at, book, title)],
    )


def _authors(at: Addresses, book: ShelfBook) -> list[Person]:
    found = [
        Person(one.name, _author_uri(at, one.author_id))
        for one in book.people
        if one.role == "author"
    ]
    if found or not book.author_name:
        return found
    return [Person(book.author_name, _author_uri(at, book.author_id))]


def _author_uri(at: Addresses, author_id: int | None) -> str:
    return "" if author_id is None else at.to(f"/opds/authors/{author_id}")


def _in_series(part: ShelfPart) -> str:
    return f"Series: {part.title} ({part.position})" if part.position else f"Series: {part.title}"


def _shortened(text: str) -> str:
    """The beginning of a description, cut between words."""
    if len(text) <= _SUMMARY:
        return text
    return text[:_SUMMARY].rpartition(" ")[0].rstrip(" ,.;:") + " …"


def _covers(at: Addresses, book: ShelfBook) -> list[Link]:
    url = book.cover_url
    if not url:
        return []
    whole = _PICTURES.get(extension_of(url.partition("?")[0]), "image/jpeg")
    return [
        Link(IMAGE, at.to("/opds/images", url=url), whole),
        Link(THUMBNAIL, at.to("/opds/images", url=url, w=THUMBNAIL_WIDTH), "image/webp"),
    ]


def _acquisitions(at: Addresses, book: ShelfBook) -> list[Link]:
    """One link per format on the shelf; several ebook files are several formats."""
    ebooks = [file for file in book.files if file.format == "ebook"]
    tracks = [file for file in book.files if file.format == "audiobook"]
    links = [
        _acquisition(at, book, [file], file_id=file.id if len(ebooks) > 1 else None)
        for file in ebooks
    ]
    return [*links, _acquisition(at, book, tracks)] if tracks else links


def _acquisition(
    at: Addresses, book: ShelfBook, files: Sequence[ShelfFile], file_id: int | None = None
) -> Link:
    """The download's own name ends the path: some readers know a book by its extension."""
    first = files[0]
    if len(files) > 1:
        name, kind, label, length = f"{book.title or book.id}.zip", ZIP, "Audiobook ZIP", None
    else:
        name, kind = first.path.rpartition("/")[2], media_type(first.path)
        label, length = extension_of(first.path).upper() or first.format, first.size
    size = sum(file.size for file in files)
    path = f"/opds/book/{book.id}/file/{name.replace('/', '_')}"
    chosen = None if file_id is not None else first.format
    href = at.to(path, format=chosen, fileId=file_id)
    return Link(ACQUISITION, href, kind, f"{label} · {human_size(size)}", length)


def human_size(size: int) -> str:
    """`1234567` -> `1.2 MB`."""
    number, unit = float(size), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if unit else f"{size} B"


def _related(at: Addresses, book: ShelfBook, title: str) -> Iterable[Link]:
    yield Link("alternate", at.to(f"/opds/book/{book.id}/entry"), ENTRY_TYPE, title)
    yield Link("alternate", f"{at.origin}{at.base}/book/{book.id}", "text/html", title)
    for part in book.series:
        yield Link("related", at.to(f"/opds/series/{part.id}"), ACQ, part.title)
