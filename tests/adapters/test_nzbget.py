"""NZBGet by scripted and recorded answers."""

import json
import traceback
from typing import Any

import pytest
import trio

from bindery.adapters.configs import NzbgetConfig
from bindery.adapters.downloaders.nzbget import Nzbget
from bindery.adapters.failures import Malformed, OutsideError, Rejected, Unauthorized, Unavailable
from bindery.adapters.nzbget_wire import categories, expanded, request
from bindery.adapters.outbound import Outbound
from bindery.domain.transfers import AddOptions, Payload, RemoteState
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

PASSWORD = "canaryPassw0rd"
OPTIONS = AddOptions(token="t1", title="Orchard", category="books")


def answers(server: ScriptedServer, **by_method: bytes) -> list[dict[str, Any]]:
    """Script each method's whole answer; what was asked is collected."""
    asked: list[dict[str, Any]] = []

    def answer(call: Request) -> Reply:
        body = json.loads(call.body)
        asked.append(body)
        empty = b'{"result": []}' if body["method"] != "status" else b'{"result": {}}'
        return Reply(200, by_method.get(body["method"], empty))

    server.on("/jsonrpc", answer)
    return asked


def client(server: ScriptedServer, outbound: Outbound) -> Nzbget:
    config = NzbgetConfig(url=server.url, username="admin", password=PASSWORD)
    return Nzbget(config, outbound)


def test_params_come_last() -> None:
    assert list(json.loads(request("append", ["x", 1]))) == ["method", "id", "params"]
    assert request("version", []).endswith(b'"params":[]}')


async def test_recorded_queue(server: ScriptedServer, outbound: Outbound) -> None:
    answers(server, listgroups=fixture("download/nzbget/listgroups_legacy.json").read_bytes())
    async with client(server, outbound) as nzbget:
        (item,) = (await nzbget.snapshot()).items
    assert (item.id, item.category, item.size, item.done) == ("1", "TV", 350_152_055, 0)
    assert item.state is RemoteState.QUEUED


async def test_recorded_history_and_status(server: ScriptedServer, outbound: Outbound) -> None:
    history = fixture("download/nzbget/history_26_3.json").read_bytes()
    status = b'{"result": ' + fixture("download/nzbget/status_26_3.json").read_bytes() + b"}"
    answers(server, history=history, status=status)
    async with client(server, outbound) as nzbget:
        items = (await nzbget.snapshot()).items
    assert [(item.id, item.state, item.code) for item in items] == [
        ("13", RemoteState.FAILED, "client_failed"),
        ("8", RemoteState.FAILED, "client_failed"),
    ]
    assert items[0].message == "FAILURE/FETCH"


async def test_recorded_refusal(server: ScriptedServer, outbound: Outbound) -> None:
    recorded = fixture("download/nzbget/error_invalid_procedure.json").read_bytes()
    answers(server, listgroups=recorded)
    async with client(server, outbound) as nzbget:
        with pytest.raises(Rejected) as raised:
            await nzbget.snapshot()
    assert raised.value.params["message"] == "Invalid procedure"


async def test_a_job_that_moves_between_the_requests_is_seen_once(
    server: ScriptedServer, outbound: Outbound
) -> None:
    group = {"NZBID": 5, "NZBName": "Orchard", "Status": "PP_FINISHED"}
    entry = {"NZBID": 5, "Name": "Orchard", "Status": "SUCCESS/ALL", "DestDir": "/d/Orchard"}
    answers(
        server,
        listgroups=json.dumps({"result": [group]}).encode(),
        history=json.dumps({"result": [{**entry, "FinalDir": "/final/Orchard"}]}).encode(),
    )
    async with client(server, outbound) as nzbget:
        (item,) = (await nzbget.snapshot()).items
    assert (item.state, item.path) == (RemoteState.COMPLETE, "/final/Orchard")


async def test_sizes_of_more_than_four_gibibytes(
    server: ScriptedServer, outbound: Outbound
) -> None:
    sizes = {"FileSizeLo": -1, "FileSizeHi": 1, "RemainingSizeLo": 0, "RemainingSizeHi": 1}
    group = {"NZBID": 5, "Status": "DOWNLOADING", **sizes}
    answers(
        server,
        listgroups=json.dumps({"result": [group]}).encode(),
        status=b'{"result": {"DownloadRate": 1000}}',
    )
    async with client(server, outbound) as nzbget:
        (item,) = (await nzbget.snapshot()).items
    assert (item.size, item.percent, item.speed) == (2**33 - 1, 50.0, 1000)
    assert item.eta_s == 2**32 // 1000


async def test_one_odd_entry_makes_the_list_incomplete(
    server: ScriptedServer, outbound: Outbound
) -> None:
    answers(server, listgroups=b'{"result": [{"NZBID": "x"}, {"NZBID": 2}]}')
    async with client(server, outbound) as nzbget:
        snapshot = await nzbget.snapshot()
    assert [item.id for item in snapshot.items] == ["2"]
    assert not snapshot.complete


async def test_an_add_carries_our_token(server: ScriptedServer, outbound: Outbound) -> None:
    asked = answers(server, append=b'{"result": 7}')
    async with client(server, outbound) as nzbget:
        id_ = await nzbget.add(Payload(kind="nzb", data=b"<nzb/>", name="x"), OPTIONS)
        await nzbget.remove("", with_data=True)
    assert id_ == "7"
    assert len(asked) == 1
    assert asked[0]["params"][:3] == ["Orchard.nzb", "PG56Yi8+", "books"]
    assert asked[0]["params"][-2:] == ["FORCE", ["bindery", "t1"]]


async def test_a_refused_add(server: ScriptedServer, outbound: Outbound) -> None:
    answers(server, append=b'{"result": 0}')
    async with client(server, outbound) as nzbget:
        with pytest.raises(Rejected):
            await nzbget.add(Payload(kind="nzb", data=b"<nzb/>", name="x"), OPTIONS)
        with pytest.raises(Rejected):
            await nzbget.add(Payload(kind="torrent", data=b"", name="x"), OPTIONS)


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(401, "no"), Unauthorized, "client_auth"),
        (Reply(403, "no"), Unauthorized, "client_forbids_address"),
        (Reply(404, "no"), Unavailable, "client_path_wrong"),
        (Reply(500, "no"), Unavailable, "http_status"),
        (Reply(200, "<html>"), Malformed, "malformed_answer"),
        (Reply(200, '{"result": 4}'), Malformed, "malformed_answer"),
        (Reply(200, ""), Malformed, "malformed_answer"),
        (Reply(200, "x" * 100, truncate_at=10), Unavailable, "connection_broken"),
    ],
)
async def test_bad_days(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError], code: str
) -> None:
    server.on("/jsonrpc", reply)
    async with client(server, outbound) as nzbget:
        with trio.fail_after(10), pytest.raises(kind) as raised:
            await nzbget.snapshot()
    assert raised.value.code == code
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"DestDir": "/d", "Category1.Name": "books"}, "/d/books"),
        ({"DestDir": "/d/", "Category1.Name": "books", "AppendCategoryDir": "no"}, "/d/"),
        (
            {
                "MainDir": "C:\\nzb",
                "DestDir": "${MainDir}/dst",
                "Category1.Name": "books",
                "Category1.DestDir": "${DestDir}/b",
            },
            "C:/nzb/dst/b",
        ),
    ],
)
def test_folder_of_a_category(settings: dict[str, str], expected: str) -> None:
    assert categories(settings) == {"books": expected}


def test_a_variable_that_names_itself_ends() -> None:
    assert "${A}" in expanded("${A}/x", {"A": "${A}"})
