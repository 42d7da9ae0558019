"""Change counters: what ETags are made of (architecture.md 9, Caching)."""

from __future__ import annotations

from collections.abc import Sequence

from bindery.domain.principal import Scope
from bindery.store.rows import json_text
from bindery.store.tx import Reader

_q_read_counters = """
SELECT coalesce(sum(n), 0) FROM change_counter
WHERE topic IN (SELECT value FROM json_each(:topics))
  AND library_id IN (SELECT value FROM json_each(:scope))
"""


def read(reader: Reader, topics: Sequence[str], scope: Scope) -> tuple[int]:
    """One number that rises with every change of these topics in these libraries."""
    params = {"topics": json_text(list(topics)), "scope": json_text(list(scope))}
    return (int(reader.value(_q_read_counters, params)),)
