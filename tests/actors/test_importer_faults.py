"""The importer killed at every fault point, by mode and by what is imported (architecture.md 6c)."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bindery.runtime import faults
from tests.fixtures_dir import ROOT
from tests.kit.import_drill import Drill, Result

ALWAYS = [
    "import.claimed",
    "import.probed",
    "import.planned",
    "op.tmp_partial",
    "op.tmp_written",
    "op.tmp_synced",
    "op.staged",
    "op.renamed",
    "op.dir_synced",
    "op.done",
    "register.before",
    "register.committed",
    "command.before_done",
]
BY_SHAPE = {
    "ebook": ["op.linked"],
    "audiobook": ["op.tmp_written@2", "op.staged@3", "op.renamed@1", "op.done@2"],
    "displaced": ["op.linked", "op.displaced_moved", "op.displaced_stored"],
    "upgrade": ["op.linked", "op.displaced_moved", "op.done@2"],
}
BY_MODE = {
    "hardlink": [],
    "copy": [],
    "move": ["source.first_removed", "source.removed"],
}


@pytest.mark.parametrize("mode", BY_MODE)
@pytest.mark.parametrize("shape", BY_SHAPE)
def test_a_killed_import_ends_as_one_whole_import(tmp_path: Path, shape: str, mode: str) -> None:
    drill = Drill(mode, shape, [*ALWAYS, *BY_SHAPE[shape], *BY_MODE[mode]])
    done = subprocess.run(
        [sys.executable, "-m", "tests.kit.import_drill", str(tmp_path)],
        input=msgspec.json.encode(drill),
        capture_output=True,
        cwd=ROOT,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    results = msgspec.json.decode(done.stdout, type=list[Result])
    assert [(r.point, r.trouble) for r in results if r.trouble] == []
    assert [r.point for r in results if not r.hit] == []


def test_no_fault_point_of_the_import_is_left_out() -> None:
    drilled = {
        point.partition("@")[0]
        for points in (ALWAYS, *BY_SHAPE.values(), *BY_MODE.values())
        for point in points
    }
    ours = ("import.", "op.", "register.", "source.")
    assert {name for name in faults.known() if name.startswith(ours)} <= drilled
