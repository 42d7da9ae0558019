"""An app with a small library and ports that answer from memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.principal import SYSTEM
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.services import WebSettings
from bindery.operations.ports import CoverFile, FoundRoot
from bindery.store import authors, books, catalogue
from bindery.store.authors import AuthorSettings
from bindery.store.catalogue import Contribution, PersonFields, WorkFields
from bindery.store.tx import Tx
from tests.http.world import World, open_app
from tests.kit.fake_provider import person, work


@dataclass
class FakeLookup:
    """What the providers know; `down` answers instead."""

    known: dict[str, PersonRecord] = field(default_factory=lambda: {"OL1A": person()})
    catalogue: list[WorkRecord] = field(default_factory=list[WorkRecord])
    down: Refusal | None = None

    async def people(self, text: str) -> Sequence[PersonRecord] | Refusal:
        return self.down or [p for p in self.known.values() if text.lower() in p.name.lower()]

    async def works(self, text: str) -> Sequence[WorkRecord] | Refusal:
        return self.down or [w for w in self.catalogue if text.lower() in w.title.lower()]

    async def person(self, ref: str) -> PersonRecord | Refusal | None:
        return self.down or self.known.get(ref)

    async def work(self, ref: str) -> WorkRecord | Refusal | None:
        return self.down or next((w for w in self.catalogue if w.ref == ref), None)

    async def by_isbn(self, isbn: str) -> WorkRecord | Refusal | None:
        return self.down or next(iter(self.catalogue), None)


@dataclass
class FakeCovers:
    path: str = ""
    slow: bool = False

    async def get(self, url: str, width: int | None = None) -> CoverFile | Refusal | None:
        if "covers.test" not in url:
            return refuse(Code.URL_NOT_ALLOWED, "url", reason="unknown")
        if self.slow:
            return None
        return CoverFile(self.path, "image/webp" if width else "image/jpeg", "tag-1")


@dataclass
class FakeRoots:
    codes: dict[str, str] = field(default_factory=dict[str, str])
    own: str = "/data"

    async def look_at_all(self, roots: Sequence[tuple[str, str]]) -> list[FoundRoot]:
        return [await self.look(path, marker) for path, marker in roots]

    async def look(self, path: str, marker: str | None, *, write: bool = False) -> FoundRoot:
        return FoundRoot(path=path, code=self.codes.get(path, ""), free=5, total=9)

    async def overlaps(self, path: str, others: Sequence[str]) -> str | None:
        return next((o for o in others if f"{path}/".startswith(f"{o}/")), None)

    async def reserved(self, path: str) -> bool:
        return path.startswith(self.own)

    async def mark(self, path: str) -> str | Refusal:
        return "m" * 32


@dataclass
class FakePorts:
    lookup: FakeLookup = field(default_factory=FakeLookup)
    covers: FakeCovers = field(default_factory=FakeCovers)
    roots: FakeRoots = field(default_factory=FakeRoots)
    prober: Any = None


def put_author_in(tx: Tx, name: str, ref: str, library: int = 1, **chosen: Any) -> int:
    """One author of a library."""
    person_id = catalogue.find_by_ref(tx, "person", ref)
    if person_id is None:
        person_id = catalogue.put_person_in(
            tx,
            None,
            PersonFields(name=name, sort_name=name, primary_ref=ref, provider="openlibrary"),
        )
        catalogue.put_identifiers_in(tx, "person", person_id, [("openlibrary", ref)], "test")
    author_id, _ = authors.add_author_in(tx, library, person_id, AuthorSettings(**chosen), SYSTEM)
    return author_id


def put_book_in(tx: Tx, author_id: int, title: str, ref: str, library: int = 1, **more: Any) -> int:
    """One book of an author; `more` goes to the work or says what is wanted."""
    wanted = more.pop("wanted", ("ebook",))
    monitored = more.pop("monitored", True)
    row = authors.author_for_sync(tx, author_id)
    assert row is not None
    work_id = catalogue.find_by_ref(tx, "work", ref)
    if work_id is None:
        fields = WorkFields(title=title, primary_ref=ref, provider="openlibrary", **more)
        work_id = catalogue.put_work_in(tx, None, fields)
        catalogue.set_contributions_in(tx, work_id, [Contribution(row.person_id)])
        catalogue.put_identifiers_in(tx, "work", work_id, [("openlibrary", ref)], "test")
    book_id, _ = books.add_book_in(
        tx, library, work_id, author_id, wanted=wanted, monitored=monitored, by=SYSTEM
    )
    return book_id


@dataclass
class Library(World):
    """`World` with ports and what was put in."""

    ports: FakePorts = field(default_factory=FakePorts)

    async def author(self, name: str = "Ada Quill", ref: str = "OL1A", **more: Any) -> int:
        return await self.store.write(lambda tx: put_author_in(tx, name, ref, **more))

    async def book(self, author_id: int, title: str, ref: str = "", **more: Any) -> int:
        ref = ref or f"OL{abs(hash(title)) % 10**8}W"
        return await self.store.write(lambda tx: put_book_in(tx, author_id, title, ref, **more))

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.key("GET", path, **more)
        assert answer.status_code == 200, await answer.get_data(as_text=True)
        return await answer.get_json()


@asynccontextmanager
async def open_library(
    folder: Path, *, settings: WebSettings | None = None
) -> AsyncGenerator[Library, None]:
    ports = FakePorts()
    async with open_app(folder, settings=settings, ports=ports) as world:
        yield Library(world.app, world.store, world.clock, world.services, ports)


__all__ = ["FakePorts", "Library", "open_library", "person", "work"]
