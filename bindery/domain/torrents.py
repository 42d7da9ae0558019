"""Info-hashes of torrents and magnets (BEP 3, BEP 9, BEP 52; downloads-and-import.md 2.0).

The hash is taken over the exact bytes of the top-level `info` value; nothing is encoded again.
"""

import base64
import binascii
import hashlib
import re
from urllib.parse import parse_qsl, unquote

import msgspec

DEEPEST = 64
_HEX40 = re.compile(r"[0-9a-fA-F]{40}")
_HEX64 = re.compile(r"1220([0-9a-fA-F]{64})")
_BASE32 = re.compile(r"[A-Za-z2-7]{32}")
_NUMBER = re.compile(rb"-?[0-9]{1,19}")


class Hashes(msgspec.Struct, frozen=True):
    """Lower-case hex; v1 has 40 letters, v2 has 64."""

    v1: str | None = None
    v2: str | None = None

    def known_as(self) -> frozenset[str]:
        """Every spelling a client may show: both, and v2 cut to the length of v1."""
        return frozenset(
            text for text in (self.v1, self.v2, self.v2[:40] if self.v2 else None) if text
        )


class TorrentFacts(msgspec.Struct, frozen=True):
    """What we read of a torrent file before handing it on."""

    hashes: Hashes
    name: str
    size: int | None


class _Bad(Exception):
    """Not bencode."""


class _Walker:
    """Bencode in one pass over the bytes, by positions; values are decoded only when wanted."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def string(self, at: int) -> tuple[bytes, int]:
        colon = self.data.find(b":", at, at + 12)
        digits = self.data[at:colon] if colon > at else b""
        if not digits.isdigit() or (len(digits) > 1 and digits[:1] == b"0"):
            raise _Bad
        end = colon + 1 + int(digits)
        if end > len(self.data):
            raise _Bad
        return self.data[colon + 1 : end], end

    def integer(self, at: int) -> tuple[int, int]:
        end = self.data.find(b"e", at, at + 24)
        if end < 0 or not _NUMBER.fullmatch(self.data, at + 1, end):
            raise _Bad
        return int(self.data[at + 1 : end]), end + 1

    def skip(self, at: int, depth: int) -> int:
        """Position after the value at `at`."""
        if depth > DEEPEST:
            raise _Bad
        kind = self.data[at : at + 1]
        if kind == b"i":
            return self.integer(at)[1]
        if kind in {b"l", b"d"}:
            at += 1
            while self.data[at : at + 1] != b"e":
                if kind == b"d":
                    at = self.string(at)[1]
                at = self.skip(at, depth + 1)
            return at + 1
        return self.string(at)[1]

    def slices(self, at: int, depth: int) -> dict[bytes, tuple[int, int]]:
        """Start and end of every value of the dictionary at `at`; the first of equal keys wins."""
        if self.data[at : at + 1] != b"d":
            raise _Bad
        found: dict[bytes, tuple[int, int]] = {}
        at += 1
        while self.data[at : at + 1] != b"e":
            key, at = self.string(at)
            end = self.skip(at, depth + 1)
            found.setdefault(key, (at, end))
            at = end
        return found


def read_torrent(data: bytes) -> TorrentFacts | None:
    """Hashes, name and size of a .torrent file; None when it is not one.

    v2 is computed when `meta version` is 2; v1 unless the torrent is v2 only (no `pieces`).
    """
    walker = _Walker(data)
    try:
        top = walker.slices(0, 1)
        if b"info" not in top:
            return None
        start, end = top[b"info"]
        info = walker.slices(start, 2)
        second = b"meta version" in info and walker.integer(info[b"meta version"][0])[0] == 2
        name = walker.string(info[b"name"][0])[0] if b"name" in info else b""
        size = _size(walker, info)
    except (_Bad, RecursionError):
        return None
    raw = data[start:end]
    first = not second or b"pieces" in info
    return TorrentFacts(
        hashes=Hashes(
            v1=hashlib.sha1(raw, usedforsecurity=False).hexdigest() if first else None,
            v2=hashlib.sha256(raw).hexdigest() if second else None,
        ),
        name=name.decode("utf-8", "replace")[:500],
        size=size,
    )


def _size(walker: _Walker, info: dict[bytes, tuple[int, int]]) -> int | None:
    if b"length" in info:
        return walker.integer(info[b"length"][0])[0]
    if b"files" not in info:
        return None
    at = info[b"files"][0]
    if walker.data[at : at + 1] != b"l":
        return None
    at, total = at + 1, 0
    while walker.data[at : at + 1] != b"e":
        file = walker.slices(at, 4)
        if b"length" in file:
            total += walker.integer(file[b"length"][0])[0]
        at = walker.skip(at, 4)
    return total


def magnet_hashes(magnet: str) -> Hashes:
    """Hashes of every `xt` of a magnet link; none when it has none that we know."""
    _scheme, _, query = magnet.partition("?")
    first: str | None = None
    second: str | None = None
    for name, value in parse_qsl(query, max_num_fields=None):
        if name.lower() != "xt" and not re.fullmatch(r"xt\.\d+", name.lower()):
            continue
        topic = unquote(value).strip()
        if topic.lower().startswith("urn:btih:"):
            first = first or _btih(topic[9:])
        elif topic.lower().startswith("urn:btmh:"):
            second = second or _btmh(topic[9:])
    return Hashes(first, second)


def _btih(text: str) -> str | None:
    if _HEX40.fullmatch(text):
        return text.lower()
    if _BASE32.fullmatch(text):
        return base64.b32decode(text.upper()).hex()
    return None


def _btmh(text: str) -> str | None:
    found = _HEX64.fullmatch(text)
    if found is None and re.fullmatch(r"[A-Za-z2-7]{55}", text):
        try:
            found = _HEX64.fullmatch(base64.b32decode(text.upper() + "=").hex())
        except binascii.Error:
            return None
    return found[1].lower() if found else None


def magnet_name(magnet: str) -> str:
    """The display name of a magnet link; may be empty."""
    pairs = parse_qsl(magnet.partition("?")[2])
    return next((value for name, value in pairs if name == "dn"), "")[:500]
