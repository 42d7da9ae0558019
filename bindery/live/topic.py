"""What a topic is: who may see it and how its rows are made (ui.md 7.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from bindery.domain.principal import Scope

Id: TypeAlias = str | int
EVERYBODY = 0
"""Marked instead of a library (or user): concerns every scope."""
NOBODY = -1
"""Where a user's id is expected: the household without accounts."""
META: Id = ""
"""Marked instead of a row's id: what the topic says as a whole changed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a topic in one scope. Rows are Structs or mappings with an `id`."""

    rows: Sequence[Any]
    meta: dict[str, Any] = field(default_factory=dict[str, Any])


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a feed. `mark` is the id that was marked for it; one mark may give several.

    `id` is the client's key against repeats, `at` RFC 3339.
    """

    mark: Id
    id: str
    name: str
    at: str
    data: Any


Render: TypeAlias = Callable[[str, Sequence[Id], Scope], Sequence[Any]]
TakeSnapshot: TypeAlias = Callable[[str, Scope], Snapshot | None]


def _same(mark: Id) -> Id:
    return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, or with `entity` a family of them, `<name>:<id>`.

    `render(name, ids, scope)` gives the rows of these ids, in any order, of a state topic (an id
    without a row is gone), or the `FeedItem`s of a feed; all must come from one statement.
    `snapshot(name, scope)` gives the state, or for a feed the items so far; None means there is
    no such thing in this scope. `wire_id` turns a marked id into that of the row.

    `audience`: `library` = one stream per scope of libraries; `user` = one per user, whose id
    then stands where a library id is expected; `caller` = one per user and scope, the scope headed
    by the user's id (or `NOBODY`); `all` = one for everybody, with an empty scope.
    """

    kind: Literal["state", "feed", "notify"]
    render: Render | None = None
    snapshot: TakeSnapshot | None = None
    meta: Callable[[str, Scope], dict[str, Any]] | None = None
    wire_id: Callable[[Id], Id] = _same
    entity: bool = False
    admin_only: bool = False
    audience: Literal["library", "user", "caller", "all"] = "library"
