"""Compressing answers on their way out (identity-and-system.md 2.1, stage 4).

A page of 100 books is 140 KB of JSON that gzip turns into 12 KB: on a phone the difference is
most of a second. The app's own files are compressed beforehand, book files never.
"""

from __future__ import annotations

import gzip

from quart import Response
from quart.wrappers.response import DataBody

LEAST = 1_400
"""Bytes; less fits into one packet anyway. Also keeps tokens and keys, whose answers are short,
from being compressed beside what a stranger chose.
"""
MOST = 1 << 21
"""More would hold up the loop."""
LARGE, LEVEL, QUICK_LEVEL = 1 << 17, 5, 1
_TYPES = frozenset(
    {
        "application/json",
        "application/problem+json",
        "application/atom+xml",
        "application/opds+json",
        "application/opensearchdescription+xml",
        "application/rss+xml",
        "text/html",
        "text/plain",
        "text/xml",
    }
)


async def compress(response: Response, accepted: bool) -> None:
    """Compress a finished body of a type that gains by it; streams and files stay as they are.

    ETags of such answers are weak, so they hold for both forms.
    """
    if (
        response.status_code != 200
        or response.mimetype not in _TYPES
        or "Content-Encoding" in response.headers
        or not isinstance(response.response, DataBody)
    ):
        return
    body = await response.get_data(as_text=False)
    if not LEAST <= len(body) <= MOST:
        return
    response.headers.add("Vary", "Accept-Encoding")
    if accepted:
        level = LEVEL if len(body) <= LARGE else QUICK_LEVEL
        response.set_data(gzip.compress(body, level, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
