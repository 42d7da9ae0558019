"""The recycle bin restores without a database and never replaces."""

import os
from pathlib import Path

import pytest

from bindery.files import bin as trash
from bindery.files.disk import DiskError


def put(root: Path, name: str = "A/T.epub", key: str = "c1-1", change: str = "c1") -> Path:
    book = root / name
    book.parent.mkdir(parents=True, exist_ok=True)
    book.write_bytes(name.encode())
    trash.move_to_bin(str(root), change, key, str(book))
    return book


def test_what_was_binned_comes_back(tmp_path: Path) -> None:
    book = put(tmp_path)
    assert not book.exists()
    held = trash.held(str(tmp_path), "c1", "c1-1")
    assert held is not None
    assert held.origin == str(book)
    assert [b.origin for b in trash.list_bin(str(tmp_path))] == [str(book)]
    assert trash.restore(str(tmp_path), "c1", "c1-1") == str(book)
    assert book.read_bytes() == b"A/T.epub"
    assert trash.restore(str(tmp_path), "c1", "c1-1") is None
    assert not (tmp_path / trash.TRASH).exists()


def test_restoring_does_not_replace(tmp_path: Path) -> None:
    book = put(tmp_path)
    book.write_bytes(b"new")
    with pytest.raises(DiskError) as failed:
        trash.restore(str(tmp_path), "c1", "c1-1")
    assert failed.value.code == "dst_taken"
    assert book.read_bytes() == b"new"
    assert trash.held(str(tmp_path), "c1", "c1-1") is not None


def test_one_op_bins_one_file(tmp_path: Path) -> None:
    book = put(tmp_path)
    book.write_bytes(b"new")
    with pytest.raises(DiskError) as failed:
        trash.move_to_bin(str(tmp_path), "c1", "c1-1", str(book))
    assert failed.value.code == "dst_taken"
    assert book.read_bytes() == b"new"


@pytest.mark.parametrize("bad", ["..", "a/b", "", ".hidden"])
def test_keys_cannot_lead_out(tmp_path: Path, bad: str) -> None:
    for change, key in ((bad, "k"), ("c", bad)):
        with pytest.raises(DiskError):
            trash.move_to_bin(str(tmp_path), change, key, str(tmp_path / "x"))
    with pytest.raises(DiskError):
        trash.move_to_bin(str(tmp_path), "c", "k", str(tmp_path.parent / "x"))


def test_purging_by_age_keeps_what_is_young(tmp_path: Path) -> None:
    put(tmp_path, "a.epub", "c1-1", "c1")
    put(tmp_path, "b.epub", "c2-1", "c2")
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"")
    (tmp_path / trash.TRASH / "c1" / "c1-1" / "way").symlink_to(outside)
    (tmp_path / trash.TRASH / "c0").symlink_to(outside)
    os.utime(tmp_path / trash.TRASH / "c1", (1000, 1000))
    purged = trash.purge_bin(str(tmp_path), 2000 * 1_000_000)
    assert purged.changes == ("c1",)
    assert not purged.more
    assert trash.held(str(tmp_path), "c2", "c2-1") is not None
    assert (outside / "kept").exists()
    os.utime(tmp_path / trash.TRASH / "c2", (1000, 1000))
    put(tmp_path, "d.epub", "c3-1", "c3")
    os.utime(tmp_path / trash.TRASH / "c3", (1000, 1000))
    assert trash.purge_bin(str(tmp_path), 2000 * 1_000_000, limit=1).more
