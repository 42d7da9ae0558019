"""One page of a sorted list, out of a million rows (architecture.md 5a, recipes D).

A list is walked along an index whose leading columns are fixed. What varies in them (libraries,
statuses, "no date") becomes one arm each: SQLite merges the arms of a UNION ALL in order, where
`IN (...)` would sort everything. Arms carry a segment number that leads the order, so that rows
without a date can come last in either direction.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from bindery.store.rows import SqlValue
from bindery.store.tx import Reader

Key: TypeAlias = tuple[SqlValue, ...]
"""Where a row stands in its list: segment, sort keys, id. What cursors are made of."""

INLINE_OFFSET = 5_000
"""A deeper offset walks too far for the loop: `scan`."""
_STEP_BACK = 256
INLINE_ROWS = 100
"""A longer page takes the loop more than a millisecond or two: `scan`."""


class Sort(msgspec.Struct, frozen=True):
    """An order along `index`, after the columns that an arm fixes. The id is the last key."""

    index: str
    keys: tuple[str, ...]
    down: tuple[bool, ...]
    """Per key, the id's included: descending?"""


class Arm(msgspec.Struct, frozen=True):
    """One stretch of the index: `where` fixes the leading columns."""

    segment: int
    where: str
    size: int | None = None
    """How many rows it holds, if that is known: lets a deep offset jump."""


class Slice(msgspec.Struct, frozen=True):
    """Which rows of the list: `limit` after a key, or after `offset` rows."""

    limit: int = 100
    offset: int = 0
    after: Key | None = None

    @property
    def deep(self) -> bool:
        """Whether this page alone is for `scan`, whatever the filter."""
        return self.offset > INLINE_OFFSET or self.limit > INLINE_ROWS


def walk(
    reader: Reader,
    table: str,
    sort: Sort,
    arms: Sequence[Arm],
    params: dict[str, Any],
    part: Slice,
    *,
    total: int | None = None,
) -> list[Key]:
    """The keys of one page, in order. With `total`, an offset is counted from the nearer end."""
    if not arms:
        return []
    limit, offset, back = part.limit, part.offset, False
    if part.after is None and total is not None and offset > total // 2:
        limit = min(limit, total - offset)
        if limit <= 0:
            return []
        back, offset = True, total - offset - limit
    bound = dict(params)
    if part.after is None and offset > INLINE_OFFSET:
        arms, offset = _jump(reader, table, sort, arms, bound, offset, back)
    stretches: dict[int, list[str]] = {}
    columns = ", ".join((*sort.keys, "id"))
    for arm in arms:
        stretches.setdefault(arm.segment, []).extend(
            f"SELECT {columns} FROM {table} INDEXED BY {sort.index} WHERE {arm.where}{keyset}"
            for keyset in _beyond(sort, arm.segment, part.after, bound)
        )
    order = ", ".join(
        f"{n} DESC" if down != back else str(n) for n, down in enumerate(sort.down, 1)
    )
    # A constant in ORDER BY would make SQLite sort each arm, so the segments follow each other
    # instead; the inner LIMIT keeps the inner order.
    texts = [
        f"SELECT {segment} AS seg, * FROM"
        f" ({' UNION ALL '.join(merged)} ORDER BY {order} LIMIT :limit_ + :offset_)"
        for segment, merged in sorted(stretches.items(), reverse=back)
        if merged
    ]
    if not texts:
        return []
    bound |= {"limit_": limit, "offset_": offset}
    found = reader.tuples(f"{' UNION ALL '.join(texts)} LIMIT :limit_ OFFSET :offset_", bound)
    return found[::-1] if back else found


