"""What the command line does to a database, whether a service runs on it or not."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bindery.domain.backup_names import backup_name
from bindery.store.backup import copy_database
from bindery.store.connection import SCAN_CACHE, open_reader
from bindery.store.errors import NewerDatabase
from bindery.store.integrity import Finding, check_all, open_journal
from bindery.store.migrate import known_migrations, version_of
from bindery.store.tx import Reader


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `bindery doctor` found. `version` of `newest` schema steps are applied."""

    version: int
    newest: int
    findings: tuple[Finding, ...]
    open_steps: int
    """File steps of imports that are not finished: normal while a service runs."""


def back_up(path: Path, folder: Path, label: str = "") -> Path:
    """Copy the database into `folder` (made with mode 0700); answers the file.

    Raises FileNotFoundError when there is no database.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no database at {path}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now_us = round(datetime.now(UTC).timestamp() * 1_000_000)
    target = folder / backup_name(now_us, label)
    db = open_reader(path, cache=SCAN_CACHE)
    try:
        copy_database(db, target)
    finally:
        db.close()
    return target


def examine(path: Path) -> Report:
    """Check everything, change nothing. Raises FileNotFoundError, `NewerDatabase`."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no database at {path}")
    db = open_reader(path, cache=SCAN_CACHE)
    try:
        version, newest = version_of(db), len(known_migrations())
        if version > newest:
            raise NewerDatabase(path, version, newest)
        reader = Reader(db)
        return Report(
            version=version,
            newest=newest,
            findings=tuple(check_all(reader)) if version == newest else (),
            open_steps=open_journal(reader) if version == newest else 0,
        )
    finally:
        db.close()
