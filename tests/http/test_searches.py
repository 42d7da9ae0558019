"""Searches and grabs over HTTP. The actors are played by the test; the rows are real."""

import time
from pathlib import Path
from typing import Any

import trio

from bindery.actors.search.context import judged_rows, read_context
from bindery.domain.offers import Release
from bindery.domain.principal import SYSTEM
from bindery.store import commands, indexers, searches
from bindery.store.commands import Command
from bindery.store.indexers import IndexerFields
from bindery.store.lanes import Done, settle_in
from bindery.store.tx import Tx
from tests.http.world import World, member, open_app
from tests.kit.fake_indexer import release
from tests.kit.household import Shelf, add_book

FEED = IndexerFields(name="feed", type="torznab", url="http://feed.test", api_key="canary-key")
GOOD = release(guid="good")
WRONG = release("Bo Zed - Gardening for Cats EPUB", guid="wrong")


async def household(world: World) -> Shelf:
    shelf = await add_book(world.store)
    await world.store.write(lambda tx: indexers.add_in(tx, FEED, None))

    def torrents(tx: Tx) -> None:
        tx.run(
            "INSERT INTO client (name, type, host, created_at, updated_at)"
            " VALUES ('q', 'qbittorrent', 'nas', 0, 0)"
        )

    await world.store.write(torrents)
    return shelf


async def play(world: World, *found: Release, until: float = 5) -> None:
    """Be the search actor once: claim, answer the leg, end the search."""
    store = world.store
    command: Command | None = None
    with trio.fail_after(until):
        while command is None:
            command = await store.write(lambda tx: commands.claim_in(tx, ["search.run"]))
            await trio.sleep(0.005)
    claimed = command
    search_id = int(claimed.key)
    row = store.read(lambda reader: searches.get(reader, search_id))
    assert row is not None
    search = row
    context = await store.scan(lambda reader: read_context(reader, search, 1))
    leg = store.read(lambda reader: searches.legs(reader, search_id))[0]
    rows = judged_rows(context, leg.indexer_id or 0, found)

    def work(tx: Tx) -> None:
        searches.start_leg_in(tx, 1, leg)
        searches.finish_leg_in(tx, 1, leg, rows, ms=3)
        searches.finish_in(tx, search, "found")
        settle_in(tx, claimed, Done({"searchId": search_id}))

    await store.write(work)


