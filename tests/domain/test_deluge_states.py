"""States of Deluge (downloads-and-import.md 2.5, test-programs.md 5)."""

import pytest

from bindery.domain.deluge_states import read_state
from bindery.domain.transfers import RemoteState

S = RemoteState


@pytest.mark.parametrize(
    ("state", "finished", "size", "expected"),
    [
        ("Seeding", True, 100, S.COMPLETE),
        ("Queued", True, 100, S.COMPLETE),
        ("Paused", True, 100, S.COMPLETE),
        ("Downloading", False, 100, S.DOWNLOADING),
        ("Downloading", False, 0, S.METADATA),
        ("Paused", False, 100, S.PAUSED),
        ("Queued", False, 100, S.QUEUED),
        ("Allocating", False, 100, S.QUEUED),
        ("Checking", False, 100, S.CHECKING),
        ("Checking", True, 100, S.CHECKING),
        ("Moving", True, 100, S.MOVING),
        ("Error", True, 100, S.FAILED),
        ("error", False, 100, S.FAILED),
        ("Novelty", False, 100, S.DOWNLOADING),
    ],
)
def test_states(state: str, finished: bool, size: int, expected: RemoteState) -> None:
    assert read_state(state, finished=finished, size=size, speed=0, stalled=False) is expected


def test_silence_is_a_stall_unless_data_arrives() -> None:
    assert read_state("Downloading", finished=False, size=1, speed=0, stalled=True) is S.STALLED
    assert read_state("Downloading", finished=False, size=1, speed=9, stalled=True) is S.DOWNLOADING
