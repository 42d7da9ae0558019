"""The list of authors: sorts and filters of catalogue.md 2.1."""

from typing import Any, Literal, TypeAlias

import msgspec

from bindery.domain.principal import Scope
from bindery.domain.text import fold
from bindery.store.book_list import HITS, Ids
from bindery.store.paging import Arm, Key, Slice, Sort, sort_small, walk
from bindery.store.rows import json_text
from bindery.store.tx import Reader

AuthorSort: TypeAlias = Literal[
    "az", "za", "recent", "books-asc", "books-desc", "rating-asc", "rating-desc",
    "monitored-asc", "monitored-desc",
]  # fmt: skip
_TRIGRAM = 3

_NAME, _BOOKS, _RATING = ("p_name_key",), ("p_books", "p_name_key"), ("p_rating", "p_name_key")
SORTS: dict[str, Sort] = {
    "az": Sort("author_by_name", _NAME, (False, False)),
    "za": Sort("author_by_name", _NAME, (True, True)),
    "recent": Sort("author_by_added", ("created_at",), (True, True)),
    "books-asc": Sort("author_by_books", _BOOKS, (False, False, False)),
    "books-desc": Sort("author_by_books_down", _BOOKS, (True, False, False)),
    "rating-asc": Sort("author_by_rating", _RATING, (False, False, False)),
    "rating-desc": Sort("author_by_rating_down", _RATING, (True, False, False)),
    "monitored-asc": Sort("author_by_monitored", _NAME, (False, False)),
    "monitored-desc": Sort("author_by_monitored", _NAME, (False, False)),
}


class AuthorFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. `search` looks into names, aliases and pen names."""

    search: str = ""
    monitored: bool | None = None

    @property
    def words(self) -> list[str]:
        """The folded words of the search."""
        return fold(self.search).split()

    def heavy(self, sort: AuthorSort, part: Slice) -> bool:
        """Whether this page is for `store.scan`."""
        filtered = self.monitored is not None and sort not in ("az", "za")
        return bool(self.words) or filtered or part.deep


def page_of_authors(
    reader: Reader,
    scope: Scope,
    chosen: AuthorFilter,
    sort: AuthorSort = "az",
    part: Slice | None = None,
) -> Ids:
    """One page of ids with its total: two statements."""
    part = part or Slice()
    order = SORTS[sort]
    more = part if part.offset else msgspec.structs.replace(part, limit=part.limit + 1)
    if chosen.words:
        return _found(reader, scope, chosen, sort, part, more)
    total = count_authors(reader, scope, chosen)
    params: dict[str, Any] = {}
    arms: list[Arm] = []
    flags = [chosen.monitored] if chosen.monitored is not None else [False, True]
    split = sort.startswith("monitored") or (chosen.monitored is not None and sort in ("az", "za"))
    if split:
        order = msgspec.structs.replace(order, index="author_by_monitored")
    for n, library in enumerate(scope):
        params[f"library{n}"] = library
        base = f"deleted_at IS NULL AND library_id = :library{n}"
        for flag in flags if split else [None]:
            if flag is not None:
                first = sort != "monitored-desc"
                segment = int(flag is first) if sort.startswith("monitored") else 0
                arms.append(Arm(segment, f"{base} AND monitored = {int(flag)}"))
            elif chosen.monitored is not None:
                arms.append(Arm(0, f"{base} AND +monitored = {int(chosen.monitored)}"))
            else:
                arms.append(Arm(0, base))
    return _ids(walk(reader, "author", order, arms, params, more, total=total), part, total)


def count_authors(reader: Reader, scope: Scope, chosen: AuthorFilter) -> int:
    """How many authors; an index count, a few milliseconds at 100,000."""
    params: dict[str, Any] = {"scope": json_text(list(scope)), "monitored": chosen.monitored}
    sql = _q_count if chosen.monitored is None else _q_count_monitored
    if chosen.monitored is None:
        del params["monitored"]
    found: int = reader.value(sql, params)
    return found


def _found(
    reader: Reader,
    scope: Scope,
    chosen: AuthorFilter,
    sort: AuthorSort,
    part: Slice,
    more: Slice,
) -> Ids:
    params: dict[str, Any] = {"scope": json_text(list(scope))}
    parts = [
        "deleted_at IS NULL",
        "+library_id IN (SELECT value FROM json_each(:scope))",
    ]
    if chosen.monitored is not None:
        parts.append(f"+monitored = {int(chosen.monitored)}")
    long = [word for word in chosen.words if len(word) >= _TRIGRAM]
    if long:
        likes: list[str] = []
        for n, word in enumerate(chosen.words):
            params[f"word{n}"] = f"%{word}%"
            column = "s.p_search" if len(word) >= _TRIGRAM else "author.p_search"
            likes.append(f"{column} LIKE :word{n}")
        parts.append(
            "id IN (SELECT author.id FROM author_search s CROSS JOIN author"
            f" ON author.id = s.rowid WHERE {' AND '.join(likes)} AND {' AND '.join(parts)}"
            f" LIMIT {HITS + 1})"
        )
    else:
        params["prefix"] = " ".join(chosen.words)
        parts.append("p_name_key >= :prefix AND p_name_key < :prefix || char(1114111)")
        parts[1] = parts[1].removeprefix("+")
    where = " AND ".join(parts)
    total: int = reader.value(f"SELECT count(*) FROM author WHERE {where}", params)
    segment = "0"
    if sort.startswith("monitored"):
        segment = "monitored" if sort == "monitored-asc" else "(1 - monitored)"
    keys = sort_small(reader, "author", SORTS[sort], segment, where, params, more)
    capped = total > HITS
    return _ids(keys, part, min(total, HITS), capped=capped)


def _ids(keys: list[Key], part: Slice, total: int, *, capped: bool = False) -> Ids:
    page = keys[: part.limit]
    more = len(keys) > part.limit or (bool(part.offset) and part.offset + len(page) < total)
    return Ids(page, total, capped=capped, next=page[-1] if more and page else None)


_q_count = """
SELECT count(*) FROM author
WHERE deleted_at IS NULL AND library_id IN (SELECT value FROM json_each(:scope))"""
_q_count_monitored = """
SELECT count(*) FROM author INDEXED BY author_by_monitored
WHERE deleted_at IS NULL AND library_id IN (SELECT value FROM json_each(:scope))
  AND monitored = :monitored"""
