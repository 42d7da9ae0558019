"""Turn probed files into ordered file steps; nothing is executed here (judgement.md 9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bindery.domain import decision_rules
from bindery.domain.file_op import Method, OpKind
from bindery.domain.filename import disc_of_path, is_ignored
from bindery.domain.import_facts import (
    DownloadFacts,
    FileStep,
    ImportOptions,
    ImportPlan,
    LibraryFacts,
    LibraryFile,
    Refused,
    SourceFile,
    TargetRoot,
)
from bindery.domain.import_identity import Unit, identify, units
from bindery.domain.import_targets import Placed, Placement, audiobook_targets, ebook_target
from bindery.domain.library_units import home_of
from bindery.domain.media import MediaKind
from bindery.domain.naming_paths import PathRefusal, collision_key, safe_relative
from bindery.domain.offers import Transport
from bindery.domain.rules import SlotFacts

__all__ = (
    "DownloadFacts",
    "FileStep",
    "ImportOptions",
    "ImportPlan",
    "LibraryFacts",
    "LibraryFile",
    "Refused",
    "SourceFile",
    "TargetRoot",
    "plan",
)

_ARCHIVES = frozenset((MediaKind.ZIP, MediaKind.RAR, MediaKind.SEVENZIP))
_SIDECAR = (".jpg", ".jpeg", ".png", ".webp", ".cue", ".opf", ".json", ".nfo", ".txt", ".m3u")


@dataclass
class _Work:
    """The plan while it grows."""

    download: DownloadFacts
    library: LibraryFacts
    options: ImportOptions
    steps: list[FileStep] = field(default_factory=list[FileStep])
    refused: list[Refused] = field(default_factory=list[Refused])
    filled: list[int] = field(default_factory=list[int])
    trouble: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    handled: set[str] = field(default_factory=set[str])

    def hold(self, file: SourceFile, code: str, found: str = "") -> None:
        """Leave a source for a person."""
        self.refused.append(Refused(path=file.path, action="hold", code=code, found=found))
        self.handled.add(file.path)

    def skip(self, file: SourceFile, code: str) -> None:
        """Leave a source, nobody is needed."""
        self.refused.append(Refused(path=file.path, action="skip", code=code))
        self.handled.add(file.path)


def plan(
    download: DownloadFacts,
    files: Sequence[SourceFile],
    slots: Sequence[SlotFacts],
    library: LibraryFacts,
    options: ImportOptions,
) -> ImportPlan:
    """Which files fill which slots, where they go, what they displace, what stays and why."""
    work = _Work(download, library, options)
    stopped = _stop_all(work, files)
    if stopped:
        return stopped
    usable = _sift(work, files)
    found = units(usable, [file for file in files if file.probed.format == "other"])
    for slot in _in_order(slots, download):
        _fill(work, slot, found)
    for unit in found:
        for file in unit.files:
            if file.path not in work.handled:
                work.hold(file, "unwanted")
    _sidecars(work, files)
    return _finish(work, files)


def _in_order(slots: Sequence[SlotFacts], download: DownloadFacts) -> list[SlotFacts]:
    """The download's own slots first, then other wanted ones."""
    return sorted(slots, key=lambda slot: (slot.slot_id not in download.slot_ids, slot.slot_id))


def _stop_all(work: _Work, files: Sequence[SourceFile]) -> ImportPlan | None:
    """Step 1: dangerous content or growing files concern the whole download."""
    code = ""
    seen = [file for file in files if not is_ignored(file.rel)]
    if any(file.probed.health == "dangerous" for file in files):
        code = "dangerous"
    elif any(file.growing for file in seen):
        code = "growing"
    elif seen and max(seen, key=lambda f: f.probed.size).probed.kind is MediaKind.VIDEO:
        code = "not-book-content"
    if not code:
        return None
    for file in files:
        work.hold(file, code)
    verdict = "hold" if code == "growing" else "block"
    return ImportPlan(verdict=verdict, code=code, refused=tuple(work.refused))


