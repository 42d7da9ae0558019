"""The one guarded HTTP client (architecture.md 10, security-rulings.md 8).

`Outbound` is made once per process; `Outbound.client(policy)` gives a client whose every hop obeys
that policy. Redirects, sizes, times and secrets are handled here and nowhere else. Failures are
`OutsideError`s that carry codes and values, never a URL and never the library's own exception.
"""

import platform
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Protocol, Self, cast
from urllib.parse import urljoin

import httpcore
import httpx
import msgspec
import trio

from bindery.adapters.dialling import (
    GuardedBackend,
    Resolve,
    checked_target,
    dial,
    dial_socket,
    judged_addresses,
    system_resolver,
)
from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    Rejected,
    TooLarge,
    Unavailable,
)
from bindery.domain.addresses import Policy, Reach, Target, trusting
from bindery.runtime.clock import Clock
from bindery.runtime.threads import Threads

MOST_REDIRECTS = 5
CONNECT_S = 10.0
DEFAULT_BYTES = 32 * 1024 * 1024
CHUNK = 64 * 1024
_CARRIED_OVER = {"accept", "accept-language", "range", "if-range"}


def user_agent(contact: str = "") -> str:
    """`bindery/<version> (<os>; <contact>)`: lower case on purpose (acquisition.md 2.1)."""
    try:
        release = version("bindery")
    except PackageNotFoundError:
        release = "0"
    who = "".join(contact.split()) or "self-hosted"
    if "@" in who and ":" not in who:
        who = f"mailto:{who}"
    return f"bindery/{release} ({platform.system().lower()}; {who})"


class OutboundConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decides about outgoing traffic."""

    contact: str = ""
    """`BINDERY_CONTACT`: an address or URL in the user agent."""
    download_allow_loopback: bool = False
    """`BINDERY_DOWNLOAD_ALLOW_LOOPBACK`: release links may point to this machine."""
    notifications: Reach = Reach.STRICT
    """From `BINDERY_NOTIFICATIONS_ALLOW_PRIVATE`."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `headers` do not follow a redirect to another origin; bodies neither."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    """Multipart: field -> (file name, bytes, media type); `form` fields go with them."""
    redirects: bool = True
    identity: bool = False
    """Ask for bytes as they are (ranges); otherwise gzip is accepted."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer, any status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """The last URL of the chain. May carry a secret: never log it."""
    magnet: str | None = None
    """Set when a redirect led to a magnet link; the body is empty then."""


class _Unzip(Protocol):
    """The part of `zlib.decompressobj()` that is used; its class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class Incoming:
    """An answer whose body is still on the wire.

    No async generators: trio wants every one of them closed, and the libraries below nest three.
    """

    def __init__(self, response: httpx.Response, url: str, magnet: str | None = None) -> None:
        self._response = response
        self._pieces: AsyncIterator[bytes] | None = None
        self._ended = magnet is not None
        self._unzip: _Unzip | None = None
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self.url = url
        self.magnet = magnet

    async def piece(self) -> bytes:
        """The next part of the decoded body, at most 64 KiB of gzip at a time; empty = the end."""
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in {"", "identity"}:
            return await self._raw()
        if encoding not in {"gzip", "x-gzip"}:
            raise Malformed("unknown_encoding", encoding=encoding[:40])
        unzip = self._unzip = self._unzip or zlib.decompressobj(wbits=31)
        while not unzip.eof:
            raw = unzip.unconsumed_tail or await self._raw()
            if not raw:
                raise Malformed("truncated")
            plain = _inflate(unzip, raw)
            if plain:
                return plain
        return b""

    async def _raw(self) -> bytes:
        if self._ended:
            return b""
        if self._pieces is None:
            self._pieces = cast("httpx.AsyncByteStream", self._response.stream).__aiter__()
        failure: OutsideError
        try:
            while True:
                piece = await anext(self._pieces)
                if piece:
                    return piece
        except StopAsyncIteration:
            self._ended = True
            return b""
        except httpx.HTTPError as error:
            self._ended = True
            failure = _translated(error)
        except trio.Cancelled:
            self._ended = True
            raise
        raise failure

    async def read(self, max_bytes: int) -> bytes:
        """The whole body, or `TooLarge`."""
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > max_bytes:
            raise TooLarge(limit=max_bytes)
        body = bytearray()
        while piece := await self.piece():
            body += piece
            if len(body) > max_bytes:
                raise TooLarge(limit=max_bytes)
        return bytes(body)

    async def head(self, max_bytes: int) -> bytes:
        """The beginning of the body, at most `max_bytes`."""
        body = bytearray()
        while len(body) < max_bytes and (piece := await self.piece()):
            body += piece
        return bytes(body[:max_bytes])

    async def aclose(self) -> None:
        """Give the connection back, or drop it when the body was not read to its end."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 2):
            await self._response.aclose()
            if self._pieces is None or self._ended:
                return
            # The connection is closed now: what is buffered comes out, then the generators of the
            # libraries end with an error instead of being left to the collector.
            with suppress(httpx.HTTPError, httpx.StreamError, StopAsyncIteration):
                while True:
                    await anext(self._pieces)


def _inflate(unzip: _Unzip, data: bytes) -> bytes:
    try:
        return unzip.decompress(data, CHUNK)
    except zlib.error:
        raise Malformed("broken_encoding", encoding="gzip") from None


class HttpClient:
    """A client bound to one address policy. Open it with `async with`.

    Keeps connections, but no cookies and no credentials: who needs them sends them.
    """

    def __init__(self, policy: Policy, resolve: Resolve, agent: str, *, timeout_s: float) -> None:
        self.policy = policy
        self._agent = agent
        self._timeout_s = timeout_s
        self._transport = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False)
        # httpx has no seam for the dialling, httpcore has: a contract test pins this attribute.
        self._transport._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            ssl_context=_tls(),
            max_connections=16,
            max_keepalive_connections=4,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(policy, resolve),
        )

    async def __aenter__(self) -> Self:
        """Nothing is dialled before the first request."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `aclose`."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, also when cancelled; who owns the client has no scope to add."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 2):
            await self._transport.aclose()

    async def send(
        self, ask: Ask, *, max_bytes: int = DEFAULT_BYTES, timeout_s: float | None = None
    ) -> Answer:
        """Send and read everything within the time limit (redirects included)."""
        limit = self._timeout_s if timeout_s is None else timeout_s
        with trio.move_on_after(limit):
            async with self.stream(ask, idle_s=limit) as incoming:
                body = b"" if incoming.magnet else await incoming.read(max_bytes)
                return Answer(
                    status=incoming.status,
                    headers=incoming.headers,
                    body=body,
                    url=incoming.url,
                    magnet=incoming.magnet,
                )
        raise Unavailable("timeout", seconds=limit)

    @asynccontextmanager
    async def stream(self, ask: Ask, *, idle_s: float = 30.0) -> AsyncGenerator[Incoming, None]:
        """Send and hand over the answer as soon as its head is there. `idle_s` bounds every single
        wait, not the whole; the caller bounds that.
        """
        incoming = await self._follow(ask, idle_s)
        try:
            yield incoming
        finally:
            await incoming.aclose()

    async def _follow(self, ask: Ask, idle_s: float) -> Incoming:
        for _hop in range(MOST_REDIRECTS + 1):
            target = checked_target(ask.url, self.policy)
            response = await self._hop(ask, target, idle_s)
            location = response.headers.get("location", "")
            if not (
                ask.redirects and response.status_code in {301, 302, 303, 307, 308} and location
            ):
                return Incoming(response, target.url)
            await response.aclose()
            if location.strip().lower().startswith("magnet:"):
                return Incoming(response, target.url, magnet=location.strip())
            ask = _redirected(ask, target, response.status_code, location, self.policy)
        raise Rejected("too_many_redirects", limit=MOST_REDIRECTS)

    async def _hop(self, ask: Ask, target: Target, idle_s: float) -> httpx.Response:
        headers = {
            "user-agent": self._agent,
            "accept-encoding": "identity" if ask.identity else "gzip",
            **{name.lower(): value for name, value in ask.headers.items()},
        }
        waits = {"connect": min(CONNECT_S, idle_s), "read": idle_s, "write": idle_s, "pool": idle_s}
        failure: OutsideError
        try:
            request = httpx.Request(
                ask.method,
                target.url,
                headers=headers,
                content=ask.content,
                data=dict(ask.form) if ask.form is not None else None,
                files=dict(ask.files) if ask.files else None,
                extensions={"timeout": waits},
            )
            return await self._transport.handle_async_request(request)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
            failure = _translated(error)
        # Raised outside the handler: the library's exception holds the request with its secrets.
        raise failure


