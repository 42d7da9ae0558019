"""Newznab and Torznab indexers (acquisition.md 2)."""

from types import TracebackType
from typing import Self

import trio

from bindery.adapters.configs import NewznabConfig
from bindery.adapters.failures import OutsideError
from bindery.adapters.newznab_feed import Feed, read_caps, read_feed
from bindery.adapters.newznab_item import FeedContext, same_host
from bindery.adapters.outbound import Answer, Ask, Outbound
from bindery.adapters.payloads import failure_of, fetch_payload, refusal_of
from bindery.domain.addresses import Policy, Reach
from bindery.domain.indexer_endpoint import endpoint, request_url
from bindery.domain.indexer_errors import classify
from bindery.domain.offers import (
    IndexerAnswer,
    IndexerCaps,
    IndexerQuery,
    RequestRecord,
    Transport,
)
from bindery.domain.redaction import carries_secret, mask_values, redact_url
from bindery.domain.transfers import Payload
from bindery.runtime.threads import in_thread


class Newznab:
    """One Newznab or Torznab indexer. No retries, no pacing: its actor decides these."""

    def __init__(self, config: NewznabConfig, outbound: Outbound) -> None:
        self._where = endpoint(config.url, config.api_key)
        torrents = config.flavour == "torznab"
        self._transport = Transport.TORRENT if torrents else Transport.USENET
        self._outbound = outbound
        self._api = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)
        self._links = outbound.client(outbound.release_policy(self._where.url))

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close both clients."""
        await self._api.aclose()
        await self._links.aclose()

    async def caps(self) -> IndexerCaps:
        """The capabilities document; the actor keeps it for a day."""
        answer = await self._api.send(Ask(url=request_url(self._where, {"t": "caps"})))
        found = await in_thread(self._outbound.threads.cpu, self._read_caps, answer)
        if isinstance(found, tuple):
            raise self._refused(answer, found)
        return found

    def _read_caps(self, answer: Answer) -> IndexerCaps | tuple[int, str]:
        if answer.status != 200:
            raise refusal_of(answer, self._outbound.clock.now_us())
        return read_caps(answer.body, _charset(answer))

    async def search(self, query: IndexerQuery) -> IndexerAnswer:
        """One request. Failures carry their `request` record."""
        url = request_url(self._where, _params(query))
        started = trio.current_time()
        status: int | None = None
        try:
            answer = await self._api.send(Ask(url=url))
            status = answer.status
            feed = await in_thread(self._outbound.threads.cpu, self._read_feed, answer)
            if feed.error is not None:
                raise self._refused(answer, feed.error)
        except OutsideError as error:
            error.request = self._record(url, started, status, code=error.code)
            raise
        record = self._record(url, started, status, count=len(feed.releases))
        return IndexerAnswer(
            releases=feed.releases, total=feed.total, skipped=feed.skipped, request=record
        )

    def _read_feed(self, answer: Answer) -> Feed:
        if answer.status != 200:
            raise refusal_of(answer, self._outbound.clock.now_us())
        where = FeedContext(answer.url, self._where.api_key, self._transport, _charset(answer))
        return read_feed(answer.body, where)

    def _refused(self, answer: Answer, error: tuple[int, str]) -> OutsideError:
        code, text = error
        header = answer.headers.get("retry-after", "")
        verdict = classify(answer.status, code, text, header, self._outbound.clock.now_us())
        shown = mask_values(redact_url(text), (self._where.api_key,))
        return failure_of(verdict, status=answer.status, indexer_code=code, text=shown)

    def _record(
        self,
        url: str,
        started: float,
        status: int | None,
        *,
        count: int | None = None,
        code: str | None = None,
    ) -> RequestRecord:
        took = round((trio.current_time() - started) * 1000)
        shown = mask_values(redact_url(url), (self._where.api_key,))
        return RequestRecord(url=shown, status=status, ms=took, count=count, code=code)

    async def fetch(self, link: str) -> Payload:
        """Fetch a release's payload, with our key when the link is the indexer's own."""
        key = self._where.api_key
        if (
            key
            and same_host(link, self._where.url)
            and key not in link
            and not carries_secret(link)
        ):
            link = f"{link}{'&' if '?' in link else '?'}apikey={key}"
        return await fetch_payload(
            self._links, link, threads=self._outbound.threads, clock=self._outbound.clock
        )


def _params(query: IndexerQuery) -> dict[str, str]:
    return {
        "t": "book" if query.mode == "book" else "search",
        "q": query.text,
        "title": query.title,
        "author": query.author,
        "isbn": query.isbn,
        "cat": ",".join(str(one) for one in query.categories),
        "limit": str(query.limit),
        "offset": str(query.offset) if query.offset else "",
        "extended": "1",
    }


def _charset(answer: Answer) -> str:
    _, found, rest = answer.headers.get("content-type", "").lower().partition("charset=")
    return rest.split(";")[0].strip(" \"'") if found else ""
