"""The guarded client: what it dials, follows, reads, and what it never says."""

import gzip
import traceback
from ipaddress import ip_address

import pytest
import trio

from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    Rejected,
    TooLarge,
    Unavailable,
)
from bindery.adapters.outbound import Ask, Outbound, user_agent
from bindery.domain.addresses import Address, Policy, Reach, trusting
from bindery.runtime.clock import FixedClock
from bindery.runtime.threads import Threads
from tests.kit.server import Reply, ScriptedServer, start_server

OPEN = Policy(Reach.LAN_LOOPBACK)
LAN = Policy(Reach.LAN)
SECRET = "s3cr3tcanary00"


def names(**table: str) -> Outbound:
    """An outbound factory with its own resolver."""

    async def resolve(host: str) -> list[Address]:
        await trio.lowlevel.checkpoint()
        if host not in table:
            raise Unavailable("name_not_found", host=host)
        return [ip_address(one) for one in table[host].split()]

    return Outbound(threads=Threads(), clock=FixedClock(0), resolve=resolve)


async def test_an_answer_of_any_status_is_returned(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/a", Reply(418, b"tea", {"x-one": "1"}))
    async with outbound.client(OPEN) as client:
        answer = await client.send(Ask(url=f"{server.url}/a"))
    assert (answer.status, answer.body, answer.headers["x-one"]) == (418, b"tea", "1")
    assert server.requests[0].headers["user-agent"].startswith("bindery/")


async def test_connections_are_reused(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/a", Reply(200, b"x"))
    async with outbound.client(OPEN) as client:
        for _ in range(3):
            await client.send(Ask(url=f"{server.url}/a"))
    assert server.connections == 1


async def test_loopback_is_refused_without_dialling(
    server: ScriptedServer, outbound: Outbound
) -> None:
    async with outbound.client(LAN) as client:
        with pytest.raises(AddressRefused) as caught:
            await client.send(Ask(url=f"{server.url}/a"))
    assert caught.value.params == {"reason": "loopback", "host": "127.0.0.1"}
    assert server.connections == 0


async def test_a_name_is_judged_when_dialled(server: ScriptedServer) -> None:
    out = names(evil="127.0.0.1")
    async with out.client(LAN) as client:
        with pytest.raises(AddressRefused):
            await client.send(Ask(url=f"http://evil:{server.port}/"))
    assert server.connections == 0


async def test_one_bad_address_refuses_the_name(server: ScriptedServer) -> None:
    out = names(mixed="127.0.0.1 169.254.169.254")
    async with out.client(OPEN) as client:
        with pytest.raises(AddressRefused) as caught:
            await client.send(Ask(url=f"http://mixed:{server.port}/"))
    assert caught.value.params["reason"] == "metadata"
    assert server.connections == 0


async def test_only_the_judged_address_is_dialled_and_the_name_stays_in_host(
    server: ScriptedServer,
) -> None:
    asked: list[str] = []

    async def rebinding(host: str) -> list[Address]:
        await trio.lowlevel.checkpoint()
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "127.0.0.2")]

    out = Outbound(threads=Threads(), clock=FixedClock(0), resolve=rebinding)
    server.on("/", Reply(200, b"ok"))
    async with out.client(OPEN) as client:
        await client.send(Ask(url=f"http://books.example:{server.port}/"))
    assert asked == ["books.example"]
    assert server.requests[0].headers["host"] == f"books.example:{server.port}"


async def test_the_next_judged_address_is_tried(server: ScriptedServer) -> None:
    out = names(two="127.0.0.9 127.0.0.1")
    server.on("/", Reply(200, b"ok"))
    async with out.client(OPEN) as client:
        answer = await client.send(Ask(url=f"http://two:{server.port}/"))
    assert answer.body == b"ok"


