"""SABnzbd by scripted and recorded answers: queue and history as one, keys, refusals, nonsense."""

import json
import traceback
from typing import Any

import pytest
import trio

from bindery.adapters.configs import SabnzbdConfig
from bindery.adapters.downloaders.sabnzbd import Sabnzbd
from bindery.adapters.failures import Malformed, OutsideError, Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.sabnzbd_wire import file_name, job_folder, megabytes, seconds
from bindery.domain.job_names import job_name, named
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteItem, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

KEY = "canaryApiKey0123456789"
NZB = b"<nzb><file/></nzb>"
PAYLOAD = Payload(kind="nzb", data=NZB, name="book")
OPTIONS = AddOptions(token="t1-abc", title="Mara Farrow / Orchard", category="books")


class Fake:
    """A SABnzbd that remembers; `old` does not know `nzo_ids` and lists two entries at most."""

    def __init__(self, server: ScriptedServer, *, old: bool = False) -> None:
        self.queue: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.paused = False
        self.old = old
        self.retention = ""
        self.calls: list[Request] = []
        server.on("/sab/api", self.answer)

    def modes(self) -> list[str]:
        return [call.one("mode") for call in self.calls]

    def answer(self, request: Request) -> Reply:
        self.calls.append(request)
        if request.one("apikey") != KEY:
            return Reply(403, "API Key Incorrect")
        return Reply(200, json.dumps(self.inside(request)))

    def inside(self, request: Request) -> Any:
        match request.one("mode"):
            case "queue" if not request.one("name"):
                slots = {"slots": self.queue, "noofslots_total": len(self.queue)}
                return {"queue": {**slots, "paused": self.paused, "kbpersec": "100.5"}}
            case "history" if not request.one("name"):
                return {"history": self.told(request.one("nzo_ids"))}
            case "addfile":
                self.queue.append({"nzo_id": "SABnzbd_nzo_1", "filename": request.one("nzbname")})
                return {"status": True, "nzo_ids": ["SABnzbd_nzo_1"]}
            case "version":
                return {"version": "4.5.1"}
            case "get_cats":
                return {"categories": ["*", "books", "audio"]}
            case "get_config":
                misc = {"complete_dir": "C:\\sab\\complete", "history_retention": self.retention}
                folders = [{"name": "books", "dir": "b*"}, {"name": "audio", "dir": "/mnt/audio"}]
                return {"config": {"misc": {**misc, "password": "s3cret"}, "categories": folders}}
            case _:
                return {"status": True}

    def told(self, ids: str) -> dict[str, Any]:
        if self.old:
            return {"slots": self.history[:2], "noofslots": len(self.history)}
        wanted = [one for one in self.history if not ids or one["nzo_id"] in ids.split(",")]
        return {"slots": wanted, "noofslots": len(wanted)}


def client(server: ScriptedServer, outbound: Outbound, **more: str) -> Sabnzbd:
    settings = {"url": f"{server.url}/sab", "api_key": KEY, **more}
    return Sabnzbd(SabnzbdConfig(**settings), outbound)  # pyright: ignore[reportArgumentType]


def done(nzo: str, name: str, status: str = "Completed", **more: Any) -> dict[str, Any]:
    storage = f"/data/complete/books/{name}"
    return {"nzo_id": nzo, "name": name, "status": status, "storage": storage, "bytes": 9, **more}


async def test_add_find_and_remove(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound) as sab:
        assert await sab.find("t1-abc", (), OPTIONS.title) is None
        assert await sab.add(PAYLOAD, OPTIONS) == "SABnzbd_nzo_1"
        found = await sab.find("t1-abc", (), "whatever")
        assert isinstance(found, RemoteItem)
        assert found.id == "SABnzbd_nzo_1"
        await sab.remove(found.id, with_data=True)
        await sab.remove("", with_data=True)
    add = next(call for call in fake.calls if call.one("mode") == "addfile")
    assert (add.method, add.one("cat"), add.one("pp"), add.one("priority")) == (
        "POST",
        "books",
        "3",
        "0",
    )
    assert NZB in add.body
    assert b'filename="Mara Farrow _ Orchard.bindery-t1-abc.nzb"' in add.body
    removed = [call for call in fake.calls if call.one("name") == "delete"]
    assert [call.one("mode") for call in removed] == ["queue", "history"]
    assert {call.one("del_files") for call in removed} == {"1"}


