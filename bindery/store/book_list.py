"""The list of books: every sort and filter of catalogue.md 2.2, all combining.

Three ways to a page, chosen by what narrows most: along an index that knows sort and filter; along
the dates; or, when an author, a series or a text names few rows, by sorting those. See
`store/paging.py`; the indexes are the family `book_by_*` and `book_status_*`.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from bindery.domain.principal import Scope
from bindery.domain.text import fold
from bindery.store import counters
from bindery.store.paging import (
    Arm,
    Key,
    Slice,
    Sort,
    numbered,
    sort_small,
    walk,
)
from bindery.store.rows import json_text
from bindery.store.tx import Reader

BookSort: TypeAlias = Literal[
    "title-az", "title-za", "author-az", "author-za", "date-new", "date-old",
    "type-az", "type-za", "status-az", "status-za", "added-new", "added-old",
]  # fmt: skip
STATUSES = ("downloaded", "downloading", "imported", "skipped", "wanted")
MEDIA = ("", "audiobook", "both", "ebook")
MEDIA_FILTER = {
    "ebook": ("ebook", "both", ""),
    "audiobook": ("audiobook", "both"),
    "both": ("both",),
}
HITS = 1_000
"""Hits of a text that are sorted; more are counted as "more than 1,000"."""
_SMALL = 2_000
_TRIGRAM = 3


class BookFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; everything combines. Empty = no filter.

    `status` "wanted" means wanted and monitored. Dates are calendar texts, from inclusive and
    before exclusive; books without a date drop out.
    """

    search: str = ""
    status: tuple[str, ...] = ()
    media: str = ""
    monitored: bool | None = None
    author_id: int | None = None
    series_id: int | None = None
    release_from: str = ""
    release_before: str = ""
    include_excluded: bool = False

    @property
    def words(self) -> list[str]:
        """The folded words of the search."""
        return fold(self.search).split()

    @property
    def dated(self) -> bool:
        """Whether a range of dates narrows."""
        return bool(self.release_from or self.release_before)

    def heavy(self, sort: BookSort, part: Slice) -> bool:
        """Whether this page is for `store.scan`: a text, a range that must be counted, a filter
        that the sort's index does not know, depth.
        """
        unknown = bool(self.media) and not sort.startswith(("title", "type"))
        return bool(self.words) or self.dated or unknown or part.deep


class Ids(msgspec.Struct, frozen=True):
    """One page: keys in order, how many there are in all, and where the next page starts."""

    keys: list[Key]
    total: int
    capped: bool = False
    """`total` is "more than": a text had more hits than are sorted."""
    next: Key | None = None

    @property
    def ids(self) -> list[int]:
        """The ids, in order."""
        return [key[-1] for key in self.keys if isinstance(key[-1], int)]


class _Tally(msgspec.Struct, frozen=True):
    library_id: int
    excluded: int
    monitored: int
    media: str
    status: str
    n: int


class _Shape(msgspec.Struct, frozen=True):
    """How a sort is walked: its keys and direction, and what becomes segments."""

    keys: tuple[str, ...]
    plain: str
    under_status: str
    down: bool = False
    segments: Literal["", "released", "author", "media", "status"] = ""


_TITLE, _AUTHOR = ("p_title_key",), ("p_author_key", "p_title_key")
SHAPES: dict[str, _Shape] = {
    "title-az": _Shape(_TITLE, "book_by_title", "book_status_title"),
    "title-za": _Shape(_TITLE, "book_by_title", "book_status_title", down=True),
    "author-az": _Shape(_AUTHOR, "book_by_author", "book_status_author", segments="author"),
    "author-za": _Shape(_AUTHOR, "book_by_author", "book_status_author", down=True),
    "added-old": _Shape(("added_at",), "book_by_added", "book_status_added"),
    "added-new": _Shape(("added_at",), "book_by_added", "book_status_added", down=True),
    "date-old": _Shape(
        ("p_released",), "book_by_released", "book_status_released", segments="released"
    ),
    "date-new": _Shape(("p_released",), "book_by_released", "book_status_released", down=True),
    "type-az": _Shape(_TITLE, "book_by_media", "book_status_media", segments="media"),
    "type-za": _Shape(_TITLE, "book_by_media", "book_status_media", down=True, segments="media"),
    "status-az": _Shape(_TITLE, "book_by_status", "book_status_title", segments="status"),
    "status-za": _Shape(
        _TITLE, "book_by_status", "book_status_title", down=True, segments="status"
    ),
}