async def test_unknown_names_and_closed_ports_are_unavailable(outbound: Outbound) -> None:
    async with names().client(OPEN) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(Ask(url="http://nowhere.example/"))
    assert caught.value.code == "name_not_found"
    async with outbound.client(OPEN) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(Ask(url="http://127.0.0.1:1/"))
    assert caught.value.code == "connection_failed"


# -- redirects ------------------------------------------------------------------------------


async def test_redirects_are_followed_and_judged(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/a", Reply(302, headers={"location": "/b c"}))
    server.on("/b%20c", Reply(200, b"there"))
    async with outbound.client(OPEN) as client:
        answer = await client.send(Ask(url=f"{server.url}/a"))
    assert answer.body == b"there"
    assert answer.url == f"{server.url}/b%20c"


async def test_a_redirect_out_of_the_policy_is_refused(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/a", Reply(302, headers={"location": "http://169.254.169.254/latest"}))
    async with outbound.client(OPEN) as client:
        with pytest.raises(AddressRefused) as caught:
            await client.send(Ask(url=f"{server.url}/a"))
    assert caught.value.params["reason"] == "metadata"


async def test_trust_in_one_port_does_not_follow_to_another(
    server: ScriptedServer, nursery: trio.Nursery, outbound: Outbound
) -> None:
    other = await start_server(nursery)
    server.on("/a", Reply(302, headers={"location": f"{other.url}/b"}))
    async with outbound.client(trusting(Reach.LAN, server.url)) as client:
        with pytest.raises(AddressRefused):
            await client.send(Ask(url=f"{server.url}/a"))
    assert other.connections == 0


async def test_at_most_five_redirects(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/a", Reply(302, headers={"location": "/a"}))
    async with outbound.client(OPEN) as client:
        with pytest.raises(Rejected) as caught:
            await client.send(Ask(url=f"{server.url}/a"))
    assert caught.value.code == "too_many_redirects"
    assert len(server.requests) == 6


async def test_headers_do_not_follow_to_another_origin(
    server: ScriptedServer, nursery: trio.Nursery, outbound: Outbound
) -> None:
    other = await start_server(nursery)
    server.on("/a", Reply(302, headers={"location": f"{other.url}/b"}))
    other.on("/b", Reply(200, b"ok"))
    ask = Ask(
        url=f"{server.url}/a", headers={"X-Api-Key": SECRET, "Cookie": "a=b", "Accept": "a/b"}
    )
    async with outbound.client(OPEN) as client:
        await client.send(ask)
    assert server.requests[0].headers["x-api-key"] == SECRET
    seen = other.requests[0].headers
    assert "x-api-key" not in seen
    assert "cookie" not in seen
    assert seen["accept"] == "a/b"


async def test_a_body_goes_only_to_the_same_origin(
    server: ScriptedServer, nursery: trio.Nursery, outbound: Outbound
) -> None:
    other = await start_server(nursery)
    server.on("/a", Reply(307, headers={"location": f"{other.url}/b"}))
    server.on("/same", Reply(307, headers={"location": "/b"}))
    server.on("/b", Reply(200, b"ok"))
    async with outbound.client(OPEN) as client:
        with pytest.raises(AddressRefused) as caught:
            await client.send(Ask(method="POST", url=f"{server.url}/a", content=b"body"))
        assert caught.value.params["reason"] == "body_to_other_origin"
        await client.send(Ask(method="POST", url=f"{server.url}/same", content=b"body"))
    assert other.connections == 0
    assert server.requests[-1].body == b"body"


async def test_see_other_becomes_a_get(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/a", Reply(303, headers={"location": "/b"}))
    server.on("/b", Reply(200, b"ok"))
    async with outbound.client(OPEN) as client:
        await client.send(Ask(method="POST", url=f"{server.url}/a", form={"a": "b"}))
    assert (server.requests[1].method, server.requests[1].body) == ("GET", b"")


async def test_a_magnet_ends_the_chain(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/a", Reply(301, headers={"location": "magnet:?xt=urn:btih:abc"}))
    async with outbound.client(OPEN) as client:
        answer = await client.send(Ask(url=f"{server.url}/a"))
    assert answer.magnet == "magnet:?xt=urn:btih:abc"


# -- limits ---------------------------------------------------------------------------------


async def test_announced_and_unannounced_oversize_is_refused(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/a", Reply(200, b"x" * 2000))
    server.on("/b", Reply(raw=b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * 2000))
    async with outbound.client(OPEN) as client:
        for path in ("/a", "/b"):
            with pytest.raises(TooLarge):
                await client.send(Ask(url=server.url + path), max_bytes=1000)


async def test_a_gzip_bomb_is_cut_at_the_limit(server: ScriptedServer, outbound: Outbound) -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    server.on("/a", Reply(200, bomb, {"content-encoding": "gzip"}))
    server.on("/b", Reply(200, gzip.compress(b"fine"), {"content-encoding": "gzip"}))
    server.on("/c", Reply(200, b"not gzip", {"content-encoding": "gzip"}))
    server.on("/d", Reply(200, b"?", {"content-encoding": "br"}))
    async with outbound.client(OPEN) as client:
        with pytest.raises(TooLarge):
            await client.send(Ask(url=f"{server.url}/a"), max_bytes=1_000_000)
        assert (await client.send(Ask(url=f"{server.url}/b"))).body == b"fine"
        for path in ("/c", "/d"):
            with pytest.raises(Malformed):
                await client.send(Ask(url=server.url + path))


async def test_the_total_time_is_bounded(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/stall", Reply(200, b"x" * 100, stall_at=10))
    server.on("/late", Reply(200, b"x", delay_s=60))
    server.on("/drip", Reply(200, b"x" * 1000, rate=20))
    async with outbound.client(OPEN) as client:
        for path in ("/stall", "/late", "/drip"):
            with pytest.raises(Unavailable) as caught:
                await client.send(Ask(url=server.url + path), timeout_s=0.2)
            assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"x" * 100, truncate_at=10),
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(raw=b""),
        Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: zzz\r\n\r\n"),
    ],
)
async def test_broken_answers_are_unavailable(
    server: ScriptedServer, outbound: Outbound, reply: Reply
) -> None:
    server.on("/a", reply)
    async with outbound.client(OPEN) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(Ask(url=f"{server.url}/a"))
    assert caught.value.code == "connection_broken"


# -- secrets --------------------------------------------------------------------------------


async def test_no_failure_tells_the_secret(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/stall", Reply(200, b"x" * 100, stall_at=1))
    server.on("/cut", Reply(200, b"x" * 100, truncate_at=1))
    server.on("/loop", lambda seen: Reply(302, headers={"location": seen.target}))
    server.on("/bad", Reply(302, headers={"location": f"http://10.0.0.1\\@x/?apikey={SECRET}"}))
    server.on("/raw", Reply(raw=b"?\r\n\r\n"))
    urls = [
        f"{server.url}{path}?apikey={SECRET}"
        for path in ("/stall", "/cut", "/loop", "/bad", "/raw")
    ]
    urls += [f"http://127.0.0.1:1/?apikey={SECRET}", f"http://u:{SECRET}@127.0.0.1/"]
    async with outbound.client(OPEN) as client:
        for url in urls:
            with pytest.raises(OutsideError) as caught:
                await client.send(Ask(url=url, headers={"x-key": SECRET}), timeout_s=0.3)
            said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
            said += repr(caught.value.params) + repr(caught.value.__context__)
            assert SECRET not in said


async def test_check_judges_with_the_resolver() -> None:
    out = names(inner="10.0.0.1", outer="8.8.8.8")
    with pytest.raises(AddressRefused):
        await out.check("http://inner/", Policy(Reach.STRICT))
    assert (await out.check("http://outer/", Policy(Reach.STRICT))).host == "outer"


def test_user_agent_is_lower_case_with_a_contact() -> None:
    assert user_agent("me @ example.org").endswith("; mailto:me@example.org)")
    assert user_agent().startswith("bindery/")
