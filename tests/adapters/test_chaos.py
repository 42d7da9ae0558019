"""Bad days, for every adapter alike: the right failure value, in bounded time and memory.

Rate limits, errors, web pages, cut and wrong answers, silence, broken connections, floods: an
adapter raises an `OutsideError` with a code and nothing else, whatever it is asked.
"""

import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio

from bindery.adapters.configs import (
    DelugeConfig,
    NewznabConfig,
    NzbgetConfig,
    OpdsConfig,
    OpenLibraryConfig,
    QBittorrentConfig,
    RTorrentConfig,
    SabnzbdConfig,
    TransmissionConfig,
)
from bindery.adapters.failures import OutsideError, RateLimited, Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.registry import open_client, open_indexer, open_provider
from bindery.domain.offers import IndexerQuery
from bindery.domain.transfers import Snapshot
from tests.kit.server import Reply, ScriptedServer

STALL_S = 0.3
SECRET = "s3cr3t-of-this-adapter"
Ask = Callable[[Any], Awaitable[object]]
QUERY = IndexerQuery(mode="search", text="lamp")

INDEXERS: dict[str, tuple[Callable[[str], Any], Ask]] = {
    "newznab search": (
        lambda url: NewznabConfig(url=url, api_key=SECRET, timeout_s=STALL_S),
        lambda adapter: adapter.search(QUERY),
    ),
    "torznab caps": (
        lambda url: NewznabConfig(
            url=f"{url}/torznab", api_key=SECRET, flavour="torznab", timeout_s=STALL_S
        ),
        lambda adapter: adapter.caps(),
    ),
    "opds": (
        lambda url: OpdsConfig(url=f"{url}/opds", password=SECRET, timeout_s=STALL_S),
        lambda adapter: adapter.search(QUERY),
    ),
}
CLIENTS: dict[str, Callable[[str], Any]] = {
    "qbittorrent": lambda url: QBittorrentConfig(
        url=url, username="u", password=SECRET, timeout_s=STALL_S
    ),
    "transmission": lambda url: TransmissionConfig(
        url=f"{url}/transmission/rpc", username="u", password=SECRET, timeout_s=STALL_S
    ),
    "deluge": lambda url: DelugeConfig(url=url, password=SECRET, timeout_s=STALL_S),
    "rtorrent": lambda url: RTorrentConfig(
        url=f"{url}/RPC2", username="u", password=SECRET, timeout_s=STALL_S
    ),
    "sabnzbd": lambda url: SabnzbdConfig(url=url, api_key=SECRET, timeout_s=STALL_S),
    "nzbget": lambda url: NzbgetConfig(url=url, username="u", password=SECRET, timeout_s=STALL_S),
}
EVILS: dict[str, Reply] = {
    "429": Reply(429, b"slow down", {"retry-after": "120"}),
    "500": Reply(500, b"oops"),
    "502 page": Reply(502, b"<html><body>bad gateway</body></html>", {"content-type": "text/html"}),
    "login page": Reply(200, b"<!doctype html><html><form><input type='password'></form></html>"),
    "truncated": Reply(200, b'<?xml version="1.0"?>{"result": [', truncate_at=9),
    "empty": Reply(200, b""),
    "number": Reply(200, b"7"),
    "list": Reply(200, b"[1, [2], {}]"),
    "wrong types": Reply(200, b'{"result": {"a": []}, "arguments": 5, "queue": "x", "id": []}'),
    "deep": Reply(200, b"[" * 100_000),
    "bytes": Reply(200, bytes(range(256)) * 4),
    "stall": Reply(200, b'{"result": ' + b"x" * 100, stall_at=20),
    "late": Reply(200, b"{}", delay_s=20),
    "reset": Reply(raw=b""),
    "no http": Reply(raw=b"220 mail.example ESMTP\r\n\r\n"),
    "redirects": Reply(302, b"", {"location": "/again"}),
}


async def _provoked(ask: Ask, adapter: object) -> OutsideError | None:
    """The failure; None for a list that says of itself that it is not whole."""
    with trio.fail_after(15):
        try:
            made = await ask(adapter)
        except OutsideError as error:
            return error
    assert isinstance(made, Snapshot), "made something of nonsense"
    assert (made.items, made.complete) == ([], False)
    return None


async def _open(
    stack: AsyncExitStack, name: str, url: str, outbound: Outbound
) -> tuple[Any, list[Ask]]:
    if name in INDEXERS:
        config, ask = INDEXERS[name]
        return await stack.enter_async_context(open_indexer(config(url), outbound)), [ask]
    if name == "openlibrary":
        provider = OpenLibraryConfig(base_url=url, covers_url=url, timeout_s=STALL_S)
        opened = open_provider(provider, outbound)
        return await stack.enter_async_context(opened), [lambda p: p.search_people("lamp")]
    opened_client = open_client(CLIENTS[name](url), outbound)
    client = await stack.enter_async_context(opened_client)
    return client, [lambda c: c.snapshot(("a" * 40,)), lambda c: c.probe()]


ADAPTERS = (*INDEXERS, *CLIENTS, "openlibrary")


@pytest.mark.parametrize("evil", EVILS)
@pytest.mark.parametrize("name", ADAPTERS)
async def test_a_bad_day_is_a_failure_with_a_code(
    name: str, evil: str, server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("*", EVILS[evil])
    async with AsyncExitStack() as stack:
        adapter, asks = await _open(stack, name, server.url, outbound)
        for ask in asks:
            error = await _provoked(ask, adapter)
            if error is None:
                continue
            assert error.code
            assert SECRET not in f"{error!r} {error} {vars(error)}"
            if evil == "429":
                assert isinstance(error, RateLimited)
                assert error.retry_after_s == 120
            elif evil in {"500", "502 page", "stall", "late", "reset"}:
                assert isinstance(error, Unavailable)


@pytest.mark.parametrize("name", ADAPTERS)
async def test_a_flood_is_cut_off(name: str, server: ScriptedServer, outbound: Outbound) -> None:
    """100 MB of blanks, announced and not: at most the cap of one answer is ever held."""
    flood = b" " * 100_000_000
    tracemalloc.start()
    try:
        for reply in (
            Reply(200, flood),
            Reply(raw=b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + flood),
        ):
            server.on("*", reply)
            async with AsyncExitStack() as stack:
                adapter, asks = await _open(stack, name, server.url, outbound)
                tracemalloc.reset_peak()
                before, _ = tracemalloc.get_traced_memory()
                assert await _provoked(asks[0], adapter) is not None
                _, peak = tracemalloc.get_traced_memory()
                assert peak - before < 80_000_000
    finally:
        tracemalloc.stop()