def _sift(work: _Work, files: Sequence[SourceFile]) -> list[SourceFile]:
    """Leftovers out, broken and encrypted files held; what remains can be a book."""
    out: list[SourceFile] = []
    for file in files:
        probed = file.probed
        if is_ignored(file.rel):
            work.skip(file, "leftover")
        elif probed.kind in _ARCHIVES:
            work.hold(file, "archive")
            work.trouble.append(("archive", file.rel))
        elif probed.format == "other":
            continue
        elif probed.health in ("broken", "encrypted"):
            code = "corrupt" if probed.health == "broken" else "encrypted"
            problem = probed.problems[0].value if probed.problems else ""
            work.hold(file, code, problem)
            work.trouble.append((code, problem or file.rel))
        else:
            out.append(file)
    return out


def _fill(work: _Work, slot: SlotFacts, found: Sequence[Unit]) -> None:
    """Steps 2-6 for one slot."""
    same_medium = [unit for unit in found if unit.media == slot.format]
    candidates = [u for u in same_medium if u.files[0].path not in work.handled]
    chosen: list[Unit] = []
    own = slot.slot_id in work.download.slot_ids
    for unit in candidates:
        if work.download.forced and own:
            chosen.append(unit)
            continue
        match = identify(unit, slot, work.download, alone=own and _alone(unit, candidates))
        if match.verdict == "yes":
            chosen.append(unit)
        elif own:
            code = match.code if match.code != "match" else "unsure"
            found_text = match.evidence[-1].found if match.evidence else ""
            work.trouble.append(
                ("unmatched" if match.verdict == "unsure" else "not-the-book", code)
            )
            if len(candidates) == 1:
                for file in unit.files:
                    work.hold(
                        file,
                        "unmatched" if match.verdict == "unsure" else "not-the-book",
                        found_text,
                    )
    if not chosen:
        return
    target = next((t for t in work.library.targets if t.slot_id == slot.slot_id), None)
    if target is None or target.root_id is None:
        work.trouble.append(("no-root", str(slot.slot_id)))
        for unit in chosen:
            for file in unit.files:
                work.hold(file, "no-root")
        return
    if slot.format == "ebook":
        _place_ebooks(work, slot, target, chosen)
    else:
        _place_audio(work, slot, target, chosen)


def _alone(unit: Unit, candidates: Sequence[Unit]) -> bool:
    """One work only: a single unit, or ebooks that differ in nothing but their format."""
    stems = {file.rel.rsplit(".", 1)[0] for one in candidates for file in one.files}
    return len(candidates) == 1 or (unit.media == "ebook" and len(stems) == 1)


def _place_ebooks(work: _Work, slot: SlotFacts, target: TargetRoot, chosen: Sequence[Unit]) -> None:
    """Step 4: the best format by profile (and those retained); the rest stays in the source."""
    files = [unit.files[0] for unit in chosen]
    allowed = [f for f in files if slot.profile.allows(f.probed.kind.value, "ebook")]
    for file in files:
        if file not in allowed:
            work.skip(file, "format-not-wanted")
    if not allowed:
        work.trouble.append(("format-not-wanted", files[0].probed.kind.value))
        return
    ranked = sorted(
        allowed,
        key=lambda f: (-slot.profile.index(f.probed.kind.value, "ebook"), -f.probed.size, f.rel),
    )
    kept: set[str] = set()
    for number, file in enumerate(ranked):
        kind = file.probed.kind.value
        if kind in kept or (number > 0 and kind not in work.options.retain):
            work.skip(file, "other-format")
            continue
        kept.add(kind)
        _place_one(work, slot, target, file, first=number == 0)


def _place_one(
    work: _Work, slot: SlotFacts, target: TargetRoot, file: SourceFile, *, first: bool
) -> None:
    kind = file.probed.kind.value
    present = [f for f in work.library.files if slot.slot_id in f.slot_ids]
    twin = next((f for f in present if file.sha256 and f.sha256 == file.sha256), None)
    if twin:
        _add(work, slot, file, OpKind.ADOPT, twin.rel_path, twin.root_id)
        return
    if present and first and not work.download.forced:
        code = decision_rules.upgrade_refusal(slot, kind, 1)
        if code:
            work.skip(file, "not-better")
            work.trouble.append(("not-better", code))
            return
    placed = ebook_target(target, kind, file, work.library, work.options, slot.slot_id, _used(work))
    if isinstance(placed, PathRefusal):
        work.hold(file, placed.code, placed.path)
        work.trouble.append((placed.code, placed.path))
        return
    _carry(work, slot, target, placed)
    if first:
        _bin_old(work, slot, present, {placed.dst_rel})


