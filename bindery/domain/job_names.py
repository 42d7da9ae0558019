"""Names that carry our token through a program which keeps nothing else of ours."""

import re

LONGEST_TITLE = 160
"""Bytes of a title in a job's name, so that a file system takes the whole."""
_TOKEN = re.compile(r"\.bindery-([A-Za-z0-9_-]{4,64})\Z")


def job_name(title: str, token: str) -> str:
    """The name under which a job runs: the title, cut so that a file system takes the whole."""
    short = title.encode()[:LONGEST_TITLE].decode("utf-8", "ignore").strip()
    return f"{short or 'book'}.bindery-{token}"


def named(job: str) -> tuple[str, str | None]:
    """(title, our token) of a job's name; None for a job that is not ours."""
    found = _TOKEN.search(job)
    return (job[: found.start()], found[1]) if found else (job, None)
