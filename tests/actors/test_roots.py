"""Looks at root folders: side by side, without writing, and past mounts that do not answer."""

import os
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
import trio

from bindery.actors import roots as port
from bindery.actors.roots import RootPort
from bindery.files import roots
from bindery.runtime.threads import Threads

MARKER = "m" * 32


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Path]:
    """A folder that answers no look until the test is over."""
    folder = tmp_path / "dead"
    folder.mkdir()
    stat, over = os.stat, threading.Event()
    monkeypatch.setattr(port, "PATIENCE_S", 0.05)

    def slow(path: object, *args: object, **kwargs: object) -> os.stat_result:
        if str(path).startswith(str(folder)):
            over.wait(20)
        return stat(path, *args, **kwargs)  # pyright: ignore[reportArgumentType, reportCallIssue] - passed on

    monkeypatch.setattr(roots.os, "stat", slow)
    yield folder
    over.set()


async def test_a_dead_mount_hides_no_other(tmp_path: Path, dead: Path) -> None:
    good = tmp_path / "good"
    good.mkdir()
    roots.write_marker(str(good), MARKER)
    with trio.fail_after(10):
        found = await RootPort(Threads()).look_at_all([(str(dead), MARKER), (str(good), MARKER)])
    assert [one.code for one in found] == ["root_unreachable", ""]
    assert sorted(path.name for path in good.iterdir()) == [".bindery-root"]


async def test_nesting_past_a_dead_mount_goes_by_name(tmp_path: Path, dead: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    disk = RootPort(Threads())
    with trio.fail_after(10):
        assert await disk.overlaps(str(new), [str(dead)]) is None
        assert await disk.overlaps(str(dead / "inside"), [str(dead)]) == str(dead)
        assert await disk.overlaps(str(new / "a"), [str(dead), str(new)]) == str(new)


async def test_nesting_costs_the_patience_once(
    tmp_path: Path, dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port, "PATIENCE_S", 0.3)
    with trio.fail_after(2.9):  # ten in a row would take 3 s
        others = [str(dead / str(n)) for n in range(10)]
        assert await RootPort(Threads()).overlaps(str(tmp_path), others) == others[0]
