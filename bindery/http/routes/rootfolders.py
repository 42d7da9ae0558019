"""Root folders (catalogue.md 2.8)."""

from __future__ import annotations

from quart import Blueprint

from bindery.domain.moments import iso
from bindery.domain.refusal import Refusal
from bindery.domain.wire.root import RootFolder
from bindery.http.call import Call
from bindery.http.once import once
from bindery.http.route import route
from bindery.http.schemas.catalogue import RootBody
from bindery.operations import roots as operations
from bindery.operations.once import Replay
from bindery.operations.ports import FoundRoot, Roots
from bindery.store import roots
from bindery.store.roots import RootRow
from bindery.store.tx import Reader

blueprint = Blueprint("rootfolder", __name__)


@route(blueprint, "GET", "/api/v1/rootfolder", returns=list[RootFolder])
async def list_roots(call: Call) -> list[RootFolder]:
    """Roots as they are on the disk now."""
    rows = call.services.store.read(roots.list_roots)
    disk: Roots = call.services.ports.roots
    found = await disk.look_at_all([(row.path, row.marker) for row in rows])
    return [shown(row, one) for row, one in zip(rows, found, strict=True)]


@route(blueprint, "POST", "/api/v1/rootfolder", body=RootBody, returns=RootFolder, status=201)
async def add_root(call: Call, body: RootBody) -> RootFolder | Refusal | Replay:
    """Add a folder and mark it."""
    disk: Roots = call.services.ports.roots

    def render(_reader: Reader, row: RootRow) -> RootFolder:
        return shown(row, None)

    promise = await once(call, render)
    row = await operations.add_root(call.services.store, call.principal, body.path, disk, promise)
    if not isinstance(row, RootRow):
        return row
    return shown(row, await disk.look(row.path, row.marker))


@route(blueprint, "DELETE", "/api/v1/rootfolder/<id:root_id>", status=204)
async def delete_root(call: Call, root_id: int) -> Refusal | None:
    """Forget a folder that nothing refers to; its files stay."""
    return await operations.delete_root(call.services.store, call.principal, root_id)


def shown(row: RootRow, found: FoundRoot | None) -> RootFolder:
    """A root with what a look at it said, if there was one."""
    return RootFolder(
        id=row.id,
        path=row.path,
        free_space=found.free if found else row.free_bytes or 0,
        total_space=found.total if found else 0,
        accessible=not found.code if found else True,
        code=found.code if found else "",
        filesystem=found.filesystem if found else "",
        network=found.network if found else False,
        created_at=iso(row.created_at),
    )
