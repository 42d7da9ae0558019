"""Status numbers of Transmission (downloads-and-import.md 2.4, test-programs.md 4)."""

import pytest

from bindery.domain.transfers import RemoteState
from bindery.domain.transmission_states import read_state

S = RemoteState


@pytest.mark.parametrize(
    ("status", "done", "expected"),
    [
        (0, 0.0, S.PAUSED),
        (0, 0.4, S.PAUSED),
        (0, 1.0, S.COMPLETE),
        (1, 0.0, S.CHECKING),
        (2, 0.5, S.CHECKING),
        (2, 1.0, S.CHECKING),
        (3, 0.0, S.QUEUED),
        (4, 0.5, S.DOWNLOADING),
        (4, 1.0, S.COMPLETE),
        (5, 1.0, S.COMPLETE),
        (6, 1.0, S.COMPLETE),
    ],
)
def test_status_and_progress(status: int, done: float, expected: RemoteState) -> None:
    left = round(100 * (1 - done))
    state = read_state(
        status, done, left=left, metadata=1, error=0, finished_once=False, stalled=False
    )
    assert state is expected


def test_a_magnet_without_metadata_has_nothing_left_and_is_not_done() -> None:
    state = read_state(4, 0, left=0, metadata=0, error=0, finished_once=False, stalled=False)
    assert state is S.METADATA
    state = read_state(6, 0, left=0, metadata=0.3, error=0, finished_once=False, stalled=False)
    assert state is S.METADATA


@pytest.mark.parametrize("error", [1, 2])
@pytest.mark.parametrize(("status", "expected"), [(0, S.PAUSED), (4, S.DOWNLOADING)])
def test_a_trackers_error_is_no_failure(error: int, status: int, expected: RemoteState) -> None:
    state = read_state(
        status, 0.4, left=60, metadata=1, error=error, finished_once=False, stalled=False
    )
    assert state is expected


def test_an_error_of_the_machine_is_a_failure_and_lost_files_are_told_apart() -> None:
    full = {"left": 0, "metadata": 1.0, "error": 3, "stalled": False}
    assert read_state(0, 1, finished_once=True, **full) is S.MISSING_FILES  # pyright: ignore[reportArgumentType]
    assert read_state(0, 1, finished_once=False, **full) is S.FAILED  # pyright: ignore[reportArgumentType]
    state = read_state(4, 0.2, left=80, metadata=1, error=3, finished_once=True, stalled=False)
    assert state is S.FAILED


def test_no_peer_has_data() -> None:
    state = read_state(4, 0.2, left=80, metadata=1, error=0, finished_once=False, stalled=True)
    assert state is S.STALLED
