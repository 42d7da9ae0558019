"""What every test of the store starts from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bindery.runtime.clock import FixedClock
from bindery.runtime.doorbell import Bells
from bindery.store import Store
from tests.kit.database import Heard, open_test_store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
async def store(
    tmp_path: Path, clock: FixedClock, heard: Heard, bells: Bells
) -> AsyncIterator[Store]:
    async with open_test_store(tmp_path, clock=clock, publisher=heard, bells=bells) as opened:
        yield opened
