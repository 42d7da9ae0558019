"""The built-in client: whole files, resumed files, and everything servers do wrong."""

import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from bindery.adapters.configs import DirectConfig
from bindery.adapters.direct_job import RECORD
from bindery.adapters.downloaders import direct as module
from bindery.adapters.downloaders.direct import Direct
from bindery.adapters.failures import OutsideError, Rejected, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.part_files import PartFile, write_record
from bindery.domain.download_name import download_name
from bindery.domain.transfers import AddOptions, Payload, RemoteItem, RemoteState
from tests.kit.server import Reply, Request, ScriptedServer, ranged

DATA = bytes(range(256)) * 4000


@asynccontextmanager
async def direct(
    folder: Path, server: ScriptedServer, outbound: Outbound, *, run: bool = True, **more: float
) -> AsyncGenerator[Direct, None]:
    config = DirectConfig(download_dir=str(folder), trusted_urls=(server.url,), **more)  # pyright: ignore[reportArgumentType]
    with trio.fail_after(20):
        async with Direct(config, outbound) as client, trio.open_nursery() as nursery:
            if run:
                nursery.start_soon(client.run)
            yield client
            nursery.cancel_scope.cancel(reason="the test is done")


def payload(url: str) -> Payload:
    return Payload(kind="http", data=url.encode(), name="x")


def options(token: str = "tok-1", title: str = "A Book") -> AddOptions:
    return AddOptions(token=token, title=title, category="books")


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def look(client: Direct, token: str = "tok-1") -> RemoteItem:
    return next(item for item in (await client.snapshot()).items if item.id == token)


async def until(
    client: Direct, *states: RemoteState, token: str = "tok-1", begun: bool = False
) -> RemoteItem:
    while True:
        item = await look(client, token)
        if item.state in states and (item.done or not begun):
            return item
        await trio.sleep(0.01)


async def test_a_whole_file(tmp_path: Path, server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/b/Mein%20Buch.epub", ranged(DATA, etag='"e1"'))
    async with direct(tmp_path, server, outbound) as client:
        assert await client.add(payload(f"{server.url}/b/Mein%20Buch.epub"), options()) == "tok-1"
        item = await until(client, RemoteState.COMPLETE)
        (file,) = await client.files("tok-1")
        assert await client.add(payload("http://elsewhere/"), options()) == "tok-1"
    path = tmp_path / "tok-1" / "Mein Buch.epub"
    assert path.read_bytes() == DATA
    assert (item.path, item.save_path, item.percent) == (str(path), str(path.parent), 100.0)
    assert (file.path, file.size, file.done) == ("Mein Buch.epub", len(DATA), True)
    assert sorted(p.name for p in path.parent.iterdir()) == [RECORD, "Mein Buch.epub"]


async def test_it_goes_on_where_another_process_stopped(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    script = ranged(DATA, etag='"e1"', rate=400_000)
    server.on("/b.epub", script, ranged(DATA, etag='"e1"'))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.DOWNLOADING, begun=True)
        await trio.sleep(2.2)  # past one sync
    assert 0 < (tmp_path / "tok-1" / "b.epub.part").stat().st_size < len(DATA)
    async with direct(tmp_path, server, outbound) as client:
        found = await client.find("tok-1", (), "")
        assert isinstance(found, RemoteItem)
        assert found.done
        item = await until(client, RemoteState.COMPLETE)
    assert (tmp_path / "tok-1" / "b.epub").read_bytes() == DATA
    assert item.done == len(DATA)
    assert server.requests[1].headers["range"] == f"bytes={found.done}-"
    assert server.requests[1].headers["if-range"] == '"e1"'


async def test_a_changed_file_starts_again(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    new = b"new" * 100_000
    server.on("/b.epub", ranged(DATA, etag='"old"', truncate_at=600_000), ranged(new, etag='"new"'))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.COMPLETE)
    assert (tmp_path / "tok-1" / "b.epub").read_bytes() == new


async def test_cut_connections_and_bad_gateways_are_tried_again(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", Reply(502, ""), ranged(DATA, truncate_at=300), ranged(DATA))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        seen = await until(client, RemoteState.STALLED)
        await until(client, RemoteState.COMPLETE)
    assert seen.code == "http_status"
    assert (tmp_path / "tok-1" / "b.epub").read_bytes() == DATA
    assert "range" not in server.requests[2].headers, "without a validator resuming is not safe"


async def test_a_stall_is_broken_off(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", ranged(DATA, stall_at=1000), ranged(DATA))
    async with direct(tmp_path, server, outbound, stall_s=0.3) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        assert (await until(client, RemoteState.STALLED)).code == "timeout"
        await until(client, RemoteState.COMPLETE)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(404), "download_gone"),
        (Reply(403), "download_forbidden"),
        (Reply(200, b"<html>no</html>", {"content-type": "text/html"}), "html_page"),
        (Reply(200, b"<!DOCTYPE html><p>no", {"content-type": "application/epub+zip"}), "html_page"),
        (Reply(200, b"", {"content-type": "application/epub+zip"}), "empty_file"),
        (Reply(200, b"x" * 5000), "answer_too_large"),
        (Reply(206, b"x", {"content-range": "bytes 5-5/6"}), "bad_range"),
        (Reply(302, headers={"location": "http://127.0.0.1:1/other"}), "url_not_allowed"),
        (Reply(302, headers={"location": "http://169.254.169.254/"}), "url_not_allowed"),
    ],
)  # fmt: skip
async def test_what_cannot_become_a_book_fails(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, reply: Reply, code: str
) -> None:
    server.on("/b.epub", reply)
    async with direct(tmp_path, server, outbound, max_bytes=4000) as client:
        await client.add(payload(f"{server.url}/b.epub?apikey=canary0000"), options())
        item = await until(client, RemoteState.FAILED)
    assert item.code == code
    assert "canary0000" not in repr(item)


