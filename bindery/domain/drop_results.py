"""Which entry of a watched folder is the result of what we dropped, and how far it is.

Programs name results after the NZB's file, which carries our token, or after the torrent's own
name; while they work they mark names with prefixes and suffixes of their own.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec

from bindery.domain.transfers import RemoteState

SETTLE_S = 30.0
"""So long nothing of a result may have changed before it counts as whole."""
_PREFIX = re.compile(r"\A_(unpack|failed)_", re.IGNORECASE)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_GROWING = (
    ".part",
    ".!qb",
    ".!ut",
    ".bc!",
    ".crdownload",
    ".incomplete",
    ".tmp",
    ".aria2",
)


class Result(msgspec.Struct, frozen=True):
    """An entry of the folder; `mark` is what the program says of it by its name."""

    name: str
    mark: Literal["", "unpack", "failed"] = ""


def result_of(token: str, expected: Sequence[str], entries: Sequence[str]) -> Result | None:
    """The entry that belongs to a token: one that carries it, else one of an expected name, with
    or without an extension. None when there is none yet, or when several fit equally well.
    """
    wanted = {_folded(name) for name in expected if _folded(name)}
    ranks: list[list[Result]] = [[], [], []]
    for entry in entries:
        found = _PREFIX.match(entry)
        bare = entry[found.end() :] if found else entry
        mark = found[1].lower() if found else ""
        result = Result(entry, "unpack" if mark == "unpack" else "failed" if mark else "")
        plain = _without_growing(bare)
        if re.search(rf"\.bindery-{re.escape(token)}(?![A-Za-z0-9_-])", bare):
            ranks[0].append(result)
        elif _folded(plain) in wanted:
            ranks[1].append(result)
        elif _folded(_SUFFIX.sub("", plain)) in wanted:
            ranks[2].append(result)
    for rank in ranks:
        if rank:
            return rank[0] if len(rank) == 1 else None
    return None


def growing(name: str) -> bool:
    """Whether a program says by a file's name that it is not whole."""
    return name.casefold().endswith(_GROWING)


def read_state(result: Result | None, *, dropped_is_there: bool, still_s: float) -> RemoteState:
    """Decide from the result, whether our file still lies where it was dropped, and for how long
    nothing of the result changed (negative: something of it is marked as growing).
    """
    if result is None:
        return RemoteState.QUEUED if dropped_is_there else RemoteState.DOWNLOADING
    if result.mark == "failed":
        return RemoteState.FAILED
    if result.mark == "unpack" or still_s < SETTLE_S:
        return RemoteState.DOWNLOADING
    return RemoteState.COMPLETE


def _without_growing(name: str) -> str:
    low = name.casefold()
    return next((name[: -len(end)] for end in _GROWING if low.endswith(end)), name)


def _folded(name: str) -> str:
    """Letters and digits alone: programs replace what file systems do not take."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in text if letter.isalnum())
