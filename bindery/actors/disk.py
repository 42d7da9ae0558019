"""Looks at folders that a request asks about: each in a thread of that folder's own limiter."""

import uuid
from collections.abc import Sequence

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.files.disk import DiskError
from bindery.files.roots import RootFacts, check_root, nested_with, write_marker
from bindery.operations.ports import FoundRoot
from bindery.runtime.threads import RootUnreachable, Threads, in_thread

PATIENCE_S = 10.0
"""A person waits for the answer; a dead mount is said to be one after this long."""


class RootsPort:
    """The port `Roots`. No actor stands behind it: there is nothing to keep between two looks."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def look(self, path: str, marker: str | None) -> FoundRoot:
        """A look at a folder; `marker` None for one that is being added."""
        place = self._threads.root(path)
        try:
            facts = await in_thread(place, check_root, path, marker, patience_s=PATIENCE_S)
        except RootUnreachable:
            facts = RootFacts(path=path, code="root_unreadable")
        return FoundRoot(
            path=facts.path,
            code=facts.code,
            marker=facts.marker,
            device_id=facts.device_id,
            free=facts.free,
            total=facts.total,
            filesystem=facts.filesystem,
            network=facts.network,
            writable=facts.writable,
        )

    async def overlaps(self, path: str, others: Sequence[str]) -> str | None:
        """The first of `others` that is, holds or lies in `path`."""
        place = self._threads.root(path)
        try:
            return await in_thread(place, nested_with, path, others, patience_s=PATIENCE_S)
        except RootUnreachable:
            return None

    async def mark(self, path: str) -> str | Refusal:
        """Write the marker of a new root, or keep the one it has; answers it."""
        place = self._threads.root(path)
        fresh = str(uuid.uuid4())
        try:
            return await in_thread(place, write_marker, path, fresh, patience_s=PATIENCE_S)
        except (DiskError, RootUnreachable):
            return refuse(Code.PATH_NOT_WRITABLE, "path", path=path)
