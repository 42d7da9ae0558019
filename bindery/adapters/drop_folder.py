"""A folder to drop files into and one to find results in. All of it blocks: call it in a thread.

The record of a drop lies with the results, durable before the drop is visible: the file is written
under a hidden name, then the record, then the rename. So a record whose hidden file is gone says
that the program had its chance to take it.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bindery.adapters.local_data import delete_files
from bindery.adapters.part_files import sync_folder, write_record
from bindery.domain.drop_results import Result, growing, result_of
from bindery.domain.transfers import RemoteFile

RECORDS = ".bindery-drops"
MOST_FILES = 20_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{4,64}")
_RECORD_BYTES = 64 * 1024


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """What must survive `kill -9` of one drop."""

    token: str
    file: str
    """Name of the dropped file."""
    expected: list[str]
    """Names that its result may have."""
    title: str
    category: str = ""
    hashes: list[str] = []
    added_at: int = 0
    """µs UTC."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One drop as the folders show it now."""

    drop: Drop
    waiting: bool
    """Our file was not taken yet."""
    result: Result | None = None
    files: list[RemoteFile] = []
    changed_ns: int = 0
    """The newest change of anything in the result."""
    growing: bool = False


class Folders:
    """Both folders of one client."""

    def __init__(self, drops: Path, results: Path) -> None:
        self.drops = drops
        self.results = results
        self._records = results / RECORDS

    def good_token(self, token: str) -> bool:
        """Whether a token can be the name of a file."""
        return _TOKEN.fullmatch(token) is not None

    def put(self, drop: Drop, data: bytes) -> None:
        """Drop a file, once: what the record knows is not dropped again."""
        if self._read(drop.token) is not None:
            return
        hidden = self._hidden(drop.token)
        write_record(hidden, data)
        hidden.chmod(0o644)  # another program, perhaps another user, must read it
        self._records.mkdir(exist_ok=True)
        write_record(self._records / f"{drop.token}.json", msgspec.json.encode(drop))
        hidden.replace(self.drops / drop.file)
        sync_folder(self.drops)

    def known(self) -> Iterator[Drop]:
        """Every drop that was made."""
        try:
            names = sorted(path.name for path in self._records.iterdir())
        except FileNotFoundError:
            return
        for name in names:
            drop = self._read(name.removesuffix(".json")) if name.endswith(".json") else None
            if drop is not None:
                yield drop

    def look(self) -> list[Seen]:
        """Every drop with its result. FileNotFoundError when the folder of results is not there."""
        names = sorted(path.name for path in self.results.iterdir())
        entries = [name for name in names if not name.startswith(".")]
        return [self._seen(drop, entries) for drop in self.known()]

    def forget(self, token: str, *, with_data: bool) -> bool:
        """Take back what was not taken yet, delete the result if asked, forget the drop. False
        when something of the result was left; unknown is no error.
        """
        drop = self._read(token)
        if drop is None:
            return True
        (self.drops / drop.file).unlink(missing_ok=True)
        gone = True
        if with_data:
            found = next((one for one in self.look() if one.drop.token == token), None)
            if found is not None and found.result is not None:
                gone = delete_files(
                    os.path.realpath(self.results), [file.path for file in found.files]
                )
        (self._records / f"{token}.json").unlink(missing_ok=True)
        return gone

    def _hidden(self, token: str) -> Path:
        return self.drops / f".bindery-{token}.part"

    def _read(self, token: str) -> Drop | None:
        """The record; None when there is none, or when its file never became visible."""
        if not self.good_token(token):
            return None
        try:
            with (self._records / f"{token}.json").open("rb") as file:
                drop = msgspec.json.decode(file.read(_RECORD_BYTES), type=Drop)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        plain = drop.token == token and "/" not in drop.file and drop.file not in ("", ".", "..")
        return drop if plain and not self._hidden(token).exists() else None

    def _seen(self, drop: Drop, entries: list[str]) -> Seen:
        waiting = (self.drops / drop.file).exists()
        # What we dropped is no result, even where one folder serves for both.
        result = result_of(drop.token, drop.expected, [e for e in entries if e != drop.file])
        if result is None:
            return Seen(drop=drop, waiting=waiting)
        files: list[RemoteFile] = []
        newest, partial = 0, False
        for path, facts in _files(self.results, result.name):
            newest = max(newest, facts.st_mtime_ns, facts.st_ctime_ns)
            partial = partial or growing(path)
            files.append(RemoteFile(path=path, size=facts.st_size, done=not growing(path)))
        return Seen(
            drop=drop,
            waiting=waiting,
            result=result,
            files=files,
            changed_ns=newest,
            growing=partial or not files,
        )


def _files(folder: Path, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files of an entry, paths relative to `folder`; links are left alone."""
    top = folder / name
    facts = top.lstat()
    if stat.S_ISREG(facts.st_mode):
        yield name, facts
    elif stat.S_ISDIR(facts.st_mode):
        count = 0
        for place, _folders, names in os.walk(top):
            for one in sorted(names):
                path = Path(place) / one
                inner = path.lstat()
                if stat.S_ISREG(inner.st_mode):
                    yield str(path.relative_to(folder)), inner
                    count += 1
                if count >= MOST_FILES:
                    return
