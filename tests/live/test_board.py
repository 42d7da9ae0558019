import pytest

from bindery.live import board as module
from bindery.live.board import Board, DownloadProgress, JobProgress


def test_the_last_word_on_a_download_is_kept_until_it_is_dropped() -> None:
    board = Board()
    assert board.download(7) is None
    assert board.put_download(7, DownloadProgress(percent=41.5, speed=10, at_us=1))
    assert board.put_download(7, DownloadProgress(percent=43.0, speed=10, at_us=2))
    assert board.download(7) == DownloadProgress(percent=43.0, speed=10, at_us=2)
    board.drop("download", 7)
    board.drop("download", 7)
    assert board.download(7) is None


def test_the_same_again_is_no_news_but_freshens_the_time() -> None:
    board = Board()
    board.put_download(7, DownloadProgress(percent=1, at_us=1))
    assert not board.put_download(7, DownloadProgress(percent=1, at_us=9))
    progress = board.download(7)
    assert progress is not None and progress.at_us == 9


def test_jobs_and_downloads_do_not_share_ids() -> None:
    board = Board()
    assert board.put_job(7, JobProgress(phase="works", done=3, total=10))
    assert not board.put_job(7, JobProgress(phase="works", done=3, total=10, at_us=5))
    assert board.download(7) is None
    board.drop("download", 7)
    assert board.job(7) is not None
    board.drop("job", 7)
    assert board.job(7) is None


def test_a_client_is_stale_until_it_answers() -> None:
    board = Board()
    assert board.client_stale(3, "unreachable")
    assert not board.client_stale(3, "unreachable")
    assert board.stale_clients == {3: "unreachable"}
    assert board.client_stale(3, None)
    assert not board.client_stale(3, None)
    assert board.stale_clients == {}


def test_the_board_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    board = Board()
    for n in range(10):
        board.put_download(n, DownloadProgress(percent=1))
    assert [n for n in range(10) if board.download(n)] == [7, 8, 9]
