"""The same journal in a real process that is really killed (BINDERY_FAULT)."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bindery.domain.file_op import FileOp, Method, OpState
from bindery.files import place, roots
from bindery.runtime import faults
from tests.fixtures_dir import ROOT

UUID = "b0a4e1f8-1d33-4c39-8a55-1f1d1f3f0c77"
IMPORTER = """
import sys, pathlib, os, msgspec
from bindery.domain.file_op import FileOp, next_op
from bindery.files.recover import advance
rows = pathlib.Path(sys.argv[1])
ops = msgspec.json.decode(rows.read_bytes(), type=list[FileOp])
while (op := next_op(ops)) is not None:
    after = advance(op)
    ops = [after if o.key == op.key else o for o in ops]
    rows.with_suffix(".new").write_bytes(msgspec.json.encode(ops))
    os.replace(rows.with_suffix(".new"), rows)
"""


def run_importer(rows: Path, fault: str) -> int:
    environment = {**os.environ, faults.VARIABLE: fault, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", IMPORTER, str(rows)]
    return subprocess.run(command, env=environment, timeout=30, check=False).returncode


@pytest.mark.parametrize("method", [Method.HARDLINK, Method.COPY])
@pytest.mark.parametrize("fault", ["op.tmp_partial", "op.linked", "op.displaced_moved"])
def test_a_killed_import_goes_on(tmp_path: Path, method: Method, fault: str) -> None:
    root, source = tmp_path / "library", tmp_path / "book.epub"
    root.mkdir()
    roots.write_marker(str(root), UUID)
    source.write_bytes(b"a new book" * 9999)
    target = root / "T.epub"
    target.write_bytes(b"the old book")
    op = FileOp(
        key="i1-1",
        src=str(source),
        dst=str(target),
        tmp=place.tmp_beside(str(target), "i1-1"),
        root=str(root),
        marker=UUID,
        change="c1",
        replaces=True,
        method=method,
    )
    rows = tmp_path / "rows.json"
    rows.write_bytes(msgspec.json.encode([op]))
    assert run_importer(rows, fault) == -signal.SIGKILL
    assert run_importer(rows, "") == 0
    (done,) = msgspec.json.decode(rows.read_bytes(), type=list[FileOp])
    assert done.state is OpState.DONE
    assert target.read_bytes() == source.read_bytes()
    assert done.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert sorted(p.name for p in root.iterdir()) == sorted(
        [".bindery-trash", roots.MARKER, "T.epub"]
    )
    binned = [p.read_bytes() for p in root.rglob("*.epub") if p != target]
    assert binned == [b"the old book"]