def _carry(work: _Work, slot: SlotFacts, target: TargetRoot, placed: Placed) -> None:
    kind = OpKind.ADOPT if placed.adopt else OpKind.PLACE
    if target.root_id is not None:
        _add(work, slot, placed.file, kind, placed.dst_rel, target.root_id, placed)


def _add(
    work: _Work,
    slot: SlotFacts,
    file: SourceFile,
    kind: OpKind,
    dst: str,
    root_id: int,
    placed: Placed | None = None,
) -> None:
    work.steps.append(
        FileStep(
            kind=kind,
            src=file.path,
            dst_rel=dst,
            root_id=root_id,
            slot_id=slot.slot_id,
            role=placed.role if placed else "book",
            format=file.probed.kind.value,
            disc=placed.disc if placed else 0,
            track=placed.track if placed else 0,
            size=file.probed.size,
            sha256=file.sha256,
            replaces=placed.replaces if placed else False,
            folder=placed.folder if placed else "",
        )
    )
    work.handled.add(file.path)
    if slot.slot_id not in work.filled:
        work.filled.append(slot.slot_id)


def _bin_old(
    work: _Work, slot: SlotFacts, present: Sequence[LibraryFile], replaced: set[str]
) -> None:
    """What the better file displaces goes to the bin, unless another slot needs it."""
    keys = {collision_key(path) for path in replaced}
    retained = work.options.retain
    for old in present:
        shared = any(one != slot.slot_id for one in old.slot_ids)
        if shared or collision_key(old.rel_path) in keys or old.format in retained:
            continue
        work.steps.append(
            FileStep(
                kind=OpKind.TRASH,
                dst_rel=old.rel_path,
                root_id=old.root_id,
                slot_id=slot.slot_id,
                format=old.format,
                size=old.size,
                sha256=old.sha256,
            )
        )


def _place_audio(work: _Work, slot: SlotFacts, target: TargetRoot, chosen: Sequence[Unit]) -> None:
    """Step 5: one group per work; the largest unit wins, others are held."""
    unit = max(chosen, key=lambda u: (u.size, u.folder))
    for other in chosen:
        if other is not unit:
            for file in other.files:
                work.hold(file, "second-copy")
    present = [f for f in work.library.files if slot.slot_id in f.slot_ids]
    twins = {p.sha256: p for p in present if p.sha256}
    if twins and all(file.sha256 in twins for file in unit.files):
        for file in unit.files:
            twin = twins[file.sha256]
            _add(work, slot, file, OpKind.ADOPT, twin.rel_path, twin.root_id)
        return
    code, detail = _audio_refusal(work, slot, unit, upgrade=bool(present))
    if code:
        for file in unit.files:
            work.skip(file, code)
        work.trouble.append((code, detail))
        return
    placement = audiobook_targets(
        target, unit, work.library, work.options, slot.slot_id, _used(work)
    )
    if not isinstance(placement, Placement):
        for file in unit.files:
            work.hold(file, placement.code, placement.path)
        work.trouble.append((placement.code, placement.path))
        return
    for placed in placement.files:
        _carry(work, slot, target, placed)
    _bin_old(work, slot, present, {placed.dst_rel for placed in placement.files})


def _audio_refusal(work: _Work, slot: SlotFacts, unit: Unit, *, upgrade: bool) -> tuple[str, str]:
    """Why a recording may not fill the slot: (code, detail), code '' when it may."""
    kind = unit.files[0].probed.kind.value
    if not slot.profile.allows(kind, "audiobook"):
        return "format-not-wanted", kind
    if not upgrade or work.download.forced:
        return "", ""
    reason = decision_rules.upgrade_refusal(slot, kind, 1)
    return ("not-better" if reason else ""), reason


def _used(work: _Work) -> frozenset[str]:
    """Collision keys of targets this plan has given away already."""
    return frozenset(
        collision_key(step.dst_rel) for step in work.steps if step.kind is not OpKind.TRASH
    )


