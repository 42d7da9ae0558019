"""Notification targets and backups over HTTP."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import trio

from bindery.actors.housekeeper import HousekeeperActor
from bindery.domain.refusal import Code, Refusal
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.runtime.threads import Threads
from bindery.store import backups, notifiers
from bindery.store.notifiers import NotifierFields, NotifierRow
from tests.http.world import open_app

PHONE = {
    "name": "phone",
    "url": "https://push.test/books",
    "headers": '{"Authorization": "Bearer sesame"}',
    "topic": "books",
}


class Targets:
    """The port, played: remembers what was tried, answers what it is told."""

    def __init__(self, answer: Refusal | None = None) -> None:
        self.answer = answer
        self.tried: list[NotifierRow | NotifierFields] = []

    async def test(self, fields: NotifierRow | NotifierFields) -> Refusal | None:
        await trio.lowlevel.checkpoint()
        self.tried.append(fields)
        return self.answer


async def test_target_is_added_with_the_defaults_of_the_table(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        made = await world.key("POST", "/api/v1/notification", json=PHONE)
        row = await made.get_json()
        listed = await (await world.key("GET", "/api/v1/notification")).get_json()
    assert made.status_code == 201
    switches = {name: value for name, value in row.items() if name.startswith("on")}
    assert switches == {
        "onGrab": True,
        "onImport": True,
        "onUpgrade": False,
        "onFailure": True,
        "onHealth": False,
    }
    assert (row["type"], row["method"], row["enabled"]) == ("webhook", "POST", True)
    assert listed == [row]


async def test_header_values_never_leave_and_stay_when_the_mask_comes_back(
    tmp_path: Path,
) -> None:
    async with open_app(tmp_path) as world:
        made = await world.key("POST", "/api/v1/notification", json=PHONE)
        row = await made.get_json()
        sent = {"name": "tablet", "headers": row["headers"]}
        changed = await world.key("PUT", f"/api/v1/notification/{row['id']}", json=sent)
        moved = await world.key(
            "PUT", f"/api/v1/notification/{row['id']}", json={"url": "https://evil.test/"}
        )
        stored = world.store.read(lambda reader: notifiers.get(reader, row["id"]))
    assert "sesame" not in await made.get_data(as_text=True)
    assert "sesame" not in await changed.get_data(as_text=True)
    assert (moved.status_code, (await moved.get_json())["code"]) == (400, "secret_required")
    assert stored is not None
    assert (stored.name, stored.headers) == ("tablet", {"Authorization": "Bearer sesame"})


async def test_unusable_targets_are_refused_with_their_field(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "name"),
        ({"url": ""}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"method": "DELETE"}, "method"),
        ({"headers": "[1]"}, "headers"),
        ({"headers": {"Bad Name": "x"}}, "headers"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers"),
    ]
    async with open_app(tmp_path) as world:
        for change, field in cases:
            answer = await world.key("POST", "/api/v1/notification", json={**PHONE, **change})
            assert (answer.status_code, (await answer.get_json())["field"]) == (400, field), change


async def test_test_button_tries_what_is_on_the_page(tmp_path: Path) -> None:
    targets = Targets()
    async with open_app(tmp_path, ports=SimpleNamespace(targets=targets)) as world:
        row = await (await world.key("POST", "/api/v1/notification", json=PHONE)).get_json()
        path = f"/api/v1/notification/{row['id']}/test"
        fine = await world.key("POST", path)
        typed = await world.key("POST", path, json={"topic": "other"})
        targets.answer = Refusal(
            code=Code.NOTIFIER_FAILED, params={"name": "phone", "reason": "timeout"}
        )
        down = await world.key("POST", "/api/v1/notification/test", json=PHONE)
        gone = await world.key("POST", "/api/v1/notification/99/test")
    assert (await fine.get_json()) == {"message": "ok"}
    assert [(one.topic, one.headers["Authorization"]) for one in targets.tried[:2]] == [
        ("books", "Bearer sesame"),
        ("other", "Bearer sesame"),
    ]
    assert typed.status_code == 200
    assert (down.status_code, (await down.get_json())["code"]) == (400, "notifier_failed")
    assert gone.status_code == 404


async def test_deleting_a_target_twice_is_no_error(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        row = await (await world.key("POST", "/api/v1/notification", json=PHONE)).get_json()
        path = f"/api/v1/notification/{row['id']}"
        answers = [await world.key("DELETE", path) for _ in range(2)]
        left = await world.key("GET", path)
    assert [answer.status_code for answer in answers] == [204, 204]
    assert left.status_code == 404


async def test_backup_is_made_listed_and_deleted(tmp_path: Path) -> None:
    async with (
        open_app(tmp_path) as world,
        open_supervisor(world.clock, rng=random.Random(1)) as supervisor,
    ):
        actor = Child("housekeeper", lambda: HousekeeperActor(world.store, Threads()))
        await supervisor.start(actor)
        made = await world.key("POST", "/api/v1/backup", json={"label": "my copy"})
        body = await made.get_json()
        odd = await world.key(
            "POST", "/api/v1/backup", data=b"{nonsense", headers={"Content-Type": "text/plain"}
        )
        listed = await (await world.key("GET", "/api/v1/backup")).get_json()
        path = f"/api/v1/backup/{body['name']}"
        answers = [await world.key("DELETE", path) for _ in range(2)]
        bad = await world.key("DELETE", "/api/v1/backup/evil.db")
        await supervisor.stop_all()
    assert made.status_code == 201
    assert body["name"].endswith("_my-copy.db")
    assert body["size"] > 0
    assert odd.status_code == 201
    assert {one["name"] for one in listed} == {body["name"], (await odd.get_json())["name"]}
    assert [answer.status_code for answer in answers] == [204, 404]
    assert bad.status_code == 400


async def test_backups_are_for_admins(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        for method, path in (("GET", "/api/v1/backup"), ("POST", "/api/v1/backup")):
            answer = await world.ask(method, path)
            assert answer.status_code == 401, path
        assert await backups.list_backups(world.store) == []
