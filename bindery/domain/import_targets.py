"""Target paths of one import: names, discs, what stands there already (judgement.md 8, 9)."""

from collections.abc import Mapping

import msgspec

from bindery.domain.import_facts import (
    ImportOptions,
    LibraryFacts,
    LibraryFile,
    Role,
    SourceFile,
    TargetRoot,
)
from bindery.domain.import_identity import Unit, numbers_of
from bindery.domain.naming import DEFAULT_TRACK, Rendered, render
from bindery.domain.naming_paths import PathRefusal, collision_key, free_path, safe_relative


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One file and its target. ``adopt``: the equal file stands there already."""

    file: SourceFile
    dst_rel: str
    role: Role = "book"
    disc: int = 0
    track: int = 0
    replaces: bool = False
    adopt: bool = False
    folder: str = ""


class Placement(msgspec.Struct, frozen=True):
    """All files of one audiobook with their targets."""

    files: tuple[Placed, ...]


def _rendered(
    template: str, fields: Mapping[str, str], options: ImportOptions
) -> str | PathRefusal:
    path = render(template, fields, colon=options.colon)
    return path.path if isinstance(path, Rendered) else PathRefusal(path.code)


def _standing(library: LibraryFacts, root_id: int | None) -> dict[str, LibraryFile]:
    return {collision_key(f.rel_path): f for f in library.files if f.root_id == root_id}


def ebook_target(
    target: TargetRoot,
    extension: str,
    file: SourceFile,
    library: LibraryFacts,
    options: ImportOptions,
    slot_id: int,
    used: frozenset[str],
) -> Placed | PathRefusal:
    """Step 6: free, equal (adopt), our own older file (replace), somebody else's (suffix)."""
    path = _rendered(options.book_template, {**target.fields, "ext": extension}, options)
    if isinstance(path, PathRefusal):
        return path
    standing = _standing(library, target.root_id)
    there = standing.get(collision_key(path))
    if there and file.sha256 and there.sha256 == file.sha256:
        return Placed(file=file, dst_rel=there.rel_path, adopt=True)
    if there and slot_id in there.slot_ids and len(there.slot_ids) == 1:
        return Placed(file=file, dst_rel=there.rel_path, replaces=True)
    free = free_path(path, lambda key: key in standing or key in used)
    return free if isinstance(free, PathRefusal) else Placed(file=file, dst_rel=free)


def audiobook_targets(
    target: TargetRoot,
    unit: Unit,
    library: LibraryFacts,
    options: ImportOptions,
    slot_id: int,
    used: frozenset[str],
) -> Placement | PathRefusal:
    """A folder of its own; names kept, or one track template over all discs."""
    folder = _rendered(options.audiobook_folder, {**target.fields, "ext": ""}, options)
    if isinstance(folder, PathRefusal):
        return folder
    folder = _free_folder(folder, target, library, slot_id, used)
    if isinstance(folder, PathRefusal):
        return folder
    discs = {numbers_of(file)[0] for file in unit.files} - {0}
    template = options.track_template
    if not template and options.flatten_discs and len(discs) >= 2:
        template = DEFAULT_TRACK
    names = _names(target, unit, options, template)
    if isinstance(names, PathRefusal):
        return names
    standing = _standing(library, target.root_id)
    out: list[Placed] = []
    for number, (file, name) in enumerate(zip(unit.files, names, strict=True), start=1):
        dst = f"{folder}/{name}"
        there = standing.get(collision_key(dst))
        mine = there is not None and slot_id in there.slot_ids
        disc, _ = numbers_of(file)
        out.append(
            Placed(
                file=file,
                dst_rel=dst,
                role="track",
                disc=0 if template else disc,
                track=number,
                replaces=mine,
                folder=folder,
            )
        )
    return Placement(tuple(out))


def _free_folder(
    folder: str, target: TargetRoot, library: LibraryFacts, slot_id: int, used: frozenset[str]
) -> str | PathRefusal:
    """An existing folder is used unless another book's audio stands in it."""
    audio = {"m4b", "m4a", "mp3", "flac", "ogg", "opus", "aac", "wma"}
    taken = {
        collision_key(file.rel_path.rpartition("/")[0])
        for file in library.files
        if file.root_id == target.root_id and slot_id not in file.slot_ids and file.format in audio
    }
    taken |= {key.rpartition("/")[0] for key in used}
    return free_path(folder, taken.__contains__, folder=True)


def _names(
    target: TargetRoot, unit: Unit, options: ImportOptions, template: str
) -> list[str] | PathRefusal:
    """File names below the folder, in playing order, no two alike."""
    out: list[str] = []
    seen: set[str] = set()
    for number, file in enumerate(unit.files, start=1):
        if template:
            disc, _ = numbers_of(file)
            fields = {
                **target.fields,
                "ext": file.probed.kind.value,
                "Part": str(number),
                "Disc": str(disc or ""),
            }
            name = _rendered(template, fields, options)
            if isinstance(name, PathRefusal):
                return name
            name = name.rpartition("/")[2]
        else:
            inside = file.rel.removeprefix(f"{unit.folder}/") if unit.folder else file.rel
            name = safe_relative(inside)
        key = collision_key(name)
        if key in seen:
            return PathRefusal("part-names-equal", name)
        seen.add(key)
        out.append(name)
    return out
