"""What a notification says: the flat body of a webhook (identity-and-system.md 8.7). Pure."""

from collections.abc import Mapping

import msgspec

Body = dict[str, object]

_TITLES = {
    "grabbed": "Release Grabbed",
    "bookImported": "Book Imported",
    "upgrade": "Book Upgraded",
    "downloadFailed": "Download Failed",
    "importFailed": "Download Failed",
    "importBlocked": "Download Failed",
    "health": "Download Client Unhealthy",
    "test": "Bindery Test",
}
_WIRE_TYPE = {
    "importFailed": "downloadFailed",
    "importBlocked": "downloadFailed",
    "bookFileUpgraded": "upgrade",
}
_TEST = "Bindery notification test"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a notification needs it. `item` is the book's title, else the release's."""

    type: str
    item: str = ""
    author: str = ""
    format: str = ""
    size: int | None = None
    path: str = ""
    reason: str = ""
    client: str = ""
    ids: Mapping[str, int] = {}
    """`bookId`, `authorId`, `downloadId`, `clientId`, as far as there are any."""


TEST = Notice(type="test")


def body_of(notice: Notice) -> Body:
    """The keys in the order that old receivers know, ids after them."""
    kind = _WIRE_TYPE.get(notice.type, notice.type)
    body: Body = {"eventType": kind, "title": _TITLES.get(kind, "Bindery")}
    body["message"] = body["body"] = _message(kind, notice) or body["title"]
    if notice.item:
        body["item"] = notice.item
    if kind == "grabbed":
        body["size"] = notice.size or 0
        body["author"] = notice.author
    if notice.format and kind in {"bookImported", "upgrade"}:
        body["format"] = body["mediaFormat"] = notice.format
    if notice.path and notice.format == "audiobook":
        body["path"] = notice.path
    if kind == "health":
        body["status"] = "error"
    return {**body, **notice.ids}


def _message(kind: str, notice: Notice) -> str:
    match kind:
        case "test":
            return _TEST
        case "grabbed":
            return " · ".join(part for part in (notice.item, notice.author) if part)
        case "bookImported" | "upgrade":
            return f"{notice.item} ({notice.format})" if notice.format else notice.item
        case "downloadFailed":
            return ": ".join(part for part in (notice.item, notice.reason) if part)
        case "health":
            return ": ".join(part for part in (notice.client, notice.reason) if part)
        case _:
            return notice.reason