def page_of_books(
    reader: Reader,
    scope: Scope,
    chosen: BookFilter,
    sort: BookSort = "title-az",
    part: Slice | None = None,
) -> Ids:
    """One page of ids with its total: at most three statements."""
    part = part or Slice()
    shape = SHAPES[sort]
    if chosen.author_id is not None or chosen.series_id is not None or chosen.words:
        return _small(reader, scope, chosen, shape, part)
    if chosen.dated:
        return _dated(reader, scope, chosen, shape, part)
    return _indexed(reader, scope, chosen, shape, part)


def count_books(reader: Reader, scope: Scope, chosen: BookFilter) -> int:
    """How many books a filter finds, exactly; for `scan` unless the tally knows."""
    if not _needs_rows(chosen):
        return sum(row.n for row in _tally(reader, scope, chosen))
    where, params = _where(scope, chosen)
    sql = f"SELECT count(*) FROM book WHERE {where}"
    what = (sql, tuple(sorted(params.items())))
    (counter,) = counters.read(reader, ("catalog",), scope)
    known = reader.totals.find(what, counter) if reader.totals is not None else None
    if known is not None:
        return known
    found: int = reader.value(sql, params)
    if reader.totals is not None:
        reader.totals.keep(what, counter, found)
    return found


def _needs_rows(chosen: BookFilter) -> bool:
    named = chosen.author_id is not None or chosen.series_id is not None
    return named or chosen.dated or bool(chosen.words)


# Along an index


def _tally(reader: Reader, scope: Scope, chosen: BookFilter) -> list[_Tally]:
    rows = reader.rows(_q_tally, {"scope": json_text(list(scope))}, _Tally)
    return [row for row in rows if _matches(row, chosen)]


def _matches(row: _Tally, chosen: BookFilter) -> bool:
    return (
        row.n > 0
        and (chosen.include_excluded or not row.excluded)
        and (chosen.monitored is None or bool(row.monitored) == chosen.monitored)
        and (not chosen.status or row.status in chosen.status)
        and (not chosen.status or row.status != "wanted" or bool(row.monitored))
        and (not chosen.media or row.media in MEDIA_FILTER.get(chosen.media, (chosen.media,)))
    )


def _indexed(reader: Reader, scope: Scope, chosen: BookFilter, shape: _Shape, part: Slice) -> Ids:
    """Every arm that the tally says is empty is left out, so few are merged."""
    tally = _tally(reader, scope, chosen)
    total = sum(row.n for row in tally)
    sort, arms, params = _plan(tally, chosen, shape)
    if chosen.media and total <= _SMALL and "p_media_0" not in params:
        return _small(reader, scope, chosen, shape, part)
    if part.deep and shape.segments in ("released", "author"):
        arms = _count_blanks(reader, sort, arms, params)
    keys = walk(reader, "book", sort, arms, params, _one_more(part), total=total)
    return _ids(keys, part, total)