async def test_search_that_is_waited_for(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, trio.open_nursery() as nursery:
        shelf = await household(world)
        nursery.start_soon(play, world, GOOD, WRONG)
        answer = await world.key("POST", f"/api/v1/book/{shelf.book_id}/search")
        assert answer.status_code == 200
        text = await answer.get_data(as_text=True)
        assert "canary-key" not in text
        body = await answer.get_json()
        first, second = body["results"]
        assert (first["guid"], first["approved"], first["verdict"]) == ("good", True, "grab")
        assert first["nzbUrl"] == f"bindery:candidate:{first['candidateId']}"
        assert (second["approved"], second["rejections"][0]["class"]) == (False, "hard")
        assert second["rejection"]
        assert body["partial"] is False
        debug = body["debug"]
        assert debug["pipeline"]["rawCount"] == 2
        assert debug["pipeline"]["afterRelevance"] == 1
        last = await world.key("GET", "/api/v1/search/last-debug")
        assert await last.get_json() == debug


async def test_search_that_is_listened_to(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = await household(world)
        path = f"/api/v1/book/{shelf.book_id}/search?stream=1"
        headers = {"Idempotency-Key": "k-1"}
        answer = await world.key("POST", path, headers=headers)
        assert answer.status_code == 202
        search_id = (await answer.get_json())["searchId"]
        again = await world.key("POST", path, headers=headers)
        assert (await again.get_json())["searchId"] == search_id
        running = await (await world.key("GET", f"/api/v1/search/{search_id}")).get_json()
        assert (running["doneAt"], running["partial"]) == (None, True)
        assert [leg["status"] for leg in running["legs"]] == ["waiting"]
        await play(world, GOOD)
        done = await (await world.key("GET", f"/api/v1/search/{search_id}")).get_json()
        assert done["counts"]["grab"] == 1
        assert [one["guid"] for one in done["candidates"]] == ["good"]
        assert (await world.key("GET", "/api/v1/search/999")).status_code == 404


async def test_a_persons_search_is_seen_by_them_and_the_admin(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = await household(world)
        await world.set_up()
        bea, _ = await member(world, "bea")
        cal, _ = await member(world, "cal")
        path = f"/api/v1/book/{shelf.book_id}/search?stream=1"
        started = await world.ask("POST", path, headers=bea.writing)
        hers = f"/api/v1/search/{(await started.get_json())['searchId']}"

        def automatic(tx: Tx) -> int:
            return searches.add_in(
                tx, library=1, kind="automatic", cause="x", by=SYSTEM, trace="w-1", deadline_at=0
            )

        everybodys = f"/api/v1/search/{await world.store.write(automatic)}"
        assert (await world.ask("GET", hers, headers=bea.headers)).status_code == 200
        assert (await world.ask("GET", hers, headers=cal.headers)).status_code == 404
        assert (await world.key("GET", hers)).status_code == 200
        assert (await world.ask("GET", everybodys, headers=cal.headers)).status_code == 200


async def test_what_cannot_be_searched(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = await add_book(world.store)
        path = f"/api/v1/book/{shelf.book_id}/search"
        answer = await world.key("POST", path)
        assert (answer.status_code, (await answer.get_json())["code"]) == (409, "no_indexer")
        assert (await world.key("POST", "/api/v1/book/999/search")).status_code == 404
        assert (await world.key("GET", "/api/v1/search/last-debug")).status_code == 404
        assert (await world.key("GET", "/api/v1/indexer/search")).status_code == 400
        empty = await world.key("GET", "/api/v1/indexer/search?q=lantern")
        assert await empty.get_json() == []


async def test_free_search(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, trio.open_nursery() as nursery:
        await household(world)
        nursery.start_soon(play, world, WRONG)
        answer = await world.key("GET", "/api/v1/indexer/search?q=gardening+cats")
        found = await answer.get_json()
        assert [(one["guid"], one["verdict"]) for one in found] == [("wrong", "acceptable")]


async def test_free_search_has_a_budget(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        path = "/api/v1/indexer/search?q=lantern"
        statuses = [(await world.key("GET", path)).status_code for _ in range(31)]
        assert statuses == [200] * 30 + [429]
        other, _ = await member(world, "bob")
        assert (await world.ask("GET", path, headers=other.headers)).status_code == 200


async def test_grab_over_http(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = await household(world)
        started = await world.key("POST", f"/api/v1/book/{shelf.book_id}/search?stream=1")
        search_id = (await started.get_json())["searchId"]
        await play(world, GOOD, WRONG)
        record = await (await world.key("GET", f"/api/v1/search/{search_id}")).get_json()
        good, wrong = record["candidates"]

        async def grab(body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
            answer = await world.key("POST", "/api/v1/queue/grab", json=body, headers=headers)
            return answer.status_code, await answer.get_json()

        status, body = await grab({"candidateId": wrong["candidateId"]})
        assert (status, body["code"]) == (409, "override_required")
        # The body that old clients send: what they were shown, nothing else.
        reference = {
            "guid": good["guid"],
            "nzbUrl": good["nzbUrl"],
            "title": good["title"],
            "size": good["size"],
            "bookId": shelf.book_id,
            "indexerId": good["indexerId"],
            "protocol": good["protocol"],
        }
        status, first = await grab(reference, **{"Idempotency-Key": "g-1"})
        assert (status, first["status"], first["bookId"]) == (202, "grabbed", shelf.book_id)
        assert first["nzbUrl"] == ""
        assert first["trace"] == record["trace"]
        status, repeat = await grab(reference, **{"Idempotency-Key": "g-1"})
        assert (status, repeat) == (202, first)
        status, body = await grab(reference)
        assert (status, body["code"]) == (409, "already_grabbed")
        assert (await grab({"guid": "?", "nzbUrl": "http://10.0.0.9/x"}))[1]["code"] == (
            "url_not_allowed"
        )
        assert (await grab({}))[1]["code"] == "required"


async def test_five_hundred_releases_are_rendered_within_the_budget(tmp_path: Path) -> None:
    """An inline read has a budget, which the test store enforces; and the loop must not stall."""
    async with open_app(tmp_path) as world:
        shelf = await household(world)
        started = await world.key("POST", f"/api/v1/book/{shelf.book_id}/search?stream=1")
        search_id = (await started.get_json())["searchId"]
        await play(world, *(release(guid=f"g-{n}") for n in range(600)))
        began = time.perf_counter()
        answer = await world.key("GET", f"/api/v1/search/{search_id}")
        took = time.perf_counter() - began
        record = await answer.get_json()
        assert len(record["candidates"]) == 500
        assert record["legs"][0]["excess"] == 100
        assert took < 1, took
