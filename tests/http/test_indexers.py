"""Indexers over HTTP: masked keys, partial changes, tests; the blocklist."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bindery.domain.legs import IndexerReport
from bindery.domain.principal import SYSTEM
from bindery.store import blocklist, indexers
from bindery.store.indexers import IndexerFields
from tests.http.world import World, open_app

FEED = {"name": "feed", "type": "torznab", "url": "http://nas:9696/1/", "apiKey": "canary-key"}


class Prober:
    def __init__(self, report: IndexerReport) -> None:
        self.report = report
        self.asked: list[tuple[IndexerFields, int | None]] = []

    async def test_indexer(
        self, fields: IndexerFields, saved_id: int | None = None
    ) -> IndexerReport:
        self.asked.append((fields, saved_id))
        return self.report


async def added(world: World, **more: Any) -> dict[str, Any]:
    answer = await world.key("POST", "/api/v1/indexer", json={**FEED, **more})
    assert answer.status_code == 201, await answer.get_data(as_text=True)
    return await answer.get_json()


async def test_key_is_masked_and_kept(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        row = await added(world)
        assert (row["apiKey"], row["apiKeyConfigured"]) == ("********", True)
        assert (row["categories"], row["health"]["status"]) == ([7000, 7020, 3030], "unknown")
        path = f"/api/v1/indexer/{row['id']}"
        answer = await world.key("PUT", path, json={"apiKey": "********", "priority": 9})
        changed = await answer.get_json()
        assert (changed["priority"], changed["name"], changed["rev"]) == (9, "feed", 2)
        stored = world.store.read(lambda reader: indexers.get(reader, row["id"]))
        assert stored is not None
        assert stored.api_key == "canary-key"
        listed = await (await world.key("GET", "/api/v1/indexer")).get_data(as_text=True)
        assert "canary-key" not in listed


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"name": "x"}, 400, "required", "url"),
        ({**FEED, "url": "http://169.254.169.254/"}, 400, "url_not_allowed", "url"),
        ({**FEED}, 409, "duplicate", "url"),
        ({**FEED, "priority": "high"}, 422, "invalid", "priority"),
    ],
)
async def test_what_is_refused(tmp_path: Path, body, status, code, field) -> None:
    async with open_app(tmp_path) as world:
        await added(world)
        answer = await world.key("POST", "/api/v1/indexer", json=body)
        found = await answer.get_json()
        assert (answer.status_code, found["code"], found["field"]) == (status, code, field)


async def test_key_does_not_follow_to_another_host(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        row = await added(world)
        answer = await world.key(
            "PUT", f"/api/v1/indexer/{row['id']}", json={"url": "http://evil.example/"}
        )
        assert (answer.status_code, (await answer.get_json())["code"]) == (400, "secret_required")


async def test_delete_is_quiet_and_get_says_404(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        row = await added(world)
        path = f"/api/v1/indexer/{row['id']}"
        assert (await world.key("DELETE", path)).status_code == 204
        assert (await world.key("DELETE", path)).status_code == 204
        assert (await world.key("GET", path)).status_code == 404


async def test_trial_of_saved_and_unsaved(tmp_path: Path) -> None:
    failed = IndexerReport(ok=False, status=403, code="indexer_auth", params={"text": "bad key"})
    prober = Prober(failed)
    async with open_app(tmp_path, ports=SimpleNamespace(prober=prober)) as world:
        row = await added(world)
        path = f"/api/v1/indexer/{row['id']}/test"
        answer = await world.key("POST", path)
        told = await answer.get_json()
        assert answer.status_code == 200
        assert (told["ok"], told["error"], told["code"]) == (
            False,
            "HTTP 403: bad key",
            "indexer_auth",
        )
        await world.key("POST", path, json={"apiKey": "new"})
        unsaved = {"type": "newznab", "url": "http://other", "apiKey": "k"}
        assert (await world.key("POST", "/api/v1/indexer/test", json=unsaved)).status_code == 200
        assert [(fields.api_key, saved) for fields, saved in prober.asked] == [
            ("canary-key", row["id"]),
            ("new", None),
            ("k", None),
        ]


async def test_blocklist_lists_and_forgets(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        for guid in ("a", "b", "c"):
            entry = blocklist.NewEntry(library_id=1, guid=guid, title=guid, code="corrupt")
            await world.store.write(lambda tx, e=entry: blocklist.add_in(tx, e, SYSTEM))
        listed = await (await world.key("GET", "/api/v1/blocklist")).get_json()
        assert [(row["guid"], row["reason"]) for row in listed] == [
            ("c", "corrupt"),
            ("b", "corrupt"),
            ("a", "corrupt"),
        ]
        gone = await world.key("DELETE", f"/api/v1/blocklist/{listed[0]['id']}")
        assert gone.status_code == 204
        assert (await world.key("DELETE", "/api/v1/blocklist/999")).status_code == 204
        ids = {"ids": [listed[1]["id"], 999]}
        assert (await world.key("DELETE", "/api/v1/blocklist/bulk", json=ids)).status_code == 204
        left = await (await world.key("GET", "/api/v1/blocklist")).get_json()
        assert [row["guid"] for row in left] == ["a"]


async def test_secrets_in_addresses_are_masked_and_kept(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        for path, url in (
            ("indexer", "http://nas:9696/1/api?apikey=canary-key"),
            (
                "notification",
                "http://hooks.test/api/1/T0ken4567890123456789canary?token=canary-key",
            ),
        ):
            body = {"name": "x", "type": "torznab" if path == "indexer" else "webhook", "url": url}
            made = await (await world.key("POST", f"/api/v1/{path}", json=body)).get_json()
            one = f"/api/v1/{path}/{made['id']}"
            sent = {"name": "y", "url": made["url"]}
            after = await (await world.key("PUT", one, json=sent)).get_json()
            moved = {"url": made["url"].replace("http://", "http://other.")}
            refused = await world.key("PUT", one, json=moved)
            assert "canary" not in repr((made, after))
            assert (after["name"], after["url"]) == ("y", made["url"])
            assert (refused.status_code, (await refused.get_json())["code"]) == (
                400,
                "secret_required",
            )
            table = "indexer" if path == "indexer" else "notifier"
            sql = f"SELECT url FROM {table}"
            assert world.store.read(lambda reader, sql=sql: reader.values(sql)) == [url]