def _plan(
    tally: list[_Tally], chosen: BookFilter, shape: _Shape
) -> tuple[Sort, list[Arm], dict[str, Any]]:
    """The index and its arms: one per combination of leading columns that has rows."""
    by_status = bool(chosen.status) or chosen.monitored is not None
    by_media = shape.segments == "media" or (
        bool(chosen.media) and not by_status and shape.plain == "book_by_title"
    )
    index = shape.under_status if by_status else shape.plain
    if by_media and not by_status:
        index = "book_by_media"
    arms: dict[tuple[Any, ...], Arm] = {}
    params: dict[str, Any] = {}
    for row in tally:
        fixed: dict[str, Any] = {"library_id": row.library_id, "excluded": row.excluded}
        segment = 0
        if by_status:
            fixed |= {"p_status": row.status, "p_monitored": row.monitored}
        elif shape.segments == "status":
            fixed["p_status"] = row.status
        if by_media:
            fixed["p_media"] = row.media
        if shape.segments == "status":
            segment = _rank(STATUSES, row.status, shape.down)
        elif shape.segments == "media":
            segment = _rank(MEDIA, row.media, shape.down)
        key = tuple(fixed.values())
        if key in arms:
            known = arms[key]
            arms[key] = Arm(segment, known.where, (known.size or 0) + row.n)
        else:
            arms[key] = Arm(segment, _fixed(fixed, len(arms), params), row.n)
    if chosen.media and not by_media:
        media = numbered("media", MEDIA_FILTER.get(chosen.media, (chosen.media,)), params)
        more = f" AND p_media IN ({', '.join(media)})"
        arms = {key: Arm(arm.segment, arm.where + more) for key, arm in arms.items()}
    found = list(arms.values())
    if shape.segments in ("released", "author"):
        found = _blanks_last(found, shape.keys[0])
    down = shape.down and shape.segments not in ("media", "status")
    return Sort(index, shape.keys, (down,) * (len(shape.keys) + 1)), found, params


def _fixed(fixed: dict[str, Any], n: int, params: dict[str, Any]) -> str:
    parts = ["deleted_at IS NULL"]
    for column, value in fixed.items():
        params[f"{column}_{n}"] = value
        parts.append(f"{column} = :{column}_{n}")
    return " AND ".join(parts)


def _blanks_last(arms: list[Arm], key: str) -> list[Arm]:
    """Unknown dates and authors come last: '' is a segment of its own."""
    known = [Arm(0, f"{arm.where} AND {key} > ''", arm.size) for arm in arms]
    return known + [Arm(1, f"{arm.where} AND {key} = ''") for arm in arms]


def _count_blanks(reader: Reader, sort: Sort, arms: list[Arm], params: dict[str, Any]) -> list[Arm]:
    """The tally does not know blanks: count them, so that a deep offset can jump."""
    half = len(arms) // 2
    known: list[Arm] = []
    blank: list[Arm] = []
    for first, second in zip(arms[:half], arms[half:], strict=True):
        sql = f"SELECT count(*) FROM book INDEXED BY {sort.index} WHERE {second.where}"
        n: int = reader.value(sql, params)
        blank.append(msgspec.structs.replace(second, size=n))
        known.append(
            first if first.size is None else msgspec.structs.replace(first, size=first.size - n)
        )
    return known + blank


def _rank(order: tuple[str, ...], value: str, down: bool) -> int:
    at = order.index(value)
    return len(order) - 1 - at if down else at


# Along the dates


def _dated(reader: Reader, scope: Scope, chosen: BookFilter, shape: _Shape, part: Slice) -> Ids:
    total = count_books(reader, scope, chosen)
    if shape.keys != ("p_released",) and total <= _SMALL:
        return _small(reader, scope, chosen, shape, part)
    tally = _tally(reader, scope, chosen)
    sort, arms, params = _plan(tally, chosen, shape)
    dates = _dates(chosen, params)
    arms = [Arm(arm.segment, f"{arm.where} AND {dates}") for arm in arms]
    return _ids(walk(reader, "book", sort, arms, params, _one_more(part), total=total), part, total)


def _dates(chosen: BookFilter, params: dict[str, Any]) -> str:
    parts = ["p_released > ''"]
    if chosen.release_from:
        params["from_"] = chosen.release_from
        parts.append("p_released >= :from_")
    if chosen.release_before:
        params["before_"] = chosen.release_before
        parts.append("p_released < :before_")
    return " AND ".join(parts)


# Few rows, sorted as a whole


def _small(reader: Reader, scope: Scope, chosen: BookFilter, shape: _Shape, part: Slice) -> Ids:
    where, params = _where(scope, chosen, cap=HITS + 1)
    down = shape.down and shape.segments not in ("media", "status")
    sort = Sort("", shape.keys, (down,) * (len(shape.keys) + 1))
    table = "book" if _needs_rows(chosen) else "book INDEXED BY book_by_media"
    total: int = reader.value(f"SELECT count(*) FROM {table} WHERE {where}", params)
    keys = sort_small(reader, table, sort, _segment(shape), where, params, _one_more(part))
    capped = bool(chosen.words) and total > HITS
    return _ids(keys, part, min(total, HITS) if capped else total, capped=capped)


