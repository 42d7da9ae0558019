"""The frames of `bindery.live.v1` (ui.md 7.3), tagged by `t`."""

from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

SUBPROTOCOL = "bindery.live.v1"
VERSION = 1
HEARTBEAT_S = 25
MAX_FRAME = 256 * 1024
"""Bytes of a frame from the server; what is larger is split between rows."""
MAX_CLIENT_FRAME = 16 * 1024


class User(msgspec.Struct, frozen=True):
    """Who the server takes the other end for; without an account `id` is null."""

    id: int | None
    name: str
    role: str


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    """First frame. `epoch` names this run of the server; `hb` in seconds."""

    v: int
    server: str
    epoch: str
    user: User
    now: str
    hb: int
    topics: list[str]


class SnapData(msgspec.Struct, frozen=True):
    """The rows of a topic, and what is said about the topic as a whole."""

    rows: list[Raw]
    meta: dict[str, Any]


class Snap(msgspec.Struct, frozen=True, tag_field="t", tag="snap"):
    """Full state. `part` of `parts` counts from 1; applied as one on the last."""

    topic: str
    seq: int
    data: SnapData
    part: int | UnsetType = UNSET
    parts: int | UnsetType = UNSET


class Delta(msgspec.Struct, frozen=True, tag_field="t", tag="delta"):
    """Changes since `prev`; applies only if `prev` is the client's own seq."""

    topic: str
    prev: int
    seq: int
    put: list[Raw] | UnsetType = UNSET
    patch: list[dict[str, Any]] | UnsetType = UNSET
    gone: list[str | int] | UnsetType = msgspec.field(default=UNSET, name="del")
    meta: dict[str, Any] | UnsetType = UNSET


class Event(msgspec.Struct, frozen=True, tag_field="t", tag="event"):
    """One item of a feed; the same `id` may come again after a reconnect."""

    topic: str
    seq: int
    id: str
    name: str
    at: str
    data: Any


class Inval(msgspec.Struct, frozen=True, tag_field="t", tag="inval"):
    """These keys changed; `*` = anything. Without keys it only tells the seq."""

    topic: str
    seq: int
    keys: list[str]


class Gap(msgspec.Struct, frozen=True, tag_field="t", tag="gap"):
    """Something was lost: a snap follows for state topics, feeds refetch by REST."""

    topic: str
    reason: str


class Err(msgspec.Struct, frozen=True, tag_field="t", tag="err", omit_defaults=True):
    """The answer to a frame that cannot be served; `code` is of ui.md 7.3."""

    code: str
    message: str
    id: int | None = None
    topic: str | None = None


class Heartbeat(msgspec.Struct, frozen=True, tag_field="t", tag="hb"):
    """Sent after 25 s of silence."""

    now: str


class Cursor(msgspec.Struct, frozen=True):
    """How far a client has come, in which run of the server."""

    epoch: str
    seq: int


class Sub(msgspec.Struct, frozen=True, tag_field="t", tag="sub"):
    """Subscribe; null instead of a cursor asks for the snapshot."""

    id: int
    topics: dict[str, Cursor | None]
    opts: dict[str, Any] = {}


class Unsub(msgspec.Struct, frozen=True, tag_field="t", tag="unsub"):
    """End subscriptions."""

    id: int
    topics: list[str]


class Opts(msgspec.Struct, frozen=True, tag_field="t", tag="opts"):
    """Change the options of a topic; no topic of today has any."""

    topic: str


class Vis(msgspec.Struct, frozen=True, tag_field="t", tag="vis"):
    """Whether the page can be seen."""

    visible: bool


class Ok(msgspec.Struct, frozen=True, tag_field="t", tag="ok"):
    """Credit for a feed: everything up to `seq` was taken in."""

    topic: str
    seq: int


ClientFrame: TypeAlias = Sub | Unsub | Opts | Vis | Ok

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(ClientFrame).decode
