"""A catalogue sync, page by page: each step is one unit of merges (metadata.md 11).

A refresh is a diff: known books keep their monitoring, their edits and their state. What a filter
left out is counted with samples, so that a person can see why a book is not there.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias, cast

import msgspec

from bindery.domain import languages
from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.moments import iso
from bindery.domain.monitor import discovers
from bindery.domain.offers import BookFormat
from bindery.domain.principal import By
from bindery.domain.refusal import Params
from bindery.domain.text import fold
from bindery.operations import editions
from bindery.operations.catalogue import TitleIndex, find_work, person_in, work_in
from bindery.operations.monitoring import apply_mode_in, search_new_in
from bindery.operations.settings import languages_allowed, unknown_language_fails
from bindery.store import attention, authors, books, covers
from bindery.store.authors import AuthorRow
from bindery.store.books import FORMATS
from bindery.store.commands import SWEEP
from bindery.store.tx import NewEvent, Tx

Reason: TypeAlias = Literal["Junk", "Language", "MediaType", "NotAccepted"]
SAMPLES = 5
SYNC_FAILED = "author_sync_failed"
AT_THE_END = ("latest", "first")
"""Modes that must have seen every work."""


class CoverFetch(msgspec.Struct, frozen=True, rename="camel"):
    """Payload of `cover.fetch`."""

    cover_id: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One sync. `since` is when it was asked for (µs): books added later are its own."""

    author_id: int
    since: int
    search: bool
    by: By
    trace: str = ""


class Sample(msgspec.Struct, frozen=True):
    """A work that was left out."""

    title: str
    language: str


class Tally:
    """What a run has seen so far; lives with the run and ends as the author's `lastSync`."""

    def __init__(self) -> None:
        self.total = 0
        self.added: list[int] = []
        self.skipped: Counter[str] = Counter()
        self.samples: dict[str, list[Sample]] = {}
        self.seen: set[str] = set()

    def skip(self, reason: Reason, record: WorkRecord) -> None:
        """One work was left out."""
        self.skipped[reason] += 1
        kept = self.samples.setdefault(reason, [])
        if len(kept) < SAMPLES:
            kept.append(Sample(record.title, record.language))

    def copy(self) -> "Tally":
        """Another one that says the same."""
        twin = Tally()
        twin.total, twin.added, twin.seen = self.total, list(self.added), set(self.seen)
        twin.skipped = Counter(self.skipped)
        twin.samples = {reason: list(rows) for reason, rows in self.samples.items()}
        return twin

    def summary(self, allowed: Sequence[str], completed_at: str) -> dict[str, object]:
        """`AuthorSyncSummary` (catalogue.md 1.1)."""
        found: dict[str, object] = {
            "completedAt": completed_at,
            "total": self.total,
            "added": len(self.added),
            "skippedLanguage": self.skipped["Language"],
            "skippedJunk": self.skipped["Junk"],
            "skippedMediaType": self.skipped["MediaType"],
        }
        if self.skipped["NotAccepted"]:
            found["skippedNotAccepted"] = self.skipped["NotAccepted"]
        if self.skipped["Language"]:
            found["allowedLanguages"] = list(allowed)
        for reason, rows in self.samples.items():
            found[f"skipped{reason}Sample"] = rows
        return found


def profile_in(tx: Tx, author_id: int, record: PersonRecord) -> bool:
    """What the provider says of the author itself. False: the author is gone."""
    author = authors.author_for_sync(tx, author_id)
    if author is None:
        return False
    person_in(tx, record, author.person_id)
    now = authors.author_for_sync(tx, author_id)
    want_covers_in(tx, author.library_id, [now.cover_url] if now and now.cover_url else [])
    return True


def works_in(tx: Tx, run: Run, records: Sequence[WorkRecord], tally: Tally) -> Tally | None:
    """Merge some works; new ones become books where the author takes them.

    Answers the tally with these works; None when the author is gone. `tally` itself is not
    touched: the unit may run twice.
    """
    author = authors.author_for_sync(tx, run.author_id)
    if author is None:
        return None
    after = tally.copy()
    page = _Page(tx, author)
    added = [
        book_id
        for record in records
        if record.ref not in after.seen and (book_id := page.take_in(tx, run, record, after))
    ]
    after.added += added
    if added and author.mode not in AT_THE_END:
        watch_new_in(tx, run, author, added)
    want_covers_in(tx, author.library_id, page.covers)
    return after


