"""Connections that go only to judged addresses (security-rulings.md 8).

The check sits where the connection is made, so it holds for every hop and against rebinding: the
name is resolved once, every address is judged, and one of exactly these addresses is dialled. SNI
and `Host` keep the name, because only the dialling is replaced.
"""

import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeAlias, cast

import httpcore
import trio

from bindery.adapters.failures import AddressRefused, OutsideError, Unavailable
from bindery.domain.addresses import (
    Address,
    NotAllowed,
    Policy,
    Reach,
    Target,
    judge_addresses,
    judge_name,
    parse_target,
    read_address,
)
from bindery.runtime.threads import in_thread

Resolve: TypeAlias = Callable[[str], Awaitable[list[Address]]]

RESOLVE_S = 5.0
MOST_ADDRESSES = 4


def system_resolver(limiter: trio.CapacityLimiter) -> Resolve:
    """The operating system's resolver, in a thread on `limiter`, bounded to 5 s."""

    async def resolve(host: str) -> list[Address]:
        found: list[tuple[object, ...]] | None = None
        with trio.move_on_after(RESOLVE_S) as scope:
            found = await in_thread(limiter, _lookup, host, abandon_on_cancel=True)
        if scope.cancelled_caught:
            raise Unavailable("name_timeout", host=host)
        addresses = [read_address(str(row[0])) for row in found or ()]
        known = list(dict.fromkeys(one for one in addresses if one is not None))
        if not known:
            raise Unavailable("name_not_found", host=host)
        return known

    return resolve


def _lookup(host: str) -> list[tuple[object, ...]]:
    try:
        return [row[4] for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def refused(verdict: NotAllowed, host: str = "") -> AddressRefused:
    """The failure of a verdict."""
    return AddressRefused(reason=verdict.reason, host=host or None)


def checked_target(url: str, policy: Policy) -> Target:
    """Parse and judge what needs no resolver, or raise `AddressRefused`."""
    target = parse_target(url)
    if isinstance(target, NotAllowed):
        raise refused(target)
    verdict = judge_name(target, policy)
    if verdict is not None:
        raise refused(verdict, target.host)
    return target


async def judged_addresses(target: Target, policy: Policy, resolve: Resolve) -> list[Address]:
    """All addresses of the target, each of them allowed, or `AddressRefused`."""
    addresses = [target.literal] if target.literal else await resolve(target.host)
    verdict = judge_addresses(addresses, target.host, target.port, policy)
    if verdict is not None:
        raise refused(verdict, target.host)
    return addresses


async def dial(host: str, port: int, policy: Policy, resolve: Resolve) -> trio.SocketStream:
    """A connection for what is not HTTP, under the same judgement: resolve, judge all, dial the
    judged ones in order. The caller bounds the time. Raises `AddressRefused`, `Unavailable`.
    """
    literal = f"[{host}]" if ":" in host else host
    target = checked_target(f"http://{literal}:{port}/", policy)
    for address in (await judged_addresses(target, policy, resolve))[:MOST_ADDRESSES]:
        with suppress(OSError):
            return await trio.open_tcp_stream(str(address), port)
    raise Unavailable("connection_failed")


async def dial_socket(path: str, policy: Policy) -> trio.SocketStream:
    """A connection to a socket file, which is this machine: only where loopback is allowed."""
    if policy.reach is not Reach.LAN_LOOPBACK:
        raise AddressRefused(reason="loopback")
    try:
        return await trio.open_unix_socket(path)
    except FileNotFoundError:
        raise Unavailable("socket_missing", path=path) from None
    except PermissionError:
        raise Unavailable("socket_forbidden", path=path) from None
    except (OSError, ValueError):
        raise Unavailable("connection_failed") from None


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """httpcore's trio backend, dialling judged addresses only."""

    def __init__(self, policy: Policy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._trio = cast("httpcore.AsyncNetworkBackend", httpcore.TrioBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge all, dial the judged ones in order."""
        literal = f"[{host}]" if ":" in host else host
        target = checked_target(f"http://{literal}:{port}/", self._policy)
        addresses = await judged_addresses(target, self._policy, self._resolve)
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._trio.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the signature is httpcore's
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the signature is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Never: nothing outside speaks to us over a unix socket."""
        raise OutsideError("unix_socket")

    async def sleep(self, seconds: float) -> None:
        """As httpcore asks."""
        await trio.sleep(seconds)
