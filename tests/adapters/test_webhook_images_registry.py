"""Webhooks, pictures, thumbnails and the registry."""

import io
import traceback
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bindery.adapters.configs import (
    ClientConfig,
    DirectConfig,
    IndexerConfig,
    NewznabConfig,
    OpdsConfig,
    OpenLibraryConfig,
    QBittorrentConfig,
    WebhookConfig,
)
from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    RateLimited,
    Rejected,
    TooLarge,
    Unavailable,
)
from bindery.adapters.images import Images
from bindery.adapters.notifiers.webhook import Webhook
from bindery.adapters.outbound import Outbound, OutboundConfig
from bindery.adapters.protocols import Running
from bindery.adapters.registry import (
    open_client,
    open_indexer,
    open_notifier,
    open_provider,
)
from bindery.domain.addresses import Reach
from bindery.domain.pictures import read_picture
from bindery.files.thumbnails import NotAPicture, make_thumbnail
from bindery.runtime.clock import FixedClock
from bindery.runtime.threads import Threads
from tests.kit.server import Reply, ScriptedServer

EVENT = {"eventType": "grabbed", "title": "T", "format": "ebook", "size": 5}


@pytest.fixture
def private() -> Outbound:
    config = OutboundConfig(notifications=Reach.LAN_LOOPBACK)
    return Outbound(threads=Threads(), clock=FixedClock(0), config=config)


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_delivery(
    server: ScriptedServer, private: Outbound, method: Literal["POST", "PUT"]
) -> None:
    server.on("/hook", Reply(204))
    config = WebhookConfig(
        url=f"{server.url}/hook", method=method, headers={"X-Mine": "1", "Content-Type": "a/b"}
    )
    async with Webhook(config, private) as hook:
        await hook.send(EVENT, delivery_id="d-1")
    seen = server.requests[0]
    assert (seen.method, msgspec.json.decode(seen.body)) == (method, EVENT)
    assert seen.headers["x-bindery-delivery"] == "d-1"
    assert (seen.headers["content-type"], seen.headers["x-mine"]) == ("application/json", "1")


async def test_ntfy_and_apprise_and_get(server: ScriptedServer, private: Outbound) -> None:
    server.on("*", Reply(200))
    async with Webhook(WebhookConfig(url=f"{server.url}/a?b", topic=" t "), private) as hook:
        await hook.send(EVENT, delivery_id="d")
    async with Webhook(WebhookConfig(url=f"{server.url}/Notify/key"), private) as hook:
        await hook.send(EVENT, delivery_id="d")
    async with Webhook(WebhookConfig(url=f"{server.url}/g", method="GET"), private) as hook:
        await hook.send(EVENT, delivery_id="d")
    assert server.requests[0].target == "/"
    assert msgspec.json.decode(server.requests[0].body)["topic"] == "t"
    assert "format" not in msgspec.json.decode(server.requests[1].body)
    assert server.requests[2].one("eventType") == "grabbed"


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RateLimited), (500, Unavailable), (400, Rejected), (404, Rejected)]
)
async def test_refused_deliveries(
    server: ScriptedServer, private: Outbound, status: int, kind: type[OutsideError]
) -> None:
    server.on("*", Reply(status, "", {"retry-after": "9"}))
    url = f"{server.url}/canaryHook000?token=canaryHook000"
    async with Webhook(WebhookConfig(url=url), private) as hook:
        with pytest.raises(kind) as caught:
            await hook.send(EVENT, delivery_id="d")
    assert "canaryHook000" not in "".join(traceback.format_exception(caught.value))


async def test_private_targets_need_the_setting(server: ScriptedServer, outbound: Outbound) -> None:
    async with Webhook(WebhookConfig(url=server.url), outbound) as hook:
        with pytest.raises(AddressRefused):
            await hook.send(EVENT, delivery_id="d")
    assert server.connections == 0


# -- pictures -------------------------------------------------------------------------------


def picture(form: str, size: tuple[int, int] = (60, 90), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (200, 10, 10)).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_what_a_picture_is(form: str) -> None:
    facts = read_picture(picture(form))
    assert facts is not None
    assert (facts.mime, facts.width, facts.height) == (f"image/{form.lower()}", 60, 90)


def test_lossless_and_extended_webp() -> None:
    for more in ({"lossless": True}, {"exif": b"Exif\0\0"}):
        out = io.BytesIO()
        Image.new("RGB", (33, 44)).save(out, "WEBP", **more)
        facts = read_picture(out.getvalue())
        assert facts is not None
        assert (facts.width, facts.height) == (33, 44)


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", b"BM" + bytes(60), b"\xff\xd8\xff", b"RIFF", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_none(data: bytes) -> None:
    assert read_picture(data) is None


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"RIFF0000WEBPVP8X", b"0000ftypavif", b"GIF89a", b"\x89PNG\r\n\x1a\n0000IHDR"]))  # fmt: skip
def test_hostile_headers(data: bytes, head: bytes) -> None:
    read_picture(head + data)
    read_picture(data)


async def test_fetching_pictures(server: ScriptedServer, outbound: Outbound) -> None:
    huge = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + (60000).to_bytes(4, "big") * 2
    server.on("/ok", Reply(200, picture("PNG"), {"content-type": "text/html"}))
    server.on("/svg", Reply(200, b"<svg xmlns='x'/>", {"content-type": "image/svg+xml"}))
    server.on("/huge", Reply(200, huge))
    server.on("/big", Reply(200, b"", {"content-length": "99999999"}))
    async with Images(outbound, (server.url,)) as images:
        assert (await images.fetch(f"{server.url}/ok")).mime == "image/png"
        for path, kind in [
            ("/svg", Malformed),
            ("/huge", TooLarge),
            ("/big", TooLarge),
            ("/no", Rejected),
        ]:
            with pytest.raises(kind):
                await images.fetch(server.url + path)
    async with Images(outbound) as images:
        with pytest.raises(AddressRefused):
            await images.fetch(f"{server.url}/ok")


def test_thumbnails() -> None:
    data, mime, colour = make_thumbnail(picture("JPEG", (600, 900)), 120)
    facts = read_picture(data)
    assert facts is not None
    assert (facts.width, facts.height, mime) == (120, 180, "image/webp")
    assert colour.startswith("#c")
    small = read_picture(make_thumbnail(picture("PNG", (20, 10), "RGBA"), 120)[0])
    assert small is not None
    assert small.width == 20


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", picture("JPEG")[:200], picture("PNG")[:40], b"%!PS-Adobe"]
)
def test_broken_pictures_have_no_thumbnail(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        make_thumbnail(data, 100)


# -- registry -------------------------------------------------------------------------------


async def test_every_kind_opens_and_survives_the_wire(outbound: Outbound) -> None:
    for config in (NewznabConfig(url="http://h"), OpdsConfig(url="http://h")):
        again = msgspec.json.decode(msgspec.json.encode(config), type=IndexerConfig)
        async with open_indexer(again, outbound):
            assert again == config
    clients: list[ClientConfig] = [
        QBittorrentConfig(url="http://h:1"),
        DirectConfig(download_dir="/nowhere"),
    ]
    for config in clients:
        again = msgspec.json.decode(msgspec.json.encode(config), type=ClientConfig)
        async with open_client(again, outbound) as client:
            assert again == config
            assert isinstance(client, Running) is isinstance(config, DirectConfig)
    async with open_provider(OpenLibraryConfig(), outbound) as provider:
        assert provider.name == "openlibrary"
    async with open_notifier(WebhookConfig(url="http://h"), outbound):
        pass
