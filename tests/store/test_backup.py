"""Copies of the database: whole ones only, and nothing half left in the folder."""

import fcntl
from pathlib import Path

import apsw
import pytest

from bindery.runtime import faults
from bindery.store.backup import copy_database
from bindery.store.connection import execute, open_writer


@pytest.fixture
def db(tmp_path: Path) -> apsw.Connection:
    made = open_writer(tmp_path / "a.db")
    execute(made, "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (7);")
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_half_copy_of_a_dead_process_goes_with_the_next(
    tmp_path: Path, db: apsw.Connection
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / ".old.db.tmp").write_bytes(b"half")
    (folder / ".notes.tmp").write_bytes(b"somebody else's")
    with (folder / ".busy.db.tmp").open("wb") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        copy_database(db, folder / "new.db")
        assert names(folder) == [".busy.db.tmp", ".notes.tmp", "new.db"]
    copy_database(db, folder / "new.db")
    assert names(folder) == [".notes.tmp", "new.db"]
    copy = apsw.Connection(str(folder / "new.db"))
    assert execute(copy, "SELECT a FROM t") == [(7,)]
    copy.close()
    db.close()


def test_full_disk_leaves_the_earlier_copy(tmp_path: Path, db: apsw.Connection) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    copy_database(db, folder / "new.db")
    before = (folder / "new.db").read_bytes()
    faults.arm("backup.tmp_written=enospc")
    try:
        with pytest.raises(OSError, match="No space"):
            copy_database(db, folder / "new.db")
    finally:
        faults.arm("")
    assert names(folder) == ["new.db"]
    assert (folder / "new.db").read_bytes() == before
    db.close()
