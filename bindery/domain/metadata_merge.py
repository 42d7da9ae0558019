"""Merge what providers say of one thing into its fields: a diff, never a wipe.

Source: metadata.md 10.8 with the ruling of judgement.md 10: never over a locked field, never
from known to unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

Value: TypeAlias = str | int | float | bool | tuple[str, ...] | None

USER = "user"
_NEVER = frozenset(("ref", "provider"))
_FILL_ONLY = frozenset(("cover", "released", "language", "asin", "original_title", "subtitle"))
# Who knows a field better than the primary: shelves of readers, the shop that sells the recording.
_BETTER_KNOWN_BY = {"genres": "hardcover", "narrators": "audnex", "duration_s": "audnex"}
MIN_RATINGS = 10


class Change(msgspec.Struct, frozen=True):
    """One field that changes, from which source."""

    field: str
    before: Value
    after: Value
    source: str


class Diff(msgspec.Struct, frozen=True):
    """The result: changes by field, and the winner (source) of every known field."""

    changes: tuple[Change, ...] = ()
    winners: dict[str, str] = {}

    @property
    def values(self) -> dict[str, Value]:
        """Only what is new: field -> value."""
        return {change.field: change.after for change in self.changes}


def is_unknown(value: Value) -> bool:
    """Unknown = None, blank text, empty list, zero count. False and 0.5 are known."""
    if value is None:
        return True
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return not value.strip()
    return value == 0 if isinstance(value, int | float) else not value


def merge(
    current: Mapping[str, Value],
    records_by_source: Mapping[str, Mapping[str, Value]],
    locks: Iterable[str] = (),
    winners: Mapping[str, str] | None = None,
    *,
    priority: Sequence[str] = (),
) -> Diff:
    """Merge the records of all sources into ``current``.

    ``priority``: sources, the primary first; unnamed ones follow in name order. A value won by
    the user or locked stays. The source that won a field before may update it; a weaker one may
    only fill what is unknown, save where the field has a rule of its own.
    """
    locked = frozenset(locks)
    held = dict(winners or {})
    order = _ordered(records_by_source, priority)
    changes: list[Change] = []
    for field in sorted({name for record in records_by_source.values() for name in record}):
        if field in locked or held.get(field) == USER or field == "average_rating":
            continue
        before = current.get(field)
        value, source = _choose(field, before, held.get(field, ""), order, records_by_source)
        if source and value != before and not is_unknown(value):
            changes.append(Change(field, before, value, source))
            if field == "ratings_count" and "average_rating" not in locked:
                changes += _average(current, records_by_source[source], source)
        if source:
            held[field] = source
    if "average_rating" not in locked and held.get("average_rating") != USER:
        changes += _bare_average(current, changes, order, records_by_source)
    return Diff(tuple(changes), held)


def _bare_average(
    current: Mapping[str, Value],
    changes: Sequence[Change],
    order: Sequence[str],
    records: Mapping[str, Mapping[str, Value]],
) -> list[Change]:
    """An average without a count is better than no rating at all."""
    rated = any(change.field == "ratings_count" for change in changes)
    known = [current.get(name) for name in ("average_rating", "ratings_count")]
    if rated or not all(is_unknown(value) for value in known):
        return []
    for name in order:
        if found := _average(current, records[name], name):
            return found
    return []


def _average(
    current: Mapping[str, Value], record: Mapping[str, Value], source: str
) -> list[Change]:
    """Count and average stay one pair."""
    before, after = current.get("average_rating"), record.get("average_rating")
    if is_unknown(after) or before == after:
        return []
    return [Change("average_rating", before, after, source)]


def _ordered(records: Mapping[str, object], priority: Sequence[str]) -> list[str]:
    known = [source for source in priority if source in records]
    return known + sorted(source for source in records if source not in known)


def _choose(
    field: str,
    before: Value,
    winner: str,
    order: Sequence[str],
    records: Mapping[str, Mapping[str, Value]],
) -> tuple[Value, str]:
    """(value, source) that the field gets; source '' = nothing to say."""
    value, source = before, winner
    for index, name in enumerate(order):
        offered = records[name].get(field)
        if is_unknown(offered) or (field in _NEVER and not is_unknown(value) and index > 0):
            continue
        if is_unknown(value):
            value, source = offered, name
        elif name == winner or (index == 0 and (not winner or winner not in order)):
            if field not in _FILL_ONLY or name == winner:
                value, source = offered, name
        elif _stronger(field, value, offered, name):
            value, source = offered, name
    return value, source


def _stronger(field: str, value: Value, offered: Value, source: str) -> bool:
    """May an enricher's value replace a known one (metadata.md 10.8)?"""
    if _BETTER_KNOWN_BY.get(field) == source:
        return True
    if field == "description" and isinstance(value, str) and isinstance(offered, str):
        return len(offered) > len(value)
    if field == "ratings_count" and isinstance(value, int) and isinstance(offered, int):
        return offered >= MIN_RATINGS and offered >= 2 * value
    return False
