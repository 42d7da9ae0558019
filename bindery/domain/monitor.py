"""Which works of an author are monitored by a mode (catalogue.md 3.4)."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from bindery.domain import languages
from bindery.domain.titles import dedup_key

Mode = Literal[
    "all", "future", "latest", "none", "series", "missing", "existing", "first", "standalone"
]


class MonitorWork(msgspec.Struct, frozen=True, kw_only=True):
    """One work as the mode sees it. ``released`` is `YYYY[-MM[-DD]]` or ''."""

    id: int
    title: str
    released: str = ""
    language: str = ""
    excluded: bool = False
    has_file: bool = False
    series: frozenset[str] = frozenset()
    """Ids (or keys) of the series it belongs to."""


class MonitorRule(msgspec.Struct, frozen=True, kw_only=True):
    """Mode and its parameters. ``today`` is `YYYY-MM-DD`."""

    mode: Mode
    today: str
    author_monitored: bool = True
    latest: int = 1
    pinned: frozenset[str] = frozenset()
    allowed_languages: tuple[str, ...] = ()


def monitored(works: Sequence[MonitorWork], rule: MonitorRule) -> dict[int, bool]:
    """For every work id whether it is to be monitored."""
    if not rule.author_monitored:
        return {work.id: False for work in works}
    chosen = _dated(works, rule) if rule.mode in ("latest", "first") else frozenset[int]()
    return {work.id: not work.excluded and _one(work, rule, chosen) for work in works}


def _one(work: MonitorWork, rule: MonitorRule, chosen: frozenset[int]) -> bool:
    match rule.mode:
        case "all":
            return True
        case "none":
            return False
        case "future":
            return is_after(work.released, rule.today)
        case "latest" | "first":
            return work.id in chosen
        case "series":
            return bool(work.series & rule.pinned)
        case "missing":
            return not work.has_file
        case "existing":
            return work.has_file
        case "standalone":
            return not work.series


def is_after(released: str, today: str) -> bool:
    """Strictly after today; a bare year or month is compared at its own precision."""
    return bool(released) and released > today[: len(released)]


def _dated(works: Sequence[MonitorWork], rule: MonitorRule) -> frozenset[int]:
    """The N newest (or the one first) dated titles in allowed languages, one per title."""
    dated = [
        work
        for work in works
        if work.released
        and not work.excluded
        and languages.allowed(work.language, rule.allowed_languages)
    ]
    dated.sort(key=lambda work: dedup_key(work.title))
    dated.sort(key=lambda work: work.released, reverse=rule.mode == "latest")
    count = rule.latest if rule.mode == "latest" else 1
    seen: set[str] = set()
    chosen: set[int] = set()
    for work in dated:
        key = dedup_key(work.title)
        if key in seen:
            chosen |= (
                {work.id} if key in {dedup_key(w.title) for w in dated if w.id in chosen} else set()
            )
            continue
        if len(seen) >= count:
            continue
        seen.add(key)
        chosen.add(work.id)
    return frozenset(chosen)


def discovers(*, new_items: str, populated: bool, author_monitored: bool, first_sync: bool) -> bool:
    """May a refresh create new works? `none` stops all but the very first sync."""
    if first_sync and not populated:
        return True
    return author_monitored and not (new_items == "none" and populated)
