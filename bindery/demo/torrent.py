"""Torrents of the demo world (BEP 3, BEP 19): bencoding, pieces, the info-hash."""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

Bencodable: TypeAlias = "int | bytes | str | list[Bencodable] | dict[str, Bencodable]"

PIECE = 65_536


def bencode(value: Bencodable) -> bytes:
    """BEP 3 encoding; keys of dictionaries are sorted."""
    match value:
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%b" % (len(value), value)
        case str():
            return bencode(value.encode())
        case list():
            return b"l" + b"".join(bencode(entry) for entry in value) + b"e"
        case dict():
            pairs = sorted((key.encode(), entry) for key, entry in value.items())
            return b"d" + b"".join(bencode(key) + bencode(entry) for key, entry in pairs) + b"e"


@dataclass(frozen=True)
class Torrent:
    """A torrent and what it carries."""

    name: str
    meta: bytes
    """The .torrent file."""
    info: bytes
    """The bencoded info dictionary."""
    content: bytes
    """All files one after another, as pieces count them."""
    piece_length: int = PIECE

    @property
    def info_hash(self) -> bytes:
        """20 bytes, version 1."""
        return hashlib.sha1(self.info).digest()

    @property
    def pieces(self) -> int:
        return -(-len(self.content) // self.piece_length)


def make_torrent(
    name: str,
    files: dict[str, bytes],
    *,
    web_seed: str = "",
    announce: str = "",
    piece_length: int = PIECE,
) -> Torrent:
    """A version 1 torrent: one file named `name`, or a folder `name` when paths are given.

    A single entry whose path equals `name` makes a single-file torrent. `web_seed` ends with a
    slash for a folder (BEP 19 appends name and path) and is the file's own address otherwise.
    """
    content = b"".join(files.values())
    info: dict[str, Bencodable] = {
        "name": name,
        "piece length": piece_length,
        "pieces": b"".join(
            hashlib.sha1(content[start : start + piece_length]).digest()
            for start in range(0, len(content), piece_length)
        ),
    }
    if list(files) == [name]:
        info["length"] = len(content)
    else:
        info["files"] = [
            {"length": len(data), "path": [*path.split("/")]} for path, data in files.items()
        ]
    meta: dict[str, Bencodable] = {"info": info}
    if announce:
        meta["announce"] = announce
    if web_seed:
        meta["url-list"] = [web_seed]
    return Torrent(name, bencode(meta), bencode(info), content, piece_length)