async def test_queue_and_history_are_one_and_only_ours_is_asked_for(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.queue = [
        {
            "nzo_id": "a",
            "filename": "A",
            "status": "Downloading",
            "mb": "1,000.00",
            "mbleft": "250.0",
            "percentage": "75",
            "timeleft": "0:16:44",
        }
    ]
    fake.history = [done("b", "B"), done("x", "Somebody else's"), done("c", "C", "Extracting")]
    async with client(server, outbound) as sab:
        snapshot = await sab.snapshot(["a", "b", "c", "gone"])
        assert snapshot.complete
        items = {item.id: item for item in snapshot.items}
        assert set(items) == {"a", "b", "c"}
        assert (items["a"].state, items["a"].percent) == (RemoteState.DOWNLOADING, 75.0)
        assert (items["a"].done, items["a"].speed) == (750 * 1024 * 1024, 102_912)
        assert items["a"].eta_s == 1004
        assert (items["b"].state, items["b"].path) == (
            RemoteState.COMPLETE,
            "/data/complete/books/B",
        )
        assert (items["c"].state, items["c"].path) == (RemoteState.MOVING, "")
        before = len(server.requests)
        await sab.snapshot(["a"])
        assert len(server.requests) - before == 1, "nothing of ours has left the queue"


async def test_a_paused_queue_pauses_what_is_not_forced(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server)
    fake.paused = True
    fake.queue = [
        {"nzo_id": "a", "status": "Queued"},
        {"nzo_id": "b", "status": "Downloading", "priority": "Force"},
    ]
    async with client(server, outbound) as sab:
        states = [item.state for item in (await sab.snapshot()).items]
    assert states == [RemoteState.PAUSED, RemoteState.DOWNLOADING]


async def test_an_old_version_that_lists_others_proves_no_absence(
    server: ScriptedServer, outbound: Outbound
) -> None:
    fake = Fake(server, old=True)
    fake.history = [done(name, name) for name in ("x", "y", "ours")]
    async with client(server, outbound) as sab:
        assert not (await sab.snapshot(["ours"])).complete
        assert (await sab.snapshot(["x"])).complete


async def test_only_the_token_makes_a_job_ours(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    fake.history = [done("old", "Orchard", "Failed"), done("new", "Orchard.bindery-t1-abc")]
    async with client(server, outbound) as sab:
        found = await sab.find("t1-abc", (), "Orchard")
        assert isinstance(found, RemoteItem)
        assert (found.id, found.name, found.token) == ("new", "Orchard", "t1-abc")
        assert await sab.find("other", (), "Orchard") is None
        assert await sab.find("", (), "Orchard") is None
        fake.queue = [{"nzo_id": "again", "filename": "ENCRYPTED / Orchard.bindery-t1-abc"}]
        assert isinstance(await sab.find("t1-abc", (), "Orchard"), Ambiguous)


async def test_what_test_says(server: ScriptedServer, outbound: Outbound) -> None:
    fake = Fake(server)
    async with client(server, outbound, category="books", category_audiobook="audio") as sab:
        info = await sab.probe()
    assert (info.version, info.warnings) == ("4.5.1", ())
    assert [(fact.purpose, fact.path) for fact in info.paths] == [
        ("category", "C:/sab/complete/b"),
        ("category_audiobook", "/mnt/audio"),
        ("default", "C:/sab/complete"),
    ]
    fake.retention = "-1"
    async with client(server, outbound, category="Books", category_audiobook="comics") as sab:
        assert (await sab.probe()).warnings == (
            "history_forgets",
            "category_case",
            "category_unknown",
        )


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(403, "API Key Incorrect"), Unauthorized, "client_auth"),
        (Reply(200, '{"status": false, "error": "API Key Required"}'), Unauthorized, "client_auth"),
        (
            Reply(403, "Access denied - Hostname verification failed: see the manual"),
            Unauthorized,
            "host_header_refused",
        ),
        (Reply(403, "Access denied"), Unauthorized, "client_forbids_address"),
        (Reply(404, "nothing"), Unavailable, "client_path_wrong"),
        (Reply(303, "", {"location": "/login"}), Unavailable, "client_path_wrong"),
        (Reply(500, "oops"), Unavailable, "http_status"),
        (Reply(429, "slow"), Unavailable, "client_rate_limited"),
        (Reply(200, "<html>Wizard</html>"), Malformed, "malformed_answer"),
        (Reply(200, '{"queue": []}'), Malformed, "malformed_answer"),
        (Reply(200, "[]"), Malformed, "malformed_answer"),
        (Reply(200, "x" * 100, truncate_at=10), Unavailable, "connection_broken"),
    ],
)
async def test_bad_days(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError], code: str
) -> None:
    server.on("/sab/api", reply)
    async with client(server, outbound) as sab:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await sab.snapshot(["a"])
    assert raised.value.code == code
    assert KEY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"status": False, "error": "no space"}, "no space"),
        ({"status": False, "error": " "}, ""),
        ({"status": False, "error": None}, ""),
        ({"status": True, "nzo_ids": []}, ""),
    ],
)
async def test_an_add_that_is_refused(
    server: ScriptedServer, outbound: Outbound, told: dict[str, Any], message: str
) -> None:
    server.on("/sab/api", Reply(200, json.dumps(told)))
    async with client(server, outbound) as sab:
        with pytest.raises(Rejected) as raised:
            await sab.add(PAYLOAD, OPTIONS)
        with pytest.raises(Rejected):
            await sab.add(Payload(kind="torrent", data=b"", name=""), OPTIONS)
    assert (raised.value.code, raised.value.params["message"]) == ("client_rejected", message)


