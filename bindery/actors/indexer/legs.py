"""One indexer's part of a search: the tiers of the query plan until something fits (3.3)."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import groupby

import msgspec
import trio

from bindery.actors.indexer.desk import Desk, OutOfTime
from bindery.actors.indexer.standing import Standing, trouble_of
from bindery.adapters.failures import OutsideError
from bindery.adapters.protocols import Indexer
from bindery.domain import categories, query_plan
from bindery.domain.feed_watch import mark_of
from bindery.domain.legs import AskLeg, LegAnswer
from bindery.domain.moments import iso
from bindery.domain.offers import IndexerAnswer, IndexerCaps, IndexerQuery, Release, RequestRecord
from bindery.domain.search_judging import is_relevant
from bindery.domain.wanted import WantedWork
from bindery.runtime.compute import Compute

NO_FUNCTION = "function_not_available"
OUT_OF_TIME = "deadline"
MOST_PAGES = 3


class _Pages:
    """Gathers the pages of one query until one fits."""

    def __init__(
        self, judge: Callable[[Sequence[Release]], Awaitable[bool]], into: list[Release]
    ) -> None:
        self._judge = judge
        self._into = into
        self.fits = False

    async def take(self, releases: Sequence[Release]) -> bool:
        self._into += releases
        self.fits = await self._judge(releases)
        return self.fits


class LegRun:
    """Runs one `AskLeg`; never raises what the outside did."""

    def __init__(
        self, ask: AskLeg, standing: Standing, desk: Desk, indexer: Indexer, compute: Compute
    ) -> None:
        self._ask = ask
        self._standing = standing
        self._desk = desk
        self._indexer = indexer
        self._compute = compute
        self._releases: dict[str, Release] = {}
        self._requests: list[RequestRecord] = []

    async def answer(self) -> LegAnswer:
        """What came by the deadline, and why not more."""
        held = self._standing.held()
        if held is not None:
            params = {**held.params, "until": iso(held.until)}
            return LegAnswer(code=held.code, params=params, skipped=True)
        try:
            await self._search()
        except OutOfTime:
            return self._brought(OUT_OF_TIME)
        except OutsideError as error:
            await self._standing.failed(error)
            return msgspec.structs.replace(self._brought(error.code), params=error.params)
        await self._standing.worked()
        return self._brought(None)

    def _brought(self, code: str | None) -> LegAnswer:
        return LegAnswer(
            releases=tuple(self._releases.values()), requests=tuple(self._requests), code=code
        )

    async def _search(self) -> None:
        row = self._standing.row
        if self._ask.text:
            text = self._ask.text
            query = IndexerQuery(mode="search", text=text, categories=self._of_text())
            await self._pages(query, self._keep_all)
            return
        if self._ask.latest:
            both = [categories.for_book(row.categories, kind) for kind in ("ebook", "audiobook")]
            asked = tuple(dict.fromkeys(one for wanted in both for one in wanted))
            query = IndexerQuery(mode="search", categories=asked)
            await self._pages(query, self._keep_new, turn=bool(self._ask.known))
            return
        caps = await self._caps()
        for work in self._ask.works:
            wanted = categories.for_book(
                row.categories, work.format or "ebook", parent=row.include_parent
            )
            plan = query_plan.plan(work, caps, categories=wanted)
            if row.type == "opds":
                # A catalogue of books is asked in words; it knows no categories.
                plan = [
                    msgspec.structs.replace(query, mode="opds", categories=())
                    for query in plan
                    if query.tier > 0
                ]
            await self._tiers(work, plan)

    async def _tiers(self, work: WantedWork, plan: Sequence[IndexerQuery]) -> None:
        """Tier by tier; the first that brings the book for certain ends the search for it."""
        soft: OutsideError | None = None
        answered = False
        near: list[Release] = []
        no_books = False
        for _tier, queries in groupby(plan, key=lambda query: query.tier):
            found: list[Release] = []
            for query in queries:
                if query.mode == "book" and no_books:
                    continue
                turned = _Pages(partial(self._fits, work), found)
                try:
                    await self._pages(query, turned.take)
                except OutsideError as error:
                    if trouble_of(error) is not None:
                        self._keep([*near, *found])
                        raise
                    no_books = no_books or await self._lacks_books(query, error)
                    soft = error
                    continue
                except OutOfTime:
                    self._keep([*near, *found])
                    raise
                answered = True
                if turned.fits:
                    # Earlier tiers brought only other books: a feed that ignores its parameters.
                    self._keep(found)
                    return
            near += found
        self._keep(near)
        if soft is not None and not answered:
            raise soft

    async def _pages(
        self,
        query: IndexerQuery,
        take: Callable[[Sequence[Release]], Awaitable[bool]],
        *,
        turn: bool = False,
    ) -> None:
        """The pages of an answer until `take` has enough; the second and later ones only for a
        person or with `turn`, while pages are full and bring something new (acquisition.md 2.10).
        """
        seen: set[str] = set()
        for page in range(MOST_PAGES if turn or self._ask.by_person else 1):
            turned = msgspec.structs.replace(query, offset=page * query.limit)
            try:
                answer = await self._request(turned)
            except OutsideError as error:
                if page and trouble_of(error) is None:
                    return  # what the first pages brought is an answer
                raise
            new = [one for one in answer.releases if one.guid not in seen]
            seen.update(one.guid for one in new)
            if not new or await take(new):
                return
            brought = len(answer.releases) + answer.skipped
            whole = answer.total is not None and turned.offset + brought >= answer.total
            if brought < query.limit or whole:
                return

    async def _keep_new(self, releases: Sequence[Release]) -> bool:
        """Enough as soon as something shows that was seen before."""
        await self._keep_all(releases)
        return any(mark_of(release) in self._ask.known for release in releases)

    async def _keep_all(self, releases: Sequence[Release]) -> bool:
        self._keep(releases)
        await trio.lowlevel.checkpoint()
        return False

    async def _fits(self, work: WantedWork, releases: Sequence[Release]) -> bool:
        if not releases:
            return False
        return await self._compute(partial(is_relevant, (work,), releases))

    async def _lacks_books(self, query: IndexerQuery, error: OutsideError) -> bool:
        """`t=book` is not there: remember it with the capabilities, for a day."""
        if query.mode != "book" or error.code != NO_FUNCTION:
            return False
        caps = self._standing.caps() or IndexerCaps()
        await self._standing.learn(msgspec.structs.replace(caps, book_search=False))
        return True

    async def _caps(self) -> IndexerCaps:
        """Capabilities of the last day, else asked for; without readable ones a free search."""
        if self._standing.row.type == "opds":
            await trio.lowlevel.checkpoint()
            return IndexerCaps()
        known = self._standing.caps()
        if known is not None:
            return known
        try:
            caps = await self._desk.ask(
                "caps",
                self._indexer.caps,
                urgent=self._ask.by_person,
                deadline=self._ask.deadline,
                paced=False,
            )
        except OutsideError as error:
            if trouble_of(error) is not None:
                raise
            return IndexerCaps()
        await self._standing.learn(caps)
        return caps

    def _of_text(self) -> tuple[int, ...]:
        row = self._standing.row
        return () if row.type == "opds" else categories.for_text(row.categories)

    async def _request(self, query: IndexerQuery) -> IndexerAnswer:
        try:
            answer: IndexerAnswer = await self._desk.ask(
                query,
                partial(self._indexer.search, query),
                urgent=self._ask.by_person,
                deadline=self._ask.deadline,
                fresh=self._ask.by_person or self._ask.latest,
            )
        except OutsideError as error:
            if error.request is not None:
                self._requests.append(error.request)
            raise
        self._requests.append(answer.request)
        return answer

    def _keep(self, releases: Iterable[Release]) -> None:
        for release in releases:
            self._releases.setdefault(release.guid, release)
