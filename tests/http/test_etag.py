"""ETags, 304 and live positions; cursors."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.refusal import Refusal
from bindery.http.paging import PageQuery, limit_of, make_cursor, offset_of, read_cursor
from tests.http.kernel_routes import KERNEL
from tests.http.world import open_app, session_of


async def test_304_until_the_topic_changes(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        first = await world.key("GET", "/api/v1/probe/cached")
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        assert first.headers["X-Live-Seq"] == f"queue={world.services.hub.epoch}:0"
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = await world.key("GET", "/api/v1/probe/cached", headers={"If-None-Match": tag})
        assert (again.status_code, again.headers["ETag"]) == (304, tag)
        await world.store.write(lambda tx: tx.publish("other", 1, 1))
        same = await world.key("GET", "/api/v1/probe/cached", headers={"If-None-Match": tag})
        assert same.status_code == 304
        await world.store.write(lambda tx: tx.publish("probe", 1, 1))
        changed = await world.key("GET", "/api/v1/probe/cached", headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag


async def test_tags_differ_by_viewer(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        before = await world.key("GET", "/api/v1/probe/cached")
        session = await session_of(
            await world.ask(
                "POST", "/api/v1/auth/setup", json={"username": "a", "password": "long enough"}
            )
        )
        after = await world.ask("GET", "/api/v1/probe/cached", headers=session.headers)
        assert before.headers["ETag"] != after.headers["ETag"]


async def test_live_tags_follow_the_topic(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        first = await world.key("GET", "/api/v1/probe/moving")
        tag = {"If-None-Match": first.headers["ETag"]}
        assert (await world.key("GET", "/api/v1/probe/moving", headers=tag)).status_code == 304
        world.services.hub.mark("queue", 1, 5)
        assert (await world.key("GET", "/api/v1/probe/moving", headers=tag)).status_code == 200


def test_a_cursor_comes_back() -> None:
    cursor = make_cursor("title", ["Émile", None, 7])
    assert read_cursor(PageQuery(cursor=cursor), "title", 3) == ("Émile", None, 7)
    assert read_cursor(PageQuery(), "title", 3) is None


@pytest.mark.parametrize("cursor", ["!", "e30", make_cursor("added", [1, 2]), make_cursor("t", [])])
def test_a_foreign_cursor_is_refused(cursor) -> None:
    found = read_cursor(PageQuery(cursor=cursor), "title", 2)
    assert isinstance(found, Refusal)
    assert found.field == "cursor"


@given(st.text(max_size=30))
def test_hostile_paging_never_raises(text) -> None:
    query = PageQuery(limit=text, offset=text, cursor=text)
    assert 1 <= limit_of(query) <= 500
    assert offset_of(query) >= 0
    read_cursor(query, "title", 1)
