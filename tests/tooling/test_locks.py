"""What is committed builds anywhere: the locks name versions and hashes, never a place."""

import json
import re
from pathlib import Path

import pytest

from tests.fixtures_dir import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def test_the_three_locks_are_there() -> None:
    assert [path.stem for path in LOCKS] == ["dev", "run", "uv"]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_a_lock_carries_no_address(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"(?i)https?:|//|--(?:extra-)?index|--find-links|--trusted-host|@ ", text)
    assert not re.findall(r"(?m)^/|\s/\w", text), "an absolute path of somebody's machine"


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_is_pinned_by_hash(path: Path) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", path.read_text())[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,]+\])?==", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_locks_agree_with_each_other() -> None:
    pins = {
        path.stem: dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^\s;]+)", path.read_text()))
        for path in LOCKS
    }
    for name, version in {**pins["run"], **pins["uv"]}.items():
        assert pins["dev"][name] == version


def test_the_browser_lock_carries_no_address() -> None:
    path = ROOT / "web" / "package-lock.json"
    packages = json.loads(path.read_text())["packages"]
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
