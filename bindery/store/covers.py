"""Covers: where a picture comes from and what the cache holds of it."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class CoverRow(msgspec.Struct, frozen=True, kw_only=True):
    """One address. `stored`: the cache holds `sha256`; `absent`: nothing there, for now."""

    id: int
    url: str
    state: Literal["wanted", "stored", "absent"]
    sha256: str | None
    mime: str | None
    width: int | None
    height: int | None
    code: str | None
    fetched_at: int | None
    retry_at: int | None


def find_cover(reader: Reader, id: int) -> CoverRow | None:
    """One cover."""
    return reader.one(_q_one, {"id": id}, CoverRow)


def find_by_url(reader: Reader, url: str) -> CoverRow | None:
    """The cover of an address."""
    return reader.one(_q_by_url, {"url": url}, CoverRow)


def wanted_of(reader: Reader, urls: Sequence[str]) -> list[int]:
    """Ids of the covers among these addresses that nobody has fetched yet."""
    return reader.values(_q_wanted, {"urls": json_text(list(urls))})


def stored_in(
    tx: Tx, id: int, *, sha256: str, mime: str, width: int, height: int, colour: str
) -> None:
    """The cache holds it; `sha256` is that of its content, sizes are in pixels."""
    params = {
        "id": id,
        "sha256": sha256,
        "mime": mime,
        "width": width,
        "height": height,
        "colour": colour,
        "now": tx.now_us,
    }
    tx.run(_q_stored, params)


def absent_in(tx: Tx, id: int, code: str, retry_at: int) -> None:
    """There is no usable picture; worth another try at `retry_at` (µs)."""
    tx.run(_q_absent, {"id": id, "code": code, "retry": retry_at, "now": tx.now_us})


def lost_in(tx: Tx, id: int) -> None:
    """The file is not in the cache any more: fetch it again."""
    tx.run(_q_lost, {"id": id})


_COLUMNS = "id, url, state, sha256, mime, width, height, code, fetched_at, retry_at"
_q_one = f"SELECT {_COLUMNS} FROM cover WHERE id = :id"
_q_by_url = f"SELECT {_COLUMNS} FROM cover WHERE url = :url"
_q_wanted = """
SELECT c.id FROM json_each(:urls) asked CROSS JOIN cover c ON c.url = asked.value
WHERE c.state = 'wanted' ORDER BY asked.key"""
_q_stored = """
UPDATE cover SET state = 'stored', sha256 = :sha256, mime = :mime, width = :width,
  height = :height, colour = :colour, code = NULL, fetched_at = :now, retry_at = NULL
WHERE id = :id"""
_q_absent = """
UPDATE cover SET state = 'absent', code = :code, fetched_at = :now, retry_at = :retry
WHERE id = :id"""
_q_lost = "UPDATE cover SET state = 'wanted' WHERE id = :id"
