"""Facts about pytest-trio (platform.md 4.4), by one inner run of a small suite."""

import subprocess
import sys
from pathlib import Path

INNER = """
import pytest, trio
from trio.testing import MockClock

def kind():
    return type(trio.lowlevel.current_clock()).__name__

@pytest.fixture
def through(autojump_clock):
    return "not the clock itself"

async def test_direct(autojump_clock):
    assert kind() == "MockClock"

async def test_through_a_fixture_it_is_the_real_clock(through):
    assert kind() == "SystemClock"

@pytest.mark.usefixtures("autojump_clock")
async def test_by_a_mark_it_is_the_real_clock():
    assert kind() == "SystemClock"

met = []

@pytest.fixture
async def one():
    met.append("one")
    with trio.fail_after(2):
        while len(met) < 2:
            await trio.sleep(0)

@pytest.fixture
async def two():
    met.append("two")
    with trio.fail_after(2):
        while len(met) < 2:
            await trio.sleep(0)

async def test_independent_fixtures_are_set_up_together(one, two):
    assert sorted(met) == ["one", "two"]

@pytest.fixture
async def crowd(nursery):
    return nursery

async def test_a_fixture_has_its_own_nursery(crowd, nursery):
    assert crowd is not nursery

@pytest.fixture
async def crashing(nursery):
    async def crash():
        raise LookupError("in the background")
    nursery.start_soon(crash)
    yield

async def test_a_crash_behind_a_fixture_fails_the_test(crashing):
    await trio.sleep(5)

@pytest.fixture(scope="module")
async def wide():
    yield

async def test_wide_fixtures_are_refused(wide):
    pass
"""


def test_what_the_test_suite_rests_on(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ntrio_mode = true\n")
    (tmp_path / "test_inner.py").write_text(INNER)
    switches = ["-q", "-p", "no:schemathesis", "-p", "no:anyio", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *switches, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    bad = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    names = sorted(line.split("::")[1].split(" ")[0] for line in bad)
    assert names == [
        "test_a_crash_behind_a_fixture_fails_the_test",
        "test_wide_fixtures_are_refused",
    ], done.stdout
    assert "in the background" in done.stdout
    assert "5 passed" in done.stdout
