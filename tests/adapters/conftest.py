"""What every adapter test needs: a scripted server, and an outbound factory for loopback."""

import pytest
import trio

from bindery.adapters.outbound import Outbound
from bindery.runtime.clock import FixedClock
from bindery.runtime.threads import Threads
from tests.kit.server import ScriptedServer, start_server

NOW_US = 1_790_000_000_000_000


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    return await start_server(nursery)


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(threads=Threads(), clock=FixedClock(NOW_US))