async def test_pause_resume_and_remove(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", ranged(DATA, rate=100_000), ranged(DATA))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.DOWNLOADING, begun=True)
        await client.pause("tok-1")
        assert (await look(client)).state is RemoteState.PAUSED
        await client.resume("tok-1")
        await until(client, RemoteState.COMPLETE)
        (tmp_path / "tok-1" / "b.epub").unlink()
        assert (await look(client)).state is RemoteState.MISSING_FILES
        await client.remove("tok-1", with_data=True)
        await client.remove("tok-1", with_data=True)
        assert (await client.snapshot()).items == []
        with pytest.raises(Rejected):
            await client.files("tok-1")
    assert not (tmp_path / "tok-1").exists()


async def test_removing_a_running_download(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", ranged(DATA, rate=100_000))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.DOWNLOADING)
        await client.remove("tok-1", with_data=True)
    assert not (tmp_path / "tok-1").exists()


async def test_a_removal_that_died_halfway_is_ended_at_the_next_start(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die_after_the_record(folder: Path) -> None:
        (folder / RECORD).unlink()
        raise OSError(errno.EIO, "the process dies here")

    server.on("/b.epub", ranged(DATA))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.COMPLETE)
        with monkeypatch.context() as patched:
            patched.setattr("shutil.rmtree", die_after_the_record)
            with pytest.raises(Unavailable):
                await client.remove("tok-1", with_data=True)
    assert len(everything(tmp_path)) == 2
    async with direct(tmp_path, server, outbound) as client:
        assert (await client.snapshot()).items == []
    assert everything(tmp_path) == []


async def test_two_at_once(tmp_path: Path, server: ScriptedServer, outbound: Outbound) -> None:
    running: list[str] = []

    def slow(request: Request) -> Reply:
        running.append(request.path)
        return Reply(200, b"x" * 1000, rate=4000)

    server.on("*", slow)
    async with direct(tmp_path, server, outbound, parallel=2) as client:
        for number in range(4):
            await client.add(payload(f"{server.url}/{number}.epub"), options(f"tok-{number}"))
        await until(client, RemoteState.DOWNLOADING, token="tok-1")
        states = [item.state for item in (await client.snapshot()).items]
        assert states.count(RemoteState.DOWNLOADING) == 2
        for number in range(4):
            await until(client, RemoteState.COMPLETE, token=f"tok-{number}")
    assert len(running) == 4


async def test_a_crash_between_publish_and_record(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", ranged(DATA))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
        await until(client, RemoteState.COMPLETE)
    record = tmp_path / "tok-1" / RECORD
    record.write_bytes(record.read_bytes().replace(b'"state":"complete"', b'"state":"queued"'))
    async with direct(tmp_path, server, outbound) as client:
        await until(client, RemoteState.COMPLETE)
    assert len(server.requests) == 1


async def test_a_record_that_claims_more_than_is_there(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/b.epub", ranged(DATA, etag='"e"'))
    async with direct(tmp_path, server, outbound, run=False) as client:
        await client.add(payload(f"{server.url}/b.epub"), options())
    record = tmp_path / "tok-1" / RECORD
    lie = b'"name":"b.epub","size":%d,"synced":900000,"validator":"\\"e\\"",' % len(DATA)
    record.write_bytes(record.read_bytes().replace(b"{", b"{" + lie, 1))
    async with direct(tmp_path, server, outbound) as client:
        await until(client, RemoteState.COMPLETE)
    assert (tmp_path / "tok-1" / "b.epub").read_bytes() == DATA


@pytest.mark.parametrize("junk", [b"", b"{", b"\xff", b'{"token":"other","url":"","title":""}'])
async def test_a_broken_record_is_left_alone(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, junk: bytes
) -> None:
    (tmp_path / "tok-9").mkdir()
    (tmp_path / "tok-9" / RECORD).write_bytes(junk)
    async with direct(tmp_path, server, outbound, run=False) as client:
        assert (await client.snapshot()).items == []


@pytest.mark.parametrize("token", ["", "../x", "a/b", ".", "x" * 99, "a\x00"])
async def test_a_token_is_never_a_path(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, token: str
) -> None:
    async with direct(tmp_path, server, outbound, run=False) as client:
        with pytest.raises(Rejected):
            await client.add(payload(f"{server.url}/b"), options(token))


async def test_probe(tmp_path: Path, server: ScriptedServer, outbound: Outbound) -> None:
    async with direct(tmp_path / "new", server, outbound, run=False) as client:
        info = await client.probe()
    assert info.paths[0].path == str(tmp_path / "new")
    (tmp_path / "file").write_bytes(b"")
    async with direct(tmp_path / "file", server, outbound, run=False) as client:
        with pytest.raises(OutsideError):
            await client.probe()


@pytest.mark.parametrize(
    ("told", "title", "mime", "name"),
    [
        ("book.epub", "T", "application/epub+zip", "book.epub"),
        ("84.epub3.images", "T", "application/epub+zip", "84.epub3.images.epub"),
        ("download", "A: Book?", "application/epub+zip", "download.epub"),
        ("", "A: Book?", "application/epub+zip", "A_ Book_.epub"),
        ("", "", "application/pdf", "download.pdf"),
        ("../../etc/passwd", "T", "text/plain", "passwd.txt"),
        ("..", "", "", "download"),
        (".hidden", "T", "", "hidden"),
        ("con", "T", "application/pdf", "_con.pdf"),
        ("book.mobi", "T", "application/octet-stream", "book.mobi"),
        ("a\x00b\u202e.epub", "T", "", "a_b.epub"),
        ("x" * 400 + ".epub", "T", "application/epub+zip", "x" * 145 + ".epub"),
    ],
)  # fmt: skip
def test_names(told: str, title: str, mime: str, name: str) -> None:
    assert download_name(told, title, mime) == name


async def test_a_full_disk_is_waited_for(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.01)
    left = 3 * module.MOST_FAILURES
    real = PartFile.write

    def write(part: PartFile, data: bytes, sync: bool) -> None:
        nonlocal left
        left -= 1
        if left > 0:
            raise OSError(errno.ENOSPC, "full")
        real(part, data, sync)

    monkeypatch.setattr(PartFile, "write", write)
    server.on("/full.epub", ranged(DATA, etag='"e1"'))
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/full.epub"), options())
        item = await until(client, RemoteState.STALLED)
        assert item.code == "disk_full"
        await until(client, RemoteState.COMPLETE)
    assert (tmp_path / "tok-1" / "full.epub").read_bytes() == DATA


async def test_a_disk_too_full_for_the_verdict_ends_nothing(
    tmp_path: Path, server: ScriptedServer, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.01)
    server.on("/gone.epub", Reply(404))
    full = True
    real = module.write_record

    def write_record(path: Path, data: bytes) -> None:
        if full and b'"failed"' in data:
            raise OSError(errno.ENOSPC, "full")
        real(path, data)

    monkeypatch.setattr(module, "write_record", write_record)
    async with direct(tmp_path, server, outbound) as client:
        await client.add(payload(f"{server.url}/gone.epub"), options())
        assert (await until(client, RemoteState.STALLED)).code == "disk_full"
        full = False
        assert (await until(client, RemoteState.FAILED)).code == "download_gone"


def test_a_record_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:7]))
    write_record(tmp_path / RECORD, b"x" * 100)
    assert (tmp_path / RECORD).read_bytes() == b"x" * 100