class _Page:
    """What the records of one unit are judged by."""

    def __init__(self, tx: Tx, author: AuthorRow) -> None:
        self.author = author
        self.index = TitleIndex(tx, author.person_id)
        self.allowed = languages_allowed(tx)
        self.strict = unknown_language_fails(tx)
        self.accepts = accepts_new(author)
        self.covers: list[str] = []

    def take_in(self, tx: Tx, run: Run, record: WorkRecord, tally: Tally) -> int | None:
        """Merge one record; answers the book it made, None when it made none."""
        tally.seen.add(record.ref)
        tally.total += 1
        library = self.author.library_id
        known = find_work(tx, record, self.index)
        held = known is not None and books.find_book_of_work(tx, library, known) is not None
        if not held:
            reason = self._left_out(record)
            if reason is not None:
                tally.skip(reason, record)
                return None
            if known is not None and authors.took_out_since(
                tx, library, known, self.author.created_at
            ):
                return None
        work_id = work_in(tx, record, self.author.person_id, self.index).id
        if record.cover is not None:
            self.covers.append(record.cover.url)
        if held:
            return None
        book_id, new = books.add_book_in(
            tx,
            library,
            work_id,
            self.author.id,
            wanted=formats_of(self.author.media),
            monitored=False,
            by=run.by,
        )
        return book_id if new else None

    def _left_out(self, record: WorkRecord) -> Reason | None:
        title = fold(record.title)
        if not title or title == fold(self.author.name):
            return "Junk"
        if not languages.allowed(record.language, self.allowed, unknown_fails=self.strict):
            return "Language"
        return None if self.accepts else "NotAccepted"


def accepts_new(author: AuthorRow) -> bool:
    """Whether a sync may create books; the first one of an entry always may."""
    populated = author.sync_summary is not None
    return discovers(
        new_items=author.new_items,
        populated=populated,
        author_monitored=author.monitored,
        first_sync=not populated,
    )


def watch_new_in(tx: Tx, run: Run, author: AuthorRow, added: Sequence[int]) -> None:
    """New books are watched as the mode says, and searched for where that was asked."""
    apply_mode_in(tx, author, set(added))
    if run.search and author.monitored:
        search_new_in(tx, author.library_id, list(added), run.by, run.trace)


def finish_in(tx: Tx, run: Run, tally: Tally) -> bool:
    """The last page is in. False: the author is gone."""
    author = authors.author_for_sync(tx, run.author_id)
    if author is None:
        return False
    rows = books.books_by_id(
        tx,
        (author.library_id,),
        authors.book_ids_of(tx, author.id, include_excluded=True),
    )
    # Not from memory: a restart in the middle forgets what earlier units added.
    added = [row.id for row in rows if row.added_at >= run.since]
    if author.mode in AT_THE_END:
        watch_new_in(tx, run, author, added)
    editions.want_in(tx, [row.id for row in rows], run.by, run.trace)
    first = author.sync_summary is None
    summary = {**tally.summary(languages_allowed(tx), iso(tx.now_us)), "added": len(added)}
    authors.store_sync_in(tx, author.id, summary)
    attention.clear_in(tx, f"author:{author.id}", SYNC_FAILED)
    if first or added:
        event = NewEvent(
            type="authorSynced",
            by=run.by,
            trace=run.trace,
            library=author.library_id,
            author_id=author.id,
            source_title=author.name,
            params={"total": tally.total, "added": len(added)},
        )
        tx.record(event)
    for row in () if first else (row for row in rows if row.id in added):
        tx.record(
            NewEvent(
                type="bookAdded",
                by=run.by,
                trace=run.trace,
                library=author.library_id,
                author_id=author.id,
                book_id=row.id,
                source_title=row.title,
            )
        )
    return True


def failed_in(tx: Tx, run: Run, code: str, params: Params) -> None:
    """Nobody could tell what the author wrote: a person should know."""
    author = authors.author_for_sync(tx, run.author_id)
    if author is not None:
        attention.raise_in(
            tx,
            SYNC_FAILED,
            f"author:{author.id}",
            params={**params, "code": code, "author": author.name},
            action="refresh_author",
            library=author.library_id,
        )


def want_covers_in(tx: Tx, library: int, urls: Sequence[str]) -> None:
    """Have these pictures fetched, where we do not have them yet."""
    for cover_id in covers.wanted_of(tx, [url for url in dict.fromkeys(urls) if url]):
        tx.enqueue(
            "cover.fetch",
            CoverFetch(cover_id),
            key=str(cover_id),
            priority=SWEEP,
            library=library,
        )


def formats_of(media: str) -> tuple[BookFormat, ...]:
    """The formats behind a media type."""
    return FORMATS if media == "both" else (cast("BookFormat", media),)
