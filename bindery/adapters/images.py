"""Fetching covers and other pictures: strict addresses, real pictures only, bounded."""

from types import TracebackType
from typing import Self

import msgspec

from bindery.adapters.failures import Malformed, RateLimited, Rejected, TooLarge, Unavailable
from bindery.adapters.outbound import Ask, Outbound
from bindery.domain.addresses import Reach, trusting
from bindery.domain.indexer_errors import retry_after
from bindery.domain.pictures import read_picture

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
FETCH_S = 15.0


class Picture(msgspec.Struct, frozen=True):
    """A fetched picture; `mime` is what its bytes say, whatever the server claimed."""

    data: bytes
    mime: str
    width: int
    height: int


class Images:
    """Fetches pictures. `trusted_urls` are provider addresses that the operator configured."""

    def __init__(self, outbound: Outbound, trusted_urls: tuple[str, ...] = ()) -> None:
        self._outbound = outbound
        policy = trusting(Reach.STRICT, *trusted_urls)
        self._http = outbound.client(policy, timeout_s=FETCH_S)

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def fetch(self, url: str) -> Picture:
        """One picture: JPEG, PNG, GIF, WebP or AVIF, at most 10 MiB and 50 million pixels."""
        ask = Ask(url=url, headers={"accept": "image/avif,image/webp,image/*;q=0.8"})
        answer = await self._http.send(ask, max_bytes=MOST_BYTES)
        header = answer.headers.get("retry-after", "")
        wait = retry_after(header, self._outbound.clock.now_us()) if header else None
        if answer.status == 429:
            raise RateLimited(retry_after_s=wait)
        if answer.status >= 500:
            raise Unavailable("http_status", retry_after_s=wait, status=answer.status)
        if answer.status != 200:
            raise Rejected("http_status", status=answer.status)
        facts = read_picture(answer.body)
        if facts is None:
            raise Malformed("not_a_picture")
        if facts.pixels > MOST_PIXELS:
            raise TooLarge("too_many_pixels", limit=MOST_PIXELS)
        return Picture(answer.body, facts.mime, facts.width, facts.height)
