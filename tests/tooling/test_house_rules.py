"""The rules of tests/conftest.py, tried on small suites of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fixtures_dir import ROOT


def run(folder: Path, text: str, *, ci: bool = False) -> subprocess.CompletedProcess[str]:
    tests = folder / "tests"
    tests.mkdir(exist_ok=True)
    (tests / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tests / "test_it.py").write_text(text)
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    if ci:
        environ["CI"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(  # a run of its own, so that failing is an answer
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=50, check=False
    )


SKIP = "import pytest\ndef test_a() -> None:\n    pytest.skip('no daemon')\n"


def test_a_skip_is_visible_at_home_and_a_failure_in_ci(tmp_path: Path) -> None:
    home = run(tmp_path, SKIP)
    assert home.returncode == 0
    assert "no daemon" in home.stdout
    ci = run(tmp_path, SKIP, ci=True)
    assert ci.returncode == 1
    assert "which CI forbids" in ci.stdout


def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    text = "import pytest\npytest.importorskip('no_such_module')\n"
    assert run(tmp_path, text, ci=True).returncode != 0


FORBIDDEN = """
import logging, socket, time, warnings
import pytest, structlog, trio

@pytest.mark.usefixtures("autojump_clock")
async def test_hidden_clock() -> None:
    await trio.sleep(0)

def test_structlog_error() -> None:
    structlog.get_logger().error("disk.full")

def test_logging_error() -> None:
    logging.getLogger("x").error("boom")

@pytest.mark.limit(0.2)
def test_hang() -> None:
    time.sleep(5)

def test_outside() -> None:
    with socket.socket() as sock:
        sock.connect(("192.0.2.1", 80))

def test_warning() -> None:
    warnings.warn("old")

def test_innocent() -> None:
    assert True
"""


def test_what_the_house_forbids_fails(tmp_path: Path) -> None:
    done = run(tmp_path, FORBIDDEN)
    assert done.returncode == 1, done.stdout
    for words in (
        "parameter of the test function",
        "disk.full",
        "boom",
        "more than 0.2 s",
        "loopback only",
        "UserWarning: old",
    ):
        assert words in done.stdout
    # Clocks are judged before the test, logs after it has passed: three errors, two of them passed.
    assert "3 failed, 3 passed, 3 errors" in done.stdout


def test_what_is_claimed_passes(tmp_path: Path) -> None:
    text = (
        "import pytest, structlog, trio\n"
        "log = structlog.get_logger()\n"
        "@pytest.mark.logs_errors('disk.full')\n"
        "def test_a() -> None:\n    log.error('disk.full')\n"
        "def test_b(logged) -> None:\n"
        "    logged.claim('disk.full')\n    log.error('disk.full')\n"
        "    assert logged.names() == ['disk.full']\n"
        "async def test_c(autojump_clock) -> None:\n    await trio.sleep(3600)\n"
    )
    done = run(tmp_path, text)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