def _redirected(ask: Ask, seen: Target, status: int, location: str, policy: Policy) -> Ask:
    # Spaces in Location are common and harmless; everything else odd is refused by the parser.
    target = checked_target(urljoin(seen.url, location.strip().replace(" ", "%20")), policy)
    if seen.scheme == "https" and target.scheme == "http":
        raise AddressRefused(reason="downgrade", host=target.host)
    headers, same = ask.headers, target.origin == seen.origin
    if not same:
        headers = {k: v for k, v in headers.items() if k.lower() in _CARRIED_OVER}
    if status == 303 or (status in {301, 302} and ask.method == "POST"):
        method = "HEAD" if ask.method == "HEAD" else "GET"
        return msgspec.structs.replace(
            ask, url=target.url, method=method, headers=headers, content=None, form=None, files=None
        )
    has_body = ask.content is not None or ask.form is not None or bool(ask.files)
    if has_body and not same:
        raise AddressRefused(reason="body_to_other_origin", host=target.host)
    return msgspec.structs.replace(ask, url=target.url, headers=headers)


def _translated(error: Exception) -> OutsideError:
    """A library's exception as ours, without its text: that may hold the URL."""
    if isinstance(error, httpx.TimeoutException):
        return Unavailable("timeout")
    if isinstance(error, httpx.ConnectError | ssl.SSLError):
        text = str(error).upper()
        return Unavailable("tls_failed" if "SSL" in text or "CERT" in text else "connection_failed")
    if isinstance(error, httpx.InvalidURL | UnicodeError | httpx.UnsupportedProtocol):
        return AddressRefused(reason="invalid")
    if isinstance(error, httpx.RemoteProtocolError):
        return Unavailable("connection_broken")
    return Unavailable("connection_broken")


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class Outbound:
    """The factory of guarded clients: one per process."""

    def __init__(
        self,
        *,
        threads: Threads,
        clock: Clock,
        config: OutboundConfig | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """`resolve` replaces the system's resolver in tests."""
        _tls()  # reading the certificates takes some ten ms: now, not in the first request
        self.threads = threads
        self.clock = clock
        self.config = config or OutboundConfig()
        self._resolve = resolve or system_resolver(threads.dns)
        self._agent = user_agent(self.config.contact)

    def client(self, policy: Policy, *, timeout_s: float = 30.0) -> HttpClient:
        """A client for one policy; `timeout_s` is the total for `send` unless it says otherwise."""
        return HttpClient(policy, self._resolve, self._agent, timeout_s=timeout_s)

    async def dial(self, host: str, port: int, policy: Policy) -> trio.SocketStream:
        """A judged connection for what is not HTTP; the caller bounds the time and closes it."""
        return await dial(host, port, policy, self._resolve)

    async def dial_socket(self, path: str, policy: Policy) -> trio.SocketStream:
        """A connection to a socket file of this machine; as `dial`."""
        return await dial_socket(path, policy)

    def release_policy(self, *own_urls: str) -> Policy:
        """Policy of release links and direct downloads: LAN; loopback when configured, or when
        host and port are those of an indexer (`own_urls`).
        """
        loopback = self.config.download_allow_loopback
        return trusting(Reach.LAN_LOOPBACK if loopback else Reach.LAN, *own_urls)

    async def check(self, url: str, policy: Policy) -> Target:
        """Judge a URL now, resolver included (save and test of configurations)."""
        target = checked_target(url, policy)
        await judged_addresses(target, policy, self._resolve)
        return target
