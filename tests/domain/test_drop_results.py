"""Which entry of a watched folder is ours, and how far it is."""

import pytest

from bindery.domain.drop_results import Result, growing, read_state, result_of
from bindery.domain.job_names import job_name, named
from bindery.domain.transfers import RemoteState

S = RemoteState
JOB = job_name("A Book", "tok-1")


@pytest.mark.parametrize(
    ("expected", "entries", "found"),
    [
        ([JOB], [JOB], Result(JOB)),
        ([JOB], ["other", f"{JOB}.epub"], Result(f"{JOB}.epub")),
        ([JOB], [f"_UNPACK_{JOB}"], Result(f"_UNPACK_{JOB}", "unpack")),
        ([JOB], [f"_FAILED_{JOB}"], Result(f"_FAILED_{JOB}", "failed")),
        ([JOB], ["A Book.bindery-tok-12"], None),
        (["Hörbuch: Teil 1"], ["Hörbuch_ Teil 1"], Result("Hörbuch_ Teil 1")),
        (["Ho\u0308rbuch"], ["Hörbuch"], Result("Hörbuch")),
        (["Book.epub"], ["Book.epub"], Result("Book.epub")),
        (["Book.epub"], ["Book.epub.part"], Result("Book.epub.part")),
        (["Book"], ["Book.m4b"], Result("Book.m4b")),
        (["Book"], ["Book", "Book.m4b"], Result("Book")),
        (["Book"], ["Book.m4b", "Book.epub"], None),
        (["Book"], ["x.bindery-tok-1", "Book"], Result("x.bindery-tok-1")),
        (["Book"], ["Bookshelf", "A Book"], None),
        (["", "..."], ["", "!!!"], None),
    ],
)
def test_results(expected: list[str], entries: list[str], found: Result | None) -> None:
    assert result_of("tok-1", expected, entries) == found


@pytest.mark.parametrize(
    ("result", "waiting", "still_s", "state"),
    [
        (None, True, 0, S.QUEUED),
        (None, False, 0, S.DOWNLOADING),
        (Result("x"), False, 29, S.DOWNLOADING),
        (Result("x"), False, 31, S.COMPLETE),
        (Result("x"), True, 31, S.COMPLETE),
        (Result("x"), False, -1, S.DOWNLOADING),
        (Result("x", "unpack"), False, 999, S.DOWNLOADING),
        (Result("x", "failed"), False, 0, S.FAILED),
    ],
)
def test_states(result: Result | None, waiting: bool, still_s: float, state: RemoteState) -> None:
    assert read_state(result, dropped_is_there=waiting, still_s=still_s) is state


def test_names_carry_the_token() -> None:
    assert named(JOB) == ("A Book", "tok-1")
    assert named("A Book") == ("A Book", None)
    assert len(job_name("ä" * 300, "tok-1").encode()) < 200
    assert growing("a.MP3.!qB")
    assert not growing("a.mp3")