def _segment(shape: _Shape) -> str:
    if shape.segments in ("released", "author"):
        return f"({shape.keys[0]} = '')"
    if shape.segments == "media":
        return _case("p_media", MEDIA, shape.down)
    if shape.segments == "status":
        return _case("p_status", STATUSES, shape.down)
    return "0"


def _case(column: str, order: tuple[str, ...], down: bool) -> str:
    ranks = " ".join(f"WHEN '{value}' THEN {_rank(order, value, down)}" for value in order)
    return f"(CASE {column} {ranks} END)"


def _where(scope: Scope, chosen: BookFilter, cap: int | None = None) -> tuple[str, dict[str, Any]]:
    """The filter as conditions on `book`. `cap` bounds the hits of a text."""
    params: dict[str, Any] = {"scope": json_text(list(scope))}
    parts = ["deleted_at IS NULL", "+library_id IN (SELECT value FROM json_each(:scope))"]
    if chosen.author_id is not None:
        params["author"] = chosen.author_id
        parts.append("author_id = :author")
    if chosen.series_id is not None:
        params["series"] = chosen.series_id
        parts.append("work_id IN (SELECT work_id FROM series_work WHERE series_id = :series)")
    if not chosen.include_excluded:
        parts.append("+excluded = 0")
    if chosen.status:
        names = numbered("status", chosen.status, params)
        parts.append(f"p_status IN ({', '.join(names)})")
        if "wanted" in chosen.status:
            parts.append("(p_status <> 'wanted' OR p_monitored = 1)")
    if chosen.monitored is not None:
        params["monitored"] = int(chosen.monitored)
        parts.append("p_monitored = :monitored")
    if chosen.media:
        names = numbered("media", MEDIA_FILTER.get(chosen.media, (chosen.media,)), params)
        parts.append(f"p_media IN ({', '.join(names)})")
    if chosen.dated:
        parts.append(_dates(chosen, params))
    if chosen.author_id is None and chosen.series_id is None and not chosen.words:
        # Nothing narrower than the libraries: let an index that begins with them lead.
        parts = [part.removeprefix("+") for part in parts]
        if chosen.include_excluded:
            parts.append("excluded IN (0, 1)")
    words = chosen.words
    if words:
        parts.append(_text(words, params, " AND ".join(parts), cap))
    return " AND ".join(parts), params


def _text(words: list[str], params: dict[str, Any], narrowed: str, cap: int | None) -> str:
    """Every word must occur. Words below three letters cannot use the index: they filter its
    hits, or, alone, are a prefix of the title (recipes D).
    """
    long = [word for word in words if len(word) >= _TRIGRAM]
    if not long:
        params["prefix"] = " ".join(words)
        return "p_title_key >= :prefix AND p_title_key < :prefix || char(1114111)"
    likes: list[str] = []
    for n, word in enumerate(long):
        params[f"word{n}"] = f"%{word}%"
        likes.append(f"s.p_search LIKE :word{n}")
    for n, word in enumerate(word for word in words if len(word) < _TRIGRAM):
        params[f"short{n}"] = f"%{word}%"
        likes.append(f"book.p_search LIKE :short{n}")
    limit = "" if cap is None else f" LIMIT {cap}"
    return (
        "id IN (SELECT book.id FROM book_search s CROSS JOIN book ON book.id = s.rowid"
        f" WHERE {' AND '.join(likes)} AND {narrowed}{limit})"
    )


def _one_more(part: Slice) -> Slice:
    """One row beyond the page tells whether there is a next one; only for cursors."""
    return part if part.offset else msgspec.structs.replace(part, limit=part.limit + 1)


def _ids(keys: list[Key], part: Slice, total: int, *, capped: bool = False) -> Ids:
    page = keys[: part.limit]
    more = len(keys) > part.limit or (bool(part.offset) and part.offset + len(page) < total)
    return Ids(page, total, capped=capped, next=page[-1] if more and page else None)


_q_tally = """
SELECT library_id, excluded, monitored, media, status, n FROM book_tally
WHERE library_id IN (SELECT value FROM json_each(:scope))"""
