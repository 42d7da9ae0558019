"""The state machine of a download (architecture.md 6a)."""

import pytest

from bindery.domain.downloads import (
    CONTENT_CODES,
    ENVIRONMENT_CODES,
    Absence,
    DownloadState,
    absences,
    after_failure,
    is_gone,
    is_live,
    may_go,
    on_remote,
    overlay,
    retry_delay_s,
)
from bindery.domain.transfers import RemoteState

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("state", "to", "legal"),
    [
        ("grabbed", "downloading", True),
        ("grabbed", "importing", False),
        ("downloading", "completed", True),
        ("completed", "importPending", True),
        ("importing", "imported", True),
        ("imported", "importPending", False),
        ("failed", "grabbed", False),
        ("importBlocked", "importPending", True),
        ("importing", "completed", True),
        ("importing", "importing", True),
        ("completed", "importing", False),
        ("importPending", "imported", False),
    ],
)
def test_legal_steps(state: str, to: str, legal: bool) -> None:
    assert may_go(state, to) is legal


@pytest.mark.parametrize("state", list(DownloadState))
def test_live_states_keep_their_slot(state: DownloadState) -> None:
    ended = state in (DownloadState.IMPORTED, DownloadState.FAILED)
    assert is_live(state) is not ended


def test_a_block_by_the_world_keeps_the_slot_one_by_content_frees_it() -> None:
    assert is_live("importBlocked", "disk-full")
    assert not is_live("importBlocked", "corrupt")
    assert not CONTENT_CODES & ENVIRONMENT_CODES


def test_retries_stretch_and_end() -> None:
    assert [retry_delay_s(n) for n in range(1, 7)] == [60, 300, 900, 3600, 21600, None]


def test_gone_needs_three_complete_snapshots_over_two_minutes() -> None:
    known: dict[str, Absence] = {}
    ours, seen = ["a", "b", "c"], frozenset({"b", "c"})
    for at in (0, 60, 119):
        known = absences(known, ours, seen, at_us=at * SECOND, complete=True)
    assert known["a"].count == 3
    assert not is_gone(known["a"], 119 * SECOND)
    assert is_gone(known["a"], 120 * SECOND)


def test_an_incomplete_snapshot_proves_nothing() -> None:
    known = {"a": Absence(2, 0)}
    assert absences(known, ["a"], frozenset(), at_us=SECOND, complete=False) == known


def test_when_most_vanish_at_once_the_client_is_the_suspect() -> None:
    ours = ["a", "b", "c"]
    assert absences({}, ours, frozenset({"c"}), at_us=0, complete=True) == {}
    assert set(absences({}, ours, frozenset({"b", "c"}), at_us=0, complete=True)) == {"a"}


def test_what_comes_back_is_forgotten() -> None:
    assert absences({"a": Absence(2, 0)}, ["a"], frozenset({"a"}), at_us=9, complete=True) == {}


def test_the_clients_word_moves_the_row_or_lies_over_it() -> None:
    assert on_remote("grabbed", RemoteState.QUEUED) is DownloadState.DOWNLOADING
    assert on_remote("downloading", RemoteState.COMPLETE) is DownloadState.COMPLETED
    assert on_remote("importing", RemoteState.FAILED) is None
    assert overlay("downloading", RemoteState.STALLED) == "stalled"
    assert overlay("importing", RemoteState.PAUSED) == ""


def test_failures_blocklist_and_go_on_but_not_after_a_person() -> None:
    assert after_failure("corrupt", tried_today=0).blocklist
    assert after_failure("corrupt", tried_today=2).next_candidate
    assert not after_failure("corrupt", tried_today=3).next_candidate
    removed = after_failure("removed_from_client", tried_today=0)
    assert not removed.blocklist
    assert not removed.next_candidate
