"""Topic `activity`: the history as it grows (ui.md 7.4), and its rows for `GET /history`."""

from collections.abc import Sequence

import msgspec

from bindery.domain.moments import iso
from bindery.domain.picture_links import proxied
from bindery.domain.principal import Scope
from bindery.domain.redaction import strip_secrets
from bindery.domain.wire.history import BookRef, HistoryEvent
from bindery.live.topic import FeedItem, Id, Topic
from bindery.store import events
from bindery.store.events import Event
from bindery.store.store import Store

NAMES = {
    "grabbed": "release.grabbed",
    "downloadFailed": "download.state",
    "downloadStalled": "download.state",
    "downloadRequeued": "download.state",
    "bookImported": "import.succeeded",
    "importFailed": "import.failed",
    "importBlocked": "import.blocked",
    "bookFileDeleted": "file.deleted",
    "bookFileUpgraded": "file.upgraded",
    "bookRenamed": "file.renamed",
    "bookAdded": "book.added",
    "bookDeleted": "book.removed",
    "authorSynced": "author.synced",
}
"""What the wire's event types are called on the live feed; others keep their name."""

_FACTS = ("guid", "indexer", "client", "protocol", "format", "quality", "size", "code")


def event_wire(row: Event, base: str) -> HistoryEvent:
    """One event; release facts appear in `details` too, where old clients look for them.

    `base` is the URL base, for the link to the cover.
    """
    facts = {name: getattr(row, name) for name in _FACTS if getattr(row, name) not in ("", None)}
    if "guid" in facts:
        facts["guid"] = strip_secrets(row.guid)
    details: dict[str, object] = {**facts, **row.params}
    book = None
    if row.book_id is not None and row.book_title is not None:
        book = BookRef(
            id=row.book_id,
            title=row.book_title,
            author_id=row.author_id,
            author_name=row.author_name or "",
        )
    return HistoryEvent(
        id=row.id,
        book_id=row.book_id,
        event_type=row.type,
        source_title=row.source_title,
        data=msgspec.json.encode(details).decode(),
        details=details,
        created_at=iso(row.at),
        book=book,
        image_url=proxied(base, row.cover_url),
        author_id=row.author_id,
        download_id=row.download_id,
        indexer=row.indexer,
        client=row.client,
        protocol=row.protocol,
        format=row.format,
        quality=row.quality,
        size=row.size,
        code=row.code,
        by=row.username,
        trace=row.trace,
    )


def activity_topic(store: Store, base: str) -> Topic:
    """The feed for the hub; marks are event ids. Hidden events are nobody's news."""

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[FeedItem]:
        wanted = [int(mark) for mark in ids]
        rows = store.read(lambda reader: events.events_by_id(reader, scope, wanted))
        return [
            FeedItem(
                mark=row.id,
                id=f"ev-{row.id}",
                name=NAMES.get(row.type, row.type),
                at=iso(row.at),
                data=event_wire(row, base),
            )
            for row in reversed(rows)
        ]

    return Topic(kind="feed", render=render)
