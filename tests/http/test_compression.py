"""Compressed answers (identity-and-system.md 2.1)."""

import gzip
from pathlib import Path

import msgspec
import pytest

from bindery.domain.refusal import Code
from tests.http.world import KEY, open_app
from tests.kit.library import add_author, add_book

PAGE = "/api/v1/book?limit=20"


@pytest.mark.parametrize(
    ("accept", "packed"),
    [("gzip, deflate, br", True), ("*", True), ("", False), ("gzip;q=0", False), ("br", False)],
)
async def test_a_long_answer_is_packed_for_who_takes_it(
    tmp_path: Path, accept: str, packed: bool
) -> None:
    async with open_app(tmp_path) as world:
        await world.store.write(
            lambda tx: [add_book(tx, f"Book {n}", author_id=None) for n in range(10)]
        )
        headers = {"X-Api-Key": KEY, "Accept-Encoding": accept}
        answer = await world.ask("GET", PAGE, headers=headers)
        body = await answer.get_data(as_text=False)
        assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) == len(body)
        plain = gzip.decompress(body) if packed else body
        assert len(msgspec.json.decode(plain)["items"]) == 10
        again = {**headers, "If-None-Match": answer.headers["ETag"]}
        assert (await world.ask("GET", PAGE, headers=again)).status_code == 304


async def test_short_answers_and_refusals_stay_plain(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.store.write(add_author)
        headers = {"X-Api-Key": KEY, "Accept-Encoding": "gzip"}
        for path, status in (("/api/v1/health", 200), ("/api/v1/book/99", 404)):
            answer = await world.ask("GET", path, headers=headers)
            assert answer.status_code == status
            assert "Content-Encoding" not in answer.headers
        assert Code.NOT_FOUND in await answer.get_data(as_text=True)
