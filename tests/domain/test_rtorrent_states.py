"""States of rTorrent (downloads-and-import.md 2.6 and 2.7, test-programs.md 6)."""

import msgspec
import pytest

from bindery.domain.rtorrent_states import Flags, read_state
from bindery.domain.transfers import RemoteState

S = RemoteState
RUNNING = Flags(started=True, open=True, active=True, complete=False, speed=1, peers=1)
STOPPED = Flags(started=False, open=False, active=False, complete=False)
TRACKER = "Tracker: [Could not open connection: permission denied]"
DISK = "Storage error: [File chunk write error: No space left on device]"


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        (RUNNING, {}, S.DOWNLOADING),
        (RUNNING, {"speed": 0}, S.DOWNLOADING),
        (RUNNING, {"speed": 0, "peers": 0}, S.STALLED),
        (RUNNING, {"active": False}, S.QUEUED),
        (RUNNING, {"started": False}, S.PAUSED),
        (RUNNING, {"metadata": True}, S.METADATA),
        (RUNNING, {"active": False, "hashing": 1}, S.CHECKING),
        (RUNNING, {"active": False, "hashing": 2}, S.CHECKING),
        (RUNNING, {"checking": True}, S.CHECKING),
        (RUNNING, {"message": TRACKER}, S.DOWNLOADING),
        (RUNNING, {"message": "Tracker: [Timed out]", "active": False}, S.QUEUED),
        (RUNNING, {"message": DISK}, S.FAILED),
        (RUNNING, {"message": "Hash check on download completion found bad chunks"}, S.FAILED),
        (STOPPED, {}, S.PAUSED),
        (STOPPED, {"started": True}, S.PAUSED),
        (STOPPED, {"metadata": True}, S.PAUSED),
        (STOPPED, {"complete": True}, S.COMPLETE),
        (RUNNING, {"complete": True}, S.COMPLETE),
        (RUNNING, {"complete": True, "message": "Tracker: [Timed out]"}, S.COMPLETE),
        (RUNNING, {"complete": True, "hashing": 3}, S.CHECKING),
    ],
)
def test_states(base: Flags, changes: dict[str, object], expected: RemoteState) -> None:
    assert read_state(msgspec.structs.replace(base, **changes)) is expected
