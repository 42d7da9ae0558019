"""What leaves the server: one Struct per object, shared by the REST routes and the live topics.

Keys are camelCase on the wire and snake_case here. Request bodies live beside their operation or
in `http/schemas`.
"""

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of every object that leaves the server."""


class Reason(Wire, frozen=True, kw_only=True):
    """A stable code and the values behind it; the browser makes the sentence."""

    code: str
    params: dict[str, object] = {}
    text: str = ""
    """English, for tools and for codes that the browser does not know yet."""
