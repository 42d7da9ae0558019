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
    stretches: dict[int, list[str]] = {}
    bound = dict(params)
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
