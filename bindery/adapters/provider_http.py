"""How every metadata provider is asked over HTTP (metadata.md 4).

One request at a time behind the actor's rate limit; 404 is "nothing"; every other status that is
no success is the failure it stands for.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from bindery.adapters.failures import (
    Malformed,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Answer, Ask, Outbound
from bindery.domain.addresses import Reach, trusting
from bindery.domain.indexer_errors import retry_after

T = TypeVar("T")

MOST_BYTES = 16 * 1024 * 1024
BeforeRequest = Callable[[], Awaitable[None]]
"""Awaited before each single request: the provider's rate limit."""


class ProviderHttp:
    """Connections to one provider. An operator's own mirror is trusted even inside the LAN."""

    def __init__(
        self,
        base_url: str,
        outbound: Outbound,
        *,
        timeout_s: float,
        before_request: BeforeRequest | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._before = before_request
        self._clock = outbound.clock
        self._headers = dict(headers or {})
        policy = trusting(Reach.STRICT, base_url)
        self._http = outbound.client(policy, timeout_s=timeout_s)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(self, path: str, *, accept: str = "application/json") -> Answer | None:
        """GET `base` + `path`, which may end in a query; None for 404. Raises `OutsideError`."""
        return await self._send(Ask(url=self._base + path, headers={"accept": accept}))

    async def get_json(self, path: str, kind: type[T]) -> T | None:
        """GET a document of this kind; None for 404."""
        answer = await self.get(path)
        return None if answer is None else decoded(answer, kind)

    async def post_json(self, path: str, body: object, kind: type[T]) -> T | None:
        """POST a document and read one; None for 404."""
        headers = {"accept": "application/json", "content-type": "application/json"}
        ask = Ask(
            url=self._base + path,
            method="POST",
            headers=headers,
            content=msgspec.json.encode(body),
        )
        answer = await self._send(ask)
        return None if answer is None else decoded(answer, kind)

    async def head(self, path: str) -> Answer:
        """HEAD, whatever its status says."""
        return await self._sent(Ask(url=self._base + path, method="HEAD"))

    async def _send(self, ask: Ask) -> Answer | None:
        answer = await self._sent(ask)
        if answer.status == 404:
            return None
        self._judge(answer)
        return answer

    async def _sent(self, ask: Ask) -> Answer:
        if self._before is not None:
            await self._before()
        ask = msgspec.structs.replace(ask, headers={**self._headers, **ask.headers})
        return await self._http.send(ask, max_bytes=MOST_BYTES)

    def _judge(self, answer: Answer) -> None:
        header = answer.headers.get("retry-after", "")
        wait = retry_after(header, self._clock.now_us()) if header else None
        if answer.status == 429:
            raise RateLimited(retry_after_s=wait)
        if answer.status >= 500:
            raise Unavailable("http_status", retry_after_s=wait, status=answer.status)
        if answer.status in {401, 403}:
            raise Unauthorized("provider_forbidden", status=answer.status)
        if answer.status != 200:
            raise Rejected("http_status", status=answer.status)


def decoded(answer: Answer, kind: type[T]) -> T:
    """The body as JSON of this kind. Raises `Malformed`."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Malformed from None
