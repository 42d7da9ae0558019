"""Byte ranges of RFC 9110, pure: what part of a file a request asks for (recipes.md B5)."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,18})[ \t]*-[ \t]*([0-9]{0,18})[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """Bytes `start` up to but not including `stop`."""

    start: int
    stop: int


class Unsatisfiable(NamedTuple):
    """A well-formed range that lies outside the file: 416."""

    size: int


def parse_range(header: str, size: int) -> Span | Unsatisfiable | None:
    """The one range of a `Range` header. None = the whole file.

    Several ranges, other units and nonsense are ignored, the friendlier reading of RFC 9110.
    """
    match = _ONE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        return Span(max(0, size - length), size) if length and size else Unsatisfiable(size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        return Unsatisfiable(size)
    return Span(start, min(size, int(last) + 1) if last else size)
