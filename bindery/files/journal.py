"""From the steps of an import plan to the ops of its journal: absolute paths and temp names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bindery.domain.file_op import FileOp, Method, OpKind
from bindery.domain.import_facts import FileStep
from bindery.files.place import tmp_beside, tmp_in_folder
from bindery.files.roots import resolve_inside


class RootPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a root row says: absolute path, and the uuid of its marker."""

    path: str
    marker: str


def write_ops(
    steps: Sequence[FileStep],
    roots: Mapping[int, RootPlace],
    *,
    owner: str,
    change: str,
    method: Method,
) -> list[FileOp] | None:
    """The ops of a plan, all `planned`, `seq` from 0 in the plan's order.

    `owner` names the import or change in file names (`i12`, `c7`: letters and digits), `change`
    its folder in the recycle bin. The files of one new folder share a temp folder. None when a
    step leads outside its root or names an unknown one: such a plan is not carried out.
    """
    folders: dict[tuple[int, str], str] = {}
    ops: list[FileOp] = []
    for seq, step in enumerate(steps):
        root = roots.get(step.root_id)
        if root is None:
            return None
        target = f"{root.path.rstrip('/')}/{step.dst_rel}"
        if resolve_inside(root.path, target) is None:
            return None
        key = f"{owner}-{seq}"
        tmp = ""
        if step.kind is OpKind.PLACE:
            tmp = tmp_beside(target, key)
            if step.folder and step.dst_rel.startswith(f"{step.folder}/"):
                folder = f"{root.path.rstrip('/')}/{step.folder}"
                shared = folders.setdefault((step.root_id, step.folder), key)
                tmp = tmp_in_folder(target, folder, shared)
        is_trash = step.kind is OpKind.TRASH
        ops.append(
            FileOp(
                key=key,
                seq=seq,
                kind=step.kind,
                src=target if is_trash else step.src,
                dst="" if is_trash else target,
                tmp=tmp,
                root=root.path,
                marker=root.marker,
                change=change,
                replaces=step.replaces,
                method=method,
            )
        )
    return ops