def _jump(
    reader: Reader,
    table: str,
    sort: Sort,
    arms: Sequence[Arm],
    bound: dict[str, Any],
    offset: int,
    back: bool,
) -> tuple[Sequence[Arm], int]:
    """Cut off what a deep offset skips: merging arms row by row costs five times a plain walk.

    Whole segments go by their size. Inside one, a row of the largest arm is found by a plain
    walk, its place in the merged order by counting what the other arms hold before it.
    """
    if len(set(sort.down)) != 1 or any(arm.size is None for arm in arms):
        return arms, offset
    left = list(arms)
    for segment in sorted({arm.segment for arm in arms}, reverse=back):
        here = [arm for arm in left if arm.segment == segment]
        size = sum(arm.size or 0 for arm in here)
        if offset < size or len(here) == len(left):
            break
        left = [arm for arm in left if arm.segment != segment]
        offset -= size
    else:
        return left, offset
    if len(here) == 1 or offset <= INLINE_OFFSET:
        return left, offset
    largest = max(here, key=lambda arm: arm.size or 0)
    keys = ", ".join((*sort.keys, "id"))
    marks = ", ".join(f":jump{n}" for n in range(len(sort.down)))
    down = sort.down[0] != back
    order = ", ".join(f"{n} DESC" if down else str(n) for n in range(1, len(sort.down) + 1))
    at = offset * (largest.size or 0) // max(size, 1)
    at -= at // 64  # too far costs a second round, too short only a few thousand rows
    while at > 0:
        found = reader.tuples(
            f"SELECT {keys} FROM {table} INDEXED BY {sort.index} WHERE {largest.where}"
            f" ORDER BY {order} LIMIT 1 OFFSET :at_",
            {**bound, "at_": at},
        )
        if not found:
            break
        jump = {f"jump{n}": value for n, value in enumerate(found[0])}
        before = at + sum(
            reader.value(
                f"SELECT count(*) FROM {table} INDEXED BY {sort.index}"
                f" WHERE {arm.where} AND ({keys}) {'>' if down else '<'} ({marks})",
                {**bound, **jump},
            )
            for arm in here
            if arm is not largest
        )
        if before <= offset:
            bound |= jump
            sign = "<=" if down else ">="
            cut = [Arm(arm.segment, f"{arm.where} AND ({keys}) {sign} ({marks})") for arm in here]
            return [*cut, *(arm for arm in left if arm.segment != segment)], offset - before
        at -= max(before - offset, _STEP_BACK)
    return left, offset


def _beyond(sort: Sort, segment: int, after: Key | None, bound: dict[str, Any]) -> list[str]:
    """The conditions "after the cursor" for one arm: one text per index range, none = skip."""
    if after is None:
        return [""]
    if len(after) != len(sort.keys) + 2:
        raise BadCursor
    at = after[0]
    if not isinstance(at, int) or at > segment:
        return []
    if at < segment:
        return [""]
    names = [*sort.keys, "id"]
    values = [f":after{n}" for n in range(len(names))]
    bound |= {f"after{n}": value for n, value in enumerate(after[1:])}
    # A row value needs one direction; each change of direction starts another range.
    ranges: list[str] = []
    start = 0
    for end in range(1, len(names) + 1):
        if end < len(names) and sort.down[end] == sort.down[start]:
            continue
        fixed = "".join(
            f" AND {name} = {value}"
            for name, value in zip(names[:start], values[:start], strict=True)
        )
        sign = "<" if sort.down[start] else ">"
        ranges.append(
            f"{fixed} AND ({', '.join(names[start:end])}) {sign} ({', '.join(values[start:end])})"
        )
        start = end
    return ranges


class BadCursor(ValueError):
    """A cursor of another sort, or made up: HTTP answers 400."""


def sort_small(
    reader: Reader,
    table: str,
    sort: Sort,
    segment: str,
    where: str,
    params: dict[str, Any],
    part: Slice,
) -> list[Key]:
    """One page of a set that is small already: sorted as a whole. `segment` is an expression."""
    bound = dict(params)
    keyset = ""
    if part.after is not None:
        ranges = _beyond(sort, 0, (0, *part.after[1:]), bound)
        bound["seg_"] = part.after[0]
        same = " OR ".join(f"(1{text})" for text in ranges)
        keyset = f" AND ({segment} > :seg_ OR ({segment} = :seg_ AND ({same})))"
    order = ["1", *(f"{n} DESC" if down else str(n) for n, down in enumerate(sort.down, 2))]
    bound |= {"limit_": part.limit, "offset_": part.offset}
    return reader.tuples(
        f"SELECT {segment} AS seg, {', '.join((*sort.keys, 'id'))} FROM {table}"
        f" WHERE {where}{keyset} ORDER BY {', '.join(order)} LIMIT :limit_ OFFSET :offset_",
        bound,
    )


def numbered(name: str, values: Sequence[SqlValue], params: dict[str, Any]) -> list[str]:
    """Parameter names for several values, added to `params`: `:status0`, `:status1` ..."""
    for n, value in enumerate(values):
        params[f"{name}{n}"] = value
    return [f":{name}{n}" for n in range(len(values))]
