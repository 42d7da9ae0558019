import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bindery.runtime import faults


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    faults.arm("")
    yield
    faults.arm("")


def test_an_unarmed_point_does_nothing() -> None:
    faults.reach("grab.committed")


def test_a_point_strikes_at_the_reach_it_is_armed_for_and_only_once() -> None:
    faults.arm("op.staged@2=enospc")
    faults.reach("op.staged")
    faults.reach("op.done")
    with pytest.raises(OSError, match="space") as caught:
        faults.reach("op.staged")
    assert caught.value.errno == errno.ENOSPC
    faults.reach("op.staged")


@pytest.mark.parametrize("spec", ["a=explode", "a@often"])
def test_a_spec_that_means_nothing_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"fault|invalid"):
        faults.arm(spec)


def test_armed_by_the_environment_the_process_dies_by_sigkill() -> None:
    code = (
        "from bindery.runtime.faults import reach\n"
        "reach('x'); print('once', flush=True); reach('x'); print('twice')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, faults.VARIABLE: "x@2"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"once\n")


def test_known_names_are_read_from_the_code(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from x import faults, reach\n"
        "def f(name):\n    faults.reach('grab.committed')\n    reach('op.done')\n    reach(name)\n"
        "    stretch('no')\n"
    )
    assert faults.known(tmp_path) == {"grab.committed", "op.done"}
