"""Command `cover.fetch` and pictures on demand: the cover cache (metadata.md 13, Image proxy)."""

import errno
import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import trio

from bindery.actors.metadata.gate import Memory
from bindery.actors.metadata.ports import WEBP, place_of, thumbnail_of
from bindery.adapters.failures import Malformed, OutsideError, Unavailable
from bindery.adapters.images import Picture
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.files.thumbnails import NotAPicture, make_thumbnail
from bindery.operations.author_sync import CoverFetch
from bindery.operations.ports import CoverFile
from bindery.runtime.compute import Compute
from bindery.store import covers
from bindery.store.commands import Command
from bindery.store.covers import CoverRow
from bindery.store.lanes import Done, Outcome, Retry
from bindery.store.store import Store

PER_HOST = 4
TRIES = 6
BACK_OFF_S = (30.0, 300.0, 1800.0, 7200.0, 21600.0)
ABSENT_US = 7 * 86_400 * 1_000_000
"""How long a picture that is not there is not asked for again."""
THUMBNAIL_WIDTH = 320

Fetch = Callable[[str], Awaitable[Picture]]


class CoverCache:
    """Pictures by address below `folder`. `hosts` are addresses of the providers' cover servers:
    from there a signed-in person may see what belongs to nothing stored yet.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        fetch: Fetch,
        compute: Compute,
        hosts: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._folder = folder
        self._fetch = fetch
        self._compute = compute
        self._origins = {origin for origin in map(_origin, hosts) if origin}
        self._memory = Memory(keep_s=0)
        self._places: dict[str, trio.CapacityLimiter] = {}

    async def handle(self, command: Command) -> Outcome:
        """One picture in the background."""
        cover_id = command.read(CoverFetch).cover_id
        row = self._store.read(lambda reader: covers.find_cover(reader, cover_id))
        if row is None or not self._wanted(row):
            return Done()
        try:
            await self._keep(row)
        except Unavailable as error:
            if command.attempts + 1 < TRIES:
                wait = BACK_OFF_S[min(command.attempts, len(BACK_OFF_S) - 1)]
                return Retry(after_s=max(wait, error.retry_after_s or 0), code=error.code)
            await self._absent(row, error.code)
        return Done()

    async def answer(self, url: str) -> CoverFile | Refusal | None:
        """A picture now. None: the store knows it."""
        row = self._store.read(lambda reader: covers.find_by_url(reader, url))
        if row is None and _origin(url) not in self._origins:
            return refuse(Code.URL_NOT_ALLOWED, "url", reason="unknown")
        if row is not None and row.state == "absent" and not self._wanted(row):
            return refuse(Code.NOT_FOUND)
        try:
            if row is None:
                return await self._passing(url)
            await self._keep(row)
        except OutsideError as error:
            return refuse(Code.PROVIDER_UNAVAILABLE, reason=error.code)
        return None

    def _wanted(self, row: CoverRow) -> bool:
        if row.state == "absent":
            return row.retry_at is not None and row.retry_at <= self._store.clock.now_us()
        return row.state == "wanted"

    async def _keep(self, row: CoverRow) -> None:
        """Fetch and store; what is no picture is noted as absent. Raises `Unavailable`."""
        try:
            picture, colour = await self._memory.get(row.url, lambda: self._bring(row.url))
        except Unavailable:
            raise
        except OutsideError as error:
            await self._absent(row, error.code)
            return
        digest = hashlib.sha256(picture.data).hexdigest()
        await self._store.write(
            lambda tx: covers.stored_in(
                tx,
                row.id,
                sha256=digest,
                mime=picture.mime,
                width=picture.width,
                height=picture.height,
                colour=colour,
            ),
            actor=True,
        )

    async def _passing(self, url: str) -> CoverFile:
        """A search hit's picture: only as a thumbnail, and only on disk."""
        path = thumbnail_of(place_of(self._folder, url))
        if not await self._compute(path.exists):
            await self._memory.get(url, lambda: self._bring(url))
        return CoverFile(str(path), WEBP, path.parent.name + path.name[:18])

    async def _bring(self, url: str) -> tuple[Picture, str]:
        """Fetch one picture and put it and its thumbnail into the cache."""
        host = urlsplit(url).netloc
        places = self._places.setdefault(host, trio.CapacityLimiter(PER_HOST))
        async with places:
            picture = await self._fetch(url)
        path = place_of(self._folder, url)

        def keep() -> str:
            small, _mime, colour = make_thumbnail(picture.data, THUMBNAIL_WIDTH)
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, picture.data)
            _put(thumbnail_of(path), small)
            return colour

        try:
            return picture, await self._compute(keep)
        except NotAPicture:
            raise Malformed("not_a_picture") from None
        except OSError as error:
            # A full or read-only disk delays pictures; it stops nobody.
            full = error.errno == errno.ENOSPC
            raise Unavailable("disk_full" if full else "disk_error") from None

    async def _absent(self, row: CoverRow, code: str) -> None:
        retry_at = self._store.clock.now_us() + ABSENT_US
        await self._store.write(lambda tx: covers.absent_in(tx, row.id, code, retry_at), actor=True)


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all; a cache needs no fsync."""
    tmp = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    tmp.write_bytes(data)
    tmp.replace(path)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"
