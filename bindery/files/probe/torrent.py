"""Listing a .torrent file: names, sizes, hashes (BEP 3, 12, 27, 47, 52). Pure and bounded."""

from __future__ import annotations

import hashlib
import re
from typing import TypeAlias

from bindery.domain.media import ListedFile, TorrentListing
from bindery.files.probe.zips import is_unsafe

MAX_SIZE = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 2_000_000
MAX_FILES = 50_000
MAX_PATH = 4096

Value: TypeAlias = "int | bytes | list[Value] | dict[bytes, Value]"
_INT = re.compile(rb"i(-?\d{1,20})e")
_LENGTH = re.compile(rb"(\d{1,10}):")


class Malformed(ValueError):
    """Not bencode, or beyond the bounds."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_VALUES
        self.info = (0, 0)

    def read(self) -> Value:
        value, end = self._value(0, 0)
        # Some makers append a line feed; anything longer is no torrent.
        if len(self._data) - end > 2:
            raise Malformed("data after the end")
        return value

    def _value(self, at: int, depth: int) -> tuple[Value, int]:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise Malformed("too deep or too many values")
        kind = self._data[at : at + 1]
        if kind == b"i":
            match = _INT.match(self._data, at)
            if match is None:
                raise Malformed("bad integer")
            return int(match[1]), match.end()
        if kind == b"l":
            return self._list(at + 1, depth)
        if kind == b"d":
            return self._dict(at + 1, depth)
        return self._bytes(at)

    def _bytes(self, at: int) -> tuple[bytes, int]:
        match = _LENGTH.match(self._data, at)
        if match is None:
            raise Malformed("bad value")
        end = match.end() + int(match[1])
        if end > len(self._data):
            raise Malformed("string beyond the end")
        return self._data[match.end() : end], end

    def _list(self, at: int, depth: int) -> tuple[list[Value], int]:
        values: list[Value] = []
        while self._data[at : at + 1] != b"e":
            value, at = self._value(at, depth + 1)
            values.append(value)
        return values, at + 1

    def _dict(self, at: int, depth: int) -> tuple[dict[bytes, Value], int]:
        values: dict[bytes, Value] = {}
        while self._data[at : at + 1] != b"e":
            key, begin = self._bytes(at)
            value, at = self._value(begin, depth + 1)
            if key in values:
                # Two readers could see two different torrents: the hash would vouch for neither.
                raise Malformed("repeated key")
            values[key] = value
            if depth == 0 and key == b"info":
                self.info = (begin, at)
        return values, at + 1


def list_torrent(data: bytes) -> TorrentListing:
    """Read a torrent. Never raises: `code` says what is wrong with it."""
    if len(data) > MAX_SIZE:
        return TorrentListing(code="torrent_too_large")
    reader = _Reader(data)
    try:
        root = reader.read()
    except Malformed:
        return TorrentListing(code="torrent_malformed")
    info = root.get(b"info") if isinstance(root, dict) else None
    if not isinstance(root, dict) or not isinstance(info, dict):
        return TorrentListing(code="torrent_malformed")
    begin, end = reader.info
    raw = data[begin:end]
    has_v1 = isinstance(info.get(b"pieces"), bytes) and isinstance(info.get(b"piece length"), int)
    has_v2 = info.get(b"meta version") == 2 and isinstance(info.get(b"file tree"), dict)
    name = _text(info.get(b"name.utf-8")) or _text(info.get(b"name"))
    if not has_v1 and not has_v2:
        return TorrentListing(name=name, code="torrent_malformed")
    files, code = _files(info, name)
    return TorrentListing(
        name=name,
        # SHA-1 is what BEP 3 names the torrent by, not a safeguard.
        info_hash_v1=hashlib.sha1(raw, usedforsecurity=False).hexdigest() if has_v1 else "",
        info_hash_v2=hashlib.sha256(raw).hexdigest() if has_v2 else "",
        private=info.get(b"private") == 1,
        trackers=_trackers(root),
        total_size=sum(file.size for file in files),
        files=tuple(files),
        code=code,
    )


def _files(info: dict[bytes, Value], name: str) -> tuple[list[ListedFile], str]:
    found: list[ListedFile] = []
    listed, tree, length = info.get(b"files"), info.get(b"file tree"), info.get(b"length")
    if isinstance(listed, list):
        entries = [entry for entry in map(_entry, listed) if entry is not None]
        if len(entries) != len(listed):
            return [], "torrent_malformed"
        pairs = [(f"{name}/{path}", size, pad) for path, size, pad in entries]
    elif isinstance(length, int):
        pairs = [(name, length, False)]
    elif isinstance(tree, dict):
        pairs = _tree(tree, "", name)
    else:
        return [], "torrent_no_files"
    if len(pairs) > MAX_FILES:
        return [], "torrent_too_many_files"
    for path, size, padding in pairs:
        if padding:
            continue
        if is_unsafe(path) or len(path) > MAX_PATH or any(not p for p in path.split("/")):
            return [], "torrent_unsafe_name"
        if size < 0:
            return [], "torrent_malformed"
        found.append(ListedFile(path=path, size=size))
    return found, "" if found else "torrent_no_files"


def _entry(value: Value) -> tuple[str, int, bool] | None:
    if not isinstance(value, dict):
        return None
    parts = value.get(b"path.utf-8") or value.get(b"path")
    length = value.get(b"length")
    if not isinstance(parts, list) or not parts or not isinstance(length, int):
        return None
    texts = [_text(part) for part in parts]
    if any("/" in text or "\\" in text for text in texts):
        # A separator inside one part is a traversal attempt: keep it visible as unsafe.
        texts = [".."]
    attr = value.get(b"attr")
    return "/".join(texts), length, isinstance(attr, bytes) and b"p" in attr


def _tree(tree: dict[bytes, Value], prefix: str, name: str) -> list[tuple[str, int, bool]]:
    """Files of a v2 file tree. One file of the torrent's own name is a single-file torrent."""
    found: list[tuple[str, int, bool]] = []
    for key, node in tree.items():
        if not isinstance(node, dict):
            continue
        text = _text(key)
        part = ".." if "/" in text or "\\" in text else text
        leaf = node.get(b"")
        if isinstance(leaf, dict):
            length = leaf.get(b"length")
            found.append((f"{prefix}{part}", length if isinstance(length, int) else -1, False))
        else:
            found += _tree(node, f"{prefix}{part}/", name)
        if len(found) > MAX_FILES:
            break
    if not prefix and not (len(found) == 1 and found[0][0] == name):
        return [(f"{name}/{path}", size, pad) for path, size, pad in found]
    return found


def _trackers(root: dict[bytes, Value]) -> int:
    urls: set[bytes] = set()
    announce = root.get(b"announce")
    if isinstance(announce, bytes):
        urls.add(announce)
    tiers = root.get(b"announce-list")
    for tier in tiers if isinstance(tiers, list) else []:
        urls.update(
            url for url in (tier if isinstance(tier, list) else []) if isinstance(url, bytes)
        )
    return len(urls)


def _text(value: Value | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