@pytest.mark.parametrize(
    ("name", "count"),
    [("queue_0_6", 7), ("queue_docs_5_1", 2), ("queue_4_2_3_paused_empty", 0)],
)
async def test_recorded_queues(
    server: ScriptedServer, outbound: Outbound, name: str, count: int
) -> None:
    server.on("/sab/api", Reply(200, fixture(f"download/sabnzbd/{name}.json").read_bytes()))
    async with client(server, outbound) as sab:
        snapshot = await sab.snapshot()
    assert snapshot.complete
    assert len(snapshot.items) == count
    for item in snapshot.items:
        assert item.id.startswith("SABnzbd_nzo_")
        assert item.size is not None
        assert item.done is not None
        assert item.size > item.done >= 0
        assert item.category == "tv"


async def test_recorded_history(server: ScriptedServer, outbound: Outbound) -> None:
    recorded = fixture("download/sabnzbd/history_4_3_3.json").read_bytes()
    server.on("/sab/api", Reply(200, b'{"queue": {"slots": []}}'), Reply(200, recorded))
    async with client(server, outbound) as sab:
        snapshot = await sab.snapshot(["SABnzbd_nzo_zt7_3tov"])
    item = next(one for one in snapshot.items if one.id == "SABnzbd_nzo_zt7_3tov")
    assert (item.state, item.path) == (RemoteState.COMPLETE, "D:/Usenet/some mp3")
    assert item.size == 8284638


async def test_recorded_answers_of_the_other_calls(
    server: ScriptedServer, outbound: Outbound
) -> None:
    added = fixture("download/sabnzbd/addurl_ok.json").read_bytes()
    server.on("/sab/api", Reply(200, added))
    async with client(server, outbound) as sab:
        assert await sab.add(PAYLOAD, OPTIONS) == "SABnzbd_nzo_kyt1f0"
        server.on("/sab/api", Reply(200, fixture("download/sabnzbd/status_true.json").read_bytes()))
        await sab.pause("SABnzbd_nzo_kyt1f0")
        await sab.resume("SABnzbd_nzo_kyt1f0")
        await sab.set_category("SABnzbd_nzo_kyt1f0", "books")
        known = fixture("download/sabnzbd/get_cats.json").read_bytes()
        server.on(
            "/sab/api", Reply(200, b'{"version": "4.0"}'), Reply(200, known), Reply(200, "{}")
        )
    async with client(server, outbound, category="books") as sab:
        assert (await sab.probe()).warnings == ("category_unknown",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,277.65", round(1277.65 * 1024 * 1024)),
        ("687 MB", 687 * 1024 * 1024),
        ("0.00", 0),
        ("", None),
        ("n/a", None),
        ("inf", None),
    ],
)
def test_sizes_are_texts(text: str, expected: int | None) -> None:
    assert megabytes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0:16:44", 1004), ("1:02:03:04", 93_784), ("0:00:00", None), ("", None), ("soon", None)],
)
def test_times_are_texts(text: str, expected: int | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("storage", "name", "expected"),
    [
        ("/c/books/Orchard", "Orchard", "/c/books/Orchard"),
        ("/c/books/Orchard/deep/Orchard.epub", "Orchard", "/c/books/Orchard"),
        ("/c/books/Orchard.1", "Orchard", "/c/books/Orchard.1"),
        ("/c/books/single.epub", "Orchard", "/c/books/single.epub"),
        ("", "Orchard", ""),
    ],
)
def test_the_jobs_own_folder(storage: str, name: str, expected: str) -> None:
    assert job_folder(storage, name) == expected


def test_a_long_title_leaves_room_for_the_token() -> None:
    name = job_name("ä" * 300, "t1-abc")
    assert len(name.encode()) < 200
    assert named(name) == ("ä" * 80, "t1-abc")


@pytest.mark.parametrize(
    ("title", "expected"),
    [("A/B\\C\0D", "A_B_C_D.nzb"), ("  ", "bindery.nzb"), ("Ökonomie", "Ökonomie.nzb")],
)
def test_the_name_of_the_file(title: str, expected: str) -> None:
    assert file_name(title) == expected
