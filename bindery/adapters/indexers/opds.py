"""OPDS 1.2 catalogues as indexers: searched when they can be, crawled within bounds otherwise.

Sign-in is Basic, for the catalogue itself; the built-in download client sends no credentials, so
files behind a sign-in cannot be fetched.
"""

import base64
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import trio

from bindery.adapters.configs import OpdsConfig
from bindery.adapters.failures import Malformed, OutsideError
from bindery.adapters.opds_feed import Page, filled, is_feed, read_description, read_page
from bindery.adapters.outbound import Answer, Ask, Outbound
from bindery.adapters.payloads import refusal_of
from bindery.domain.addresses import Policy, Reach
from bindery.domain.categories import AUDIOBOOK, EBOOK
from bindery.domain.offers import (
    IndexerAnswer,
    IndexerCaps,
    IndexerQuery,
    Release,
    RequestRecord,
)
from bindery.domain.redaction import redact_url
from bindery.domain.text import fold
from bindery.domain.transfers import Payload
from bindery.runtime.threads import in_thread

MOST_PAGES = 30
SEARCH_PAGES = 3
KEEP_CRAWL_S = 600.0
MOST_BYTES = 8 * 1024 * 1024
_ACCEPT = "application/atom+xml, application/opensearchdescription+xml, application/xml;q=0.9"


class Opds:
    """Implements `Indexer`. What it learns (template, crawl) lives as long as the object."""

    def __init__(self, config: OpdsConfig, outbound: Outbound) -> None:
        self._config = config
        self._url = config.url.strip()
        self._outbound = outbound
        self._http = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)
        self._template: str | None = config.search_template or None
        self._crawled: tuple[float, list[Release]] | None = None

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

    async def _get(self, url: str) -> Answer:
        headers = {"accept": _ACCEPT}
        if self._config.username and self._same_origin(url):
            pair = f"{self._config.username}:{self._config.password}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        answer = await self._http.send(Ask(url=url, headers=headers), max_bytes=MOST_BYTES)
        if answer.status != 200:
            raise refusal_of(answer, self._outbound.clock.now_us())
        return answer

    def _same_origin(self, url: str) -> bool:
        try:
            ours, theirs = urlsplit(self._url), urlsplit(url)
            same = (ours.scheme, ours.hostname, ours.port)
            return same == (theirs.scheme, theirs.hostname, theirs.port)
        except ValueError:
            return False

    async def _page(self, url: str) -> Page:
        answer = await self._get(url)
        return await in_thread(self._outbound.threads.cpu, read_page, answer.body, answer.url)

    async def caps(self) -> IndexerCaps:
        """Whether it is a feed, and whether it can be searched."""
        answer = await self._get(self._url)
        if not await in_thread(self._outbound.threads.cpu, is_feed, answer.body):
            raise Malformed("not_a_feed")
        page = await in_thread(self._outbound.threads.cpu, read_page, answer.body, answer.url)
        return IndexerCaps(
            search=bool(await self._find_template(page)),
            categories={EBOOK: "EBook", AUDIOBOOK: "Audiobook"},
            server=page.title,
        )

    async def _find_template(self, root: Page | None = None) -> str:
        if self._template is None:
            page = root or await self._page(self._url)
            template = ""
            for link in page.search:
                if "{searchTerms}" in link.href:
                    template = template or link.href
                elif "opensearchdescription" in link.type:
                    answer = await self._get(link.href)
                    cpu = self._outbound.threads.cpu
                    found = await in_thread(cpu, read_description, answer.body, answer.url)
                    template = found or template
            self._template = template
        return self._template

    async def search(self, query: IndexerQuery) -> IndexerAnswer:
        """Search, at most three pages; without a search the catalogue is crawled and filtered."""
        words = " ".join((query.text or f"{query.title} {query.author}").split())
        started, url = trio.current_time(), self._url
        try:
            template = await self._find_template()
            if template:
                url = filled(template, words)
                releases, total, skipped = await self._searched(url, query.limit)
            else:
                everything = await self._crawl()
                releases = [one for one in everything if _fits(one, words)][: query.limit]
                total, skipped = len(releases), 0
        except OutsideError as error:
            error.request = _record(url, started, code=error.code)
            raise
        record = _record(url, started, count=len(releases))
        return IndexerAnswer(releases=releases, total=total, skipped=skipped, request=record)

    async def _searched(self, url: str, limit: int) -> tuple[list[Release], int | None, int]:
        releases: list[Release] = []
        total, skipped = None, 0
        for _number in range(SEARCH_PAGES):
            page = await self._page(url)
            releases += page.releases
            skipped += page.skipped
            total = page.total if total is None else total
            if not page.next or page.next == url or len(releases) >= limit:
                break
            url = page.next
        return releases[:limit], total, skipped

    async def _crawl(self) -> list[Release]:
        """Every feed reachable from the root on its own origin, breadth first, within bounds."""
        now = trio.current_time()
        if self._crawled is not None and now - self._crawled[0] < KEEP_CRAWL_S:
            return self._crawled[1]
        waiting, seen = [self._url], {self._url}
        found: dict[str, Release] = {}
        for _number in range(MOST_PAGES):
            if not waiting:
                break
            page = await self._page(waiting.pop(0))
            found |= {release.guid: release for release in page.releases}
            for link in (page.next, *page.navigation):
                if link and link not in seen and self._same_origin(link):
                    seen.add(link)
                    waiting.append(link)
        self._crawled = now, list(found.values())
        return self._crawled[1]

    async def fetch(self, link: str) -> Payload:
        """The judged address: the built-in client fetches the file itself."""
        policy = self._outbound.release_policy(self._url)
        target = await self._outbound.check(link, policy)
        return Payload(kind="http", data=target.url.encode(), name="")


def _fits(release: Release, words: str) -> bool:
    text = f" {fold(release.title)} "
    return all(f" {word} " in text for word in fold(words).split())


def _record(
    url: str, started: float, *, count: int | None = None, code: str | None = None
) -> RequestRecord:
    took = round((trio.current_time() - started) * 1000)
    return RequestRecord(
        url=redact_url(url), status=None if code else 200, ms=took, count=count, code=code
    )
