"""Words of SABnzbd and NZBGet for a job (downloads-and-import.md 2.1, 2.2, 2.7)."""

import pytest

from bindery.domain.transfers import RemoteState
from bindery.domain.usenet_states import NZBGET_GROUP, nzbget_done, sabnzbd_done, sabnzbd_queued

S = RemoteState


@pytest.mark.parametrize(
    ("status", "paused", "expected"),
    [
        ("Queued", False, S.QUEUED),
        ("Grabbing", False, S.QUEUED),
        ("Fetching", False, S.QUEUED),
        ("Propagating", False, S.QUEUED),
        ("Downloading", False, S.DOWNLOADING),
        ("Paused", False, S.PAUSED),
        ("Checking", False, S.CHECKING),
        ("Repairing", False, S.CHECKING),
        ("Extracting", False, S.MOVING),
        ("Moving", False, S.MOVING),
        ("Running", False, S.MOVING),
        ("SomethingNew", False, S.QUEUED),
        ("Downloading", True, S.PAUSED),
        ("Queued", True, S.PAUSED),
        ("Repairing", True, S.CHECKING),
    ],
)
def test_sabnzbd_queue(status: str, paused: bool, expected: RemoteState) -> None:
    assert sabnzbd_queued(status, "A Book", (), paused=paused) == (expected, None)


def test_a_job_that_needs_a_password_is_encrypted() -> None:
    encrypted = (S.FAILED, "encrypted")
    assert sabnzbd_queued("Paused", "ENCRYPTED / A Book", (), paused=False) == encrypted
    assert sabnzbd_queued("Paused", "A Book", ("ENCRYPTED",), paused=False) == encrypted
    assert sabnzbd_done("Failed", "Aborted, encryption detected, encrypted RAR") == encrypted
    assert sabnzbd_done("Failed", "Unpacking failed, archive requires a password") == encrypted


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        ("Completed", "", (S.COMPLETE, None)),
        ("Failed", "Repair failed, not enough repair blocks", (S.FAILED, "client_failed")),
        ("Failed", "", (S.FAILED, "client_failed")),
        ("Failed", "Unpacking failed, write error or disk is full?", (S.STALLED, "disk_full")),
        ("Verifying", "", (S.CHECKING, None)),
        ("Extracting", "", (S.MOVING, None)),
        ("Queued", "", (S.QUEUED, None)),
        ("Novelty", "", (S.CHECKING, None)),
    ],
)
def test_sabnzbd_history(
    status: str, message: str, expected: tuple[RemoteState, str | None]
) -> None:
    assert sabnzbd_done(status, message) == expected


@pytest.mark.parametrize(
    ("status", "facts", "expected"),
    [
        ("SUCCESS/ALL", {}, (S.COMPLETE, None)),
        ("SUCCESS/HEALTH", {}, (S.COMPLETE, None)),
        ("SCRIPT/FAILURE", {}, (S.COMPLETE, None)),
        ("FAILURE/PAR", {}, (S.FAILED, "client_failed")),
        ("FAILURE/UNPACK", {}, (S.FAILED, "client_failed")),
        ("FAILURE/UNPACK", {"unpack": "PASSWORD"}, (S.FAILED, "encrypted")),
        ("FAILURE/FETCH", {}, (S.FAILED, "client_failed")),
        ("FAILURE/MOVE", {"move": "FAILURE"}, (S.STALLED, "disk_full")),
        ("WARNING/SPACE", {"unpack": "SPACE"}, (S.STALLED, "disk_full")),
        ("WARNING/PASSWORD", {}, (S.FAILED, "encrypted")),
        ("WARNING/SCRIPT", {"par": "SUCCESS", "unpack": "SUCCESS"}, (S.COMPLETE, None)),
        ("WARNING/HEALTH", {}, (S.COMPLETE, None)),
        ("WARNING/DAMAGED", {"par": "FAILURE"}, (S.FAILED, "client_failed")),
        ("WARNING/REPAIRABLE", {"par": "MANUAL"}, (S.FAILED, "client_failed")),
        ("DELETED", {}, (S.FAILED, "removed_from_client")),
        ("DELETED/MANUAL", {}, (S.FAILED, "removed_from_client")),
        ("DELETED/MANUAL", {"mark": "BAD"}, (S.FAILED, "client_failed")),
        ("DELETED/HEALTH", {}, (S.FAILED, "client_failed")),
        ("DELETED/DUPE", {}, (S.FAILED, "client_failed")),
        ("", {}, (S.FAILED, "client_failed")),
    ],
)
def test_nzbget_history(
    status: str, facts: dict[str, str], expected: tuple[RemoteState, str | None]
) -> None:
    told = {"par": "NONE", "unpack": "NONE", "move": "NONE", "mark": "NONE", **facts}
    assert nzbget_done(status, **told) == expected


def test_every_stage_of_nzbget_is_something_that_goes_on() -> None:
    assert not {S.COMPLETE, S.FAILED} & set(NZBGET_GROUP.values())
