"""Which books of an author are watched, by the author's mode (catalogue.md 3.4)."""

from collections.abc import Collection
from datetime import UTC, datetime

from bindery.domain.monitor import MonitorRule, MonitorWork, monitored
from bindery.domain.principal import By
from bindery.operations.search import want_search_in
from bindery.operations.settings import languages_allowed
from bindery.store import authors, books, slots
from bindery.store.authors import AuthorRow
from bindery.store.books import BookRow
from bindery.store.commands import EVENT
from bindery.store.settings_rows import setting
from bindery.store.slots import WantedSlot
from bindery.store.tx import Tx


def apply_mode_in(tx: Tx, author: AuthorRow, only: Collection[int] | None = None) -> int:
    """Watch what the mode says; `only` these books. Answers how many changed."""
    whole = only is None or author.mode in ("latest", "first")
    ids = authors.book_ids_of(tx, author.id, include_excluded=True) if whole else list(only or ())
    rows = books.books_by_id(tx, (author.library_id,), ids)
    chosen = _decide(tx, author, rows)
    changed = 0
    for row in rows:
        if (only is None or row.id in only) and row.monitored != chosen[row.id]:
            books.set_monitored_in(tx, row, chosen[row.id])
            changed += 1
    return changed


def _decide(tx: Tx, author: AuthorRow, rows: list[BookRow]) -> dict[int, bool]:
    series: dict[int, set[str]] = {}
    for place in books.series_of(tx, [row.work_id for row in rows]):
        series.setdefault(place.work_id, set()).add(str(place.series_id))
    rule = MonitorRule(
        mode=author.mode,
        today=today(tx.now_us),
        author_monitored=author.monitored,
        latest=author.latest_n,
        allowed_languages=languages_allowed(tx),
    )
    works = [
        MonitorWork(
            id=row.id,
            title=row.title,
            released=row.released or "",
            language=row.language,
            excluded=row.excluded,
            has_file=row.status == "imported",
            series=frozenset(series.get(row.work_id, ())),
        )
        for row in rows
    ]
    return monitored(works, rule)


def search_slots_in(
    tx: Tx, wanted: list[WantedSlot], cause: str, by: By, *, priority: int = EVENT, trace: str = ""
) -> int:
    """Ask for an automatic search of every slot that misses its file; answers how many."""
    asked = 0
    for slot in wanted:
        if not slot.missing:
            continue
        want_search_in(
            tx,
            slot.id,
            cause=cause,
            by=by,
            library=slot.library_id,
            trace=trace,
            priority=priority,
        )
        asked += 1
    return asked


def search_new_in(tx: Tx, library: int, book_ids: list[int], by: By, trace: str) -> int:
    """Search for books that have just become wanted, if automatic grabbing is on."""
    if not setting(tx, "autoGrab.enabled", default=True):
        return 0
    found = slots.slots_by_id(tx, (library,), slots.slot_ids_of_books(tx, book_ids))
    out = [slot for slot in found if (slot.released or "") <= today(tx.now_us)]
    return search_slots_in(tx, out, "added", by, trace=trace)


def today(now_us: int) -> str:
    """The UTC day, `YYYY-MM-DD`."""
    return datetime.fromtimestamp(now_us // 1_000_000, UTC).date().isoformat()