def _sidecars(work: _Work, files: Sequence[SourceFile]) -> None:
    """Covers, cue sheets and supplements follow an audiobook into its folder; the rest stays."""
    tracks = {s.src: s for s in work.steps if s.role == "track" and s.kind is OpKind.PLACE}
    homes: dict[str, FileStep] = {}
    for file in files:
        if file.path in tracks:
            homes.setdefault(home_of(file.rel), tracks[file.path])
    for file in files:
        if file.path in work.handled and not _is_supplement(work, file):
            continue
        home = homes.get(home_of(file.rel))
        dst = _sidecar_target(work, file, home) if home else ""
        if home and dst:
            _follow(work, file, home, dst)
        elif file.path not in work.handled:
            work.skip(file, "no-book" if home is None else "side-car")


def _is_supplement(work: _Work, file: SourceFile) -> bool:
    """A PDF that nobody wanted as a book of its own."""
    held = any(r.path == file.path and r.code == "unwanted" for r in work.refused)
    return held and file.probed.kind is MediaKind.PDF


def _sidecar_target(work: _Work, file: SourceFile, home: FileStep) -> str:
    """Where a side-car goes; '' when it stays (unwanted, disc level of a flattened book, taken)."""
    if not (_is_supplement(work, file) or file.rel.casefold().endswith(_SIDECAR)):
        return ""
    kept = bool(home.disc) or not disc_of_path(file.rel)
    if not work.options.sidecars or not kept:
        return ""
    inside = file.rel.removeprefix(home_of(file.rel)).lstrip("/")
    dst = f"{home.folder}/{safe_relative(inside)}"
    key = collision_key(dst)
    standing = any(
        collision_key(f.rel_path) == key and f.root_id == home.root_id for f in work.library.files
    )
    return "" if standing or key in _used(work) else dst


def _follow(work: _Work, file: SourceFile, home: FileStep, dst: str) -> None:
    supplement = _is_supplement(work, file)
    work.refused = [refused for refused in work.refused if refused.path != file.path]
    work.steps.append(
        FileStep(
            kind=OpKind.PLACE,
            src=file.path,
            dst_rel=dst,
            root_id=home.root_id,
            slot_id=home.slot_id,
            role="supplement" if supplement else "sidecar",
            format=file.probed.kind.value,
            size=file.probed.size,
            sha256=file.sha256,
            folder=home.folder,
        )
    )
    work.handled.add(file.path)


_PRIORITY = (
    "no-root",
    "encrypted",
    "corrupt",
    "not-the-book",
    "unmatched",
    "archive",
    "not-better",
)


def _finish(work: _Work, files: Sequence[SourceFile]) -> ImportPlan:
    placing = [s for s in work.steps if s.kind in (OpKind.PLACE, OpKind.ADOPT)]
    refused = tuple(work.refused)
    if not placing:
        code, detail = _main_trouble(work)
        return ImportPlan(verdict="block", code=code, params={"detail": detail}, refused=refused)
    need: dict[int, int] = {}
    for step in placing:
        if step.kind is OpKind.PLACE and work.download.method is not Method.HARDLINK:
            need[step.root_id] = need.get(step.root_id, 0) + step.size
    for target in work.library.targets:
        if target.root_id is not None and target.free_bytes is not None:
            wanted = need.get(target.root_id, 0)
            if wanted > target.free_bytes:
                params: dict[str, str | int | float] = {"need": wanted, "free": target.free_bytes}
                return ImportPlan(verdict="block", code="disk-full", params=params, refused=refused)
    steps = list(work.steps)
    if work.download.method is Method.MOVE and work.download.transport is not Transport.TORRENT:
        steps += [_drop(step) for step in placing]
    return ImportPlan(
        verdict="import",
        steps=tuple(steps),
        refused=refused,
        filled=tuple(work.filled),
        params={"files": len(placing), "of": len(files)},
    )


def _drop(step: FileStep) -> FileStep:
    """Step 7: a moved source goes after everything is registered."""
    return FileStep(
        kind=OpKind.DROP_SOURCE,
        src=step.src,
        dst_rel=step.dst_rel,
        root_id=step.root_id,
        slot_id=step.slot_id,
        role=step.role,
        format=step.format,
        size=step.size,
        sha256=step.sha256,
    )


def _main_trouble(work: _Work) -> tuple[str, str]:
    for code in _PRIORITY:
        for seen, detail in work.trouble:
            if seen == code:
                return code, detail
    return work.trouble[0] if work.trouble else ("no-book-files", "")
