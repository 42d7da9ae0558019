"""Jobs, history, health and attention over HTTP."""

from pathlib import Path

from bindery.domain.offers import Transport
from bindery.runtime.health import ActorHealth
from bindery.runtime.stall import StallMeter
from bindery.store import attention, commands, jobs
from bindery.store.commands import Command
from bindery.store.tx import NewEvent, Tx, Watch
from tests.http.world import World, open_app
from tests.kit.household import add_book, grab


async def start_job(world: World) -> str:
    def work(tx: Tx) -> int:
        return tx.enqueue("library.scan", {}, watch=Watch("library_scan"))

    return f"j-{await world.store.write(work)}"


async def test_job_is_listed_and_cancelled_once(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        job = await start_job(world)
        listed = await (await world.key("GET", "/api/v1/jobs")).get_json()
        cancelled = await world.key("POST", f"/api/v1/jobs/{job}/cancel")
        again = await world.key("POST", f"/api/v1/jobs/{job}/cancel")
        shown = await (await world.key("GET", f"/api/v1/jobs/{job}")).get_json()
    assert [(row["id"], row["state"], row["cancellable"]) for row in listed] == [
        (job, "queued", True)
    ]
    assert cancelled.status_code == 202
    assert (shown["state"], shown["cancellable"]) == ("cancelled", False)
    assert again.status_code == 409
    assert (await again.get_json())["code"] == "not_cancellable"


async def test_unknown_jobs_are_not_found(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        for wire_id in ("j-999", "999", "j-x", "j-" + "9" * 40):
            answer = await world.key("GET", f"/api/v1/jobs/{wire_id}")
            assert answer.status_code == 404, wire_id


async def test_finished_job_leaves_the_list_but_not_its_page(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        job = await start_job(world)

        def finish(tx: Tx) -> None:
            command = commands.claim_in(tx, ["library.scan"])
            assert command is not None
            commands.succeed_in(tx, command, {"added": 3})

        await world.store.write(finish)
        world.clock.advance(601)
        listed = await (await world.key("GET", "/api/v1/jobs")).get_json()
        shown = await (await world.key("GET", f"/api/v1/jobs/{job}")).get_json()
    assert listed == []
    assert (shown["state"], shown["result"]) == ("succeeded", {"added": 3})


async def test_history_pages_by_cursor_and_filters(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:

        def work(tx: Tx) -> None:
            for number in range(5):
                kind = "grabbed" if number % 2 else "bookImported"
                tx.record(NewEvent(type=kind, source_title=f"release {number}"))

        await world.store.write(work)
        first = await (await world.key("GET", "/api/v1/history?limit=3")).get_json()
        path = f"/api/v1/history?limit=3&cursor={first['nextCursor']}"
        second = await (await world.key("GET", path)).get_json()
        some = await (await world.key("GET", "/api/v1/history?eventType=grabbed")).get_json()
        bad = await world.key("GET", "/api/v1/history?since=yesterday")
    assert [row["sourceTitle"][-1] for row in first["items"] + second["items"]] == list("43210")
    assert (first["total"], "nextCursor" in second) == (5, False)
    assert {row["eventType"] for row in some["items"]} == {"grabbed"}
    assert (bad.status_code, (await bad.get_json())["field"]) == (400, "since")


async def test_release_of_an_event_is_blocked_once(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = await add_book(world.store)
        await grab(world.store, shelf, transport=Transport.HTTP)
        listed = await (await world.key("GET", "/api/v1/history?eventType=grabbed")).get_json()
        event = listed["items"][0]["id"]
        made = await world.key("POST", f"/api/v1/history/{event}/blocklist")
        again = await world.key("POST", f"/api/v1/history/{event}/blocklist")
        gone = await world.key("DELETE", f"/api/v1/history/{event}")
        left = await (await world.key("GET", "/api/v1/history?eventType=grabbed")).get_json()
    assert (made.status_code, again.status_code, gone.status_code) == (201, 200, 204)
    assert (await again.get_json())["status"] == "already blocklisted"
    assert left["total"] == 0


def _actor(name: str, state: str = "running", **more: object) -> ActorHealth:
    facts: dict[str, object] = {
        "critical": False,
        "restarts": 0,
        "last_error": None,
        "waiting": 0,
        "peak": 0,
        "oldest_s": None,
        "in_hand_s": None,
        "refused": 0,
        **more,
    }
    return ActorHealth(name=name, state=state, **facts)  # type: ignore[arg-type]  # built by name


async def test_health_names_what_is_parked_and_what_is_stuck(tmp_path: Path) -> None:
    actors = [_actor("live", critical=True), _actor("search", "parked"), _actor("x", in_hand_s=99)]
    async with open_app(tmp_path, actors=lambda: actors, extras={"stalls": StallMeter()}) as world:
        page = await (await world.key("GET", "/api/v1/system/health")).get_json()
        brief = await (await world.ask("GET", "/api/v1/health")).get_json()
    assert (page["ready"], page["degraded"]) == (True, ["search", "x"])
    assert {row["id"]: row["state"] for row in page["rows"]}["search"] == "parked"
    assert {row["id"] for row in page["rows"]} >= {"live", "search", "client:1"}
    assert (brief["status"], brief["ready"]) == ("degraded", True)


async def test_counters_answer_over_rest_as_they_do_live(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        reply = await world.key("GET", "/api/v1/system/counters")
        assert reply.status_code == 200
        assert await reply.get_json() == {
            "id": 1, "wanted": 0, "queue": 0, "pending": 0, "attention": 0, "unreadEvents": 0
        }  # fmt: skip
        assert reply.headers["X-Live-Seq"].startswith("counters=")


async def test_attention_is_muted_until_its_time(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        item = await world.store.write(
            lambda tx: attention.raise_in(tx, "disk_low", "root:1", params={"free": 1})
        )
        path = f"/api/v1/system/attention/{item}/mute"
        shown = await (await world.key("GET", "/api/v1/system/attention")).get_json()
        bad = await world.key("POST", path, json={"until": "soon"})
        done = await world.key("POST", path, json={"until": "2999-01-01T00:00:00Z"})
        left = await (await world.key("GET", "/api/v1/system/attention")).get_json()
    assert [(row["code"], row["entity"]) for row in shown] == [("disk_low", "root:1")]
    assert (bad.status_code, done.status_code, left) == (400, 204, [])


async def test_parked_work_is_asked_for_again(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        store = world.store
        watch = Watch("author.refresh", {"name": "Ada Quill"})
        first = await store.write(
            lambda tx: tx.enqueue("author.sync", {"authorId": 7}, key="7", lane="a", watch=watch)
        )

        async def claim() -> Command | None:
            def work(tx: Tx) -> Command | None:
                commands.recover_running_in(tx, ["author.sync"], "a")
                return commands.claim_in(tx, ["author.sync"], lanes=["a"])

            return await store.write(work)

        while await claim() is not None:
            pass
        (item,) = await (await world.key("GET", "/api/v1/system/attention")).get_json()
        assert (item["code"], item["action"]) == ("command_parked", "retry_command")
        other = await store.write(lambda tx: attention.raise_in(tx, "disk_low", "root:1"))
        path = "/api/v1/system/attention/{}/retry"
        wrong = await world.key("POST", path.format(other))
        assert (wrong.status_code, (await wrong.get_json())["code"]) == (409, "wrong_state")
        assert (await world.key("POST", path.format(item["id"]))).status_code == 204
        assert (await world.key("POST", path.format(item["id"]))).status_code == 404
        left = await (await world.key("GET", "/api/v1/system/attention")).get_json()
        assert [one["code"] for one in left] == ["disk_low"]
        again = await claim()
        assert again is not None
        assert again.id != first
        assert (again.crashes, again.key, again.read(dict)) == (1, "7", {"authorId": 7})
        (job,) = store.read(lambda r: jobs.by_id(r, (1,), [again.id]))
        assert (job.title_code, job.title_params) == ("author.refresh", {"name": "Ada Quill"})


async def test_the_key_in_a_guid_stays_here(tmp_path: Path) -> None:
    guid = "http://feed.test/download?id=7&apikey=canary-key"
    async with open_app(tmp_path) as world:
        await grab(world.store, await add_book(world.store), guid=guid, transport=Transport.HTTP)
        history = await (await world.key("GET", "/api/v1/history")).get_json()
        event = history["items"][0]
        path = f"/api/v1/history/{event['id']}/blocklist"
        assert (await world.key("POST", path)).status_code == 201
        blocked = await (await world.key("GET", "/api/v1/blocklist")).get_json()
    assert event["details"]["guid"] == blocked[0]["guid"] == "http://feed.test/download?id=7"
    assert "canary-key" not in repr((history, blocked))
