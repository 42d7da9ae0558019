"""The questions that requests ask, and the ports through which they do."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import trio

from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.ports import ASK_DEADLINE_S, CoverFile
from bindery.runtime.mailbox import ActorGone, Mailbox
from bindery.store import covers
from bindery.store.store import Store

THUMBNAIL = 320
"""The one width of thumbnails, in pixels."""
WEBP = "image/webp"
ON_ITS_WAY_S = 2.0
"""A picture that takes longer is on its way: a browser opens six connections, and a page of covers
that all wait for a slow provider would leave none for the rest.
"""


class Question(msgspec.Struct, frozen=True):
    """One question about persons and works."""

    what: Literal["people", "works", "person", "work", "isbn"]
    text: str


class CoverQuestion(msgspec.Struct, frozen=True):
    """Have a picture in the cache. Answered with None when the store knows it now, with a
    `CoverFile` for one that belongs to nothing stored (a search hit), or a `Refusal`.
    """

    url: str


async def ask(mailbox: Mailbox[Any], question: Question | CoverQuestion) -> Any:
    """Ask with the deadline of every question to the outside."""
    with trio.move_on_after(ASK_DEADLINE_S):
        try:
            return await mailbox.ask(question)
        except ActorGone:
            return refuse(Code.PROVIDER_UNAVAILABLE)
    return refuse(Code.PROVIDER_TIMEOUT)


class LookupPort:
    """Implements `operations.ports.Lookup`."""

    def __init__(self, mailbox: Mailbox[Any]) -> None:
        self._mailbox = mailbox

    async def people(self, text: str) -> Sequence[PersonRecord] | Refusal:
        """Authors by name."""
        return await self._ask("people", text)

    async def works(self, text: str) -> Sequence[WorkRecord] | Refusal:
        """Works by title and author."""
        return await self._ask("works", text)

    async def person(self, ref: str) -> PersonRecord | Refusal | None:
        """One author."""
        return await self._ask("person", ref)

    async def work(self, ref: str) -> WorkRecord | Refusal | None:
        """One work with its editions."""
        return await self._ask("work", ref)

    async def by_isbn(self, isbn: str) -> WorkRecord | Refusal | None:
        """The work of an ISBN."""
        return await self._ask("isbn", isbn)

    async def _ask(
        self, what: Literal["people", "works", "person", "work", "isbn"], text: str
    ) -> Any:
        return await ask(self._mailbox, Question(what, text))


class CoverPort:
    """Implements `operations.ports.Covers`: what the cache holds costs no question."""

    def __init__(self, mailbox: Mailbox[Any], store: Store, folder: Path) -> None:
        self._mailbox = mailbox
        self._store = store
        self._folder = folder

    async def get(self, url: str, width: int | None = None) -> CoverFile | Refusal | None:
        """A stored picture, or one fetched now. None: it is still being fetched."""
        found = self._stored(url, width)
        if found is not None:
            return found
        with trio.move_on_after(ON_ITS_WAY_S):
            answer = await ask(self._mailbox, CoverQuestion(url))
            if isinstance(answer, CoverFile | Refusal):
                return answer
            return self._stored(url, width) or refuse(Code.NOT_FOUND)
        return None

    def _stored(self, url: str, width: int | None) -> CoverFile | None:
        row = self._store.read(lambda reader: covers.find_by_url(reader, url))
        if row is None or row.state != "stored" or row.sha256 is None:
            return None
        path = place_of(self._folder, url)
        if width is not None and width <= THUMBNAIL:
            return CoverFile(str(thumbnail_of(path)), WEBP, f"{row.sha256[:20]}-t")
        return CoverFile(str(path), row.mime or "image/jpeg", row.sha256[:20])


def place_of(folder: Path, url: str) -> Path:
    """Where the picture of an address lies: `<covers>/ab/ab34...`, by the hash of the address."""
    key = hashlib.sha256(url.encode()).hexdigest()
    return folder / key[:2] / key


def thumbnail_of(picture: Path) -> Path:
    """Where its thumbnail lies."""
    return picture.with_name(f"{picture.name}-{THUMBNAIL}.webp")
