"""States and addresses of download clients: the tables of downloads-and-import.md 1.2 and 2.3."""

import pytest

from bindery.domain.addresses import NotAllowed
from bindery.domain.client_address import clean_url_base, client_url
from bindery.domain.qbittorrent_states import read_state
from bindery.domain.transfers import RemoteState as S


@pytest.mark.parametrize(
    ("state", "progress", "size", "left", "expected"),
    [
        ("downloading", 1.0, 734003200, 734003200, S.DOWNLOADING),
        ("downloading", 1.0, 100, 0, S.DOWNLOADING),
        ("forcedDL", 0.5, 100, 50, S.DOWNLOADING),
        ("metaDL", 1.0, 0, 0, S.METADATA),
        ("forcedMetaDL", 1.0, 0, 0, S.METADATA),
        ("checkingResumeData", 1.0, 100, 0, S.CHECKING),
        ("checkingDL", 1.0, 100, 0, S.CHECKING),
        ("allocating", 1.0, 100, 0, S.QUEUED),
        ("moving", 1.0, 100, 0, S.MOVING),
        ("stalledDL", 1.0, 100, 0, S.STALLED),
        ("queuedDL", 1.0, 100, 0, S.QUEUED),
        ("pausedDL", 0.5, 100, 50, S.PAUSED),
        ("stoppedDL", 0.5, 100, 50, S.PAUSED),
        ("stalledUP", 1.0, 100, 40, S.DOWNLOADING),
        ("stalledUP", 1.0, 100, 0, S.COMPLETE),
        ("uploading", 1.0, 100, 0, S.COMPLETE),
        ("pausedUP", 1.0, 100, 0, S.COMPLETE),
        ("stoppedUP", 1.0, 100, 0, S.COMPLETE),
        ("checkingUP", 1.0, 100, 0, S.COMPLETE),
        ("queuedUP", 0.0, 100, 0, S.COMPLETE),
        ("missingFiles", 1.0, 100, 0, S.MISSING_FILES),
        ("error", 1.0, 100, 0, S.FAILED),
        ("errored", 0.3, 100, 70, S.FAILED),
        ("unknown", 0.0, 0, 0, S.QUEUED),
    ],
)
def test_states(state: str, progress: float, size: int, left: int, expected: S) -> None:
    assert read_state(state, progress, size, left) is expected


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("", ""),
        ("  ", ""),
        ("/", ""),
        (" / ", ""),
        ("//", ""),
        ("qbit", "/qbit"),
        ("/qbit", "/qbit"),
        ("/qbit/", "/qbit"),
        ("  /qbit  ", "/qbit"),
        ("nested/path/", "/nested/path"),
        ("https://proxy.example.com/qbit", "/qbit"),
        ("http://h:8080/abc/", "/abc"),
        ("https://host.only", ""),
        ("https://host.only/", ""),
    ],
)
def test_url_base(typed: str, clean: str) -> None:
    assert clean_url_base(typed) == clean


def test_client_urls() -> None:
    assert client_url("http://nas", 0) == "http://nas:8080"
    assert client_url("nas", 443, ssl=True, url_base="qbit/") == "https://nas/qbit"
    assert client_url("::1", 8080) == "http://[::1]:8080"
    assert client_url("a@b", 1) == NotAllowed("invalid")
    assert client_url("", 1) == NotAllowed("invalid")
