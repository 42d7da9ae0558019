"""A metadata provider in memory: what it knows, what it refuses, what it was asked."""

from types import TracebackType
from typing import Self

import trio

from bindery.domain.catalogue import (
    CoverRef,
    EditionRecord,
    PersonRecord,
    ProviderCapabilities,
    WorkRecord,
    WorksPage,
)


def person(ref: str = "OL1A", name: str = "Ada Quill", **more: object) -> PersonRecord:
    return PersonRecord(ref=ref, provider="openlibrary", name=name, **more)  # type: ignore[arg-type]


def work(number: int, title: str = "", released: str = "2001", **more: object) -> WorkRecord:
    given: dict[str, object] = {
        "language": "eng",
        "cover": CoverRef(f"https://covers.test/b/id/{number}-L.jpg"),
        **more,
    }
    return WorkRecord(
        ref=f"OL{number}W",
        provider="openlibrary",
        title=title or f"Title Number {number}",
        released=released,
        **given,  # type: ignore[arg-type]
    )


class FakeProvider:
    """Implements `MetadataProvider`. `failures` are raised first, one per question."""

    name = "openlibrary"
    capabilities = ProviderCapabilities(
        people=True, person=True, work=True, author_works=True, editions=True, isbn=True
    )

    def __init__(self, *works: WorkRecord, page: int = 100) -> None:
        self.people = {"OL1A": person()}
        self.catalogue = list(works)
        self.page = page
        self.failures: list[Exception] = []
        self.asked: list[str] = []
        self.editions_of: dict[str, list[EditionRecord]] = {}
        self.hold: trio.Event | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        await trio.lowlevel.checkpoint()
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)

    async def search_people(self, text: str, limit: int = 20) -> list[PersonRecord]:
        await self._ask(f"people {text}")
        return [p for p in self.people.values() if text.lower() in p.name.lower()][:limit]

    async def search_works(self, text: str, limit: int = 20) -> list[WorkRecord]:
        await self._ask(f"works {text}")
        return [w for w in self.catalogue if text.lower() in w.title.lower()][:limit]

    async def person(self, ref: str) -> PersonRecord | None:
        await self._ask(f"person {ref}")
        return self.people.get(ref)

    async def works(self, person_ref: str, cursor: str | None = None) -> WorksPage:
        await self._ask(f"page {cursor}")
        start = int(cursor or 0)
        after = start + self.page
        return WorksPage(
            works=self.catalogue[start:after],
            total=len(self.catalogue),
            next=str(after) if after < len(self.catalogue) else None,
        )

    async def work(self, ref: str) -> WorkRecord | None:
        await self._ask(f"work {ref}")
        return next((w for w in self.catalogue if w.ref == ref), None)

    async def editions(self, work_ref: str) -> list[EditionRecord]:
        await self._ask(f"editions {work_ref}")
        return self.editions_of.get(work_ref, [])

    async def by_isbn(self, isbn: str) -> WorkRecord | None:
        await self._ask(f"isbn {isbn}")
        return None
