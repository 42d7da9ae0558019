"""The onboarding checklist, from the rows themselves (identity-and-system.md 2.5)."""

from __future__ import annotations

import msgspec

from bindery.domain.principal import Scope
from bindery.store.rows import json_text
from bindery.store.tx import Reader


class Checklist(msgspec.Struct, frozen=True):
    """What exists; a deleted or disabled indexer or client no longer counts."""

    indexer: bool
    client: bool
    author: bool
    grab: bool
    imported: bool


_q_read_checklist = """
SELECT EXISTS (SELECT 1 FROM indexer WHERE enabled) AS indexer,
       EXISTS (SELECT 1 FROM client WHERE enabled) AS client,
       EXISTS (SELECT 1 FROM json_each(:scope) l JOIN author a
               ON a.library_id = l.value AND a.deleted_at IS NULL) AS author,
       EXISTS (SELECT 1 FROM json_each(:scope) l JOIN download d
               ON d.library_id = l.value) AS "grab",
       EXISTS (SELECT 1 FROM json_each(:scope) l JOIN download d
               ON d.library_id = l.value AND d.state = 'imported') AS imported
"""


def read(reader: Reader, scope: Scope) -> Checklist:
    """The checklist as these libraries see it; one statement."""
    found = reader.one(_q_read_checklist, {"scope": json_text(list(scope))}, Checklist)
    return found or Checklist(False, False, False, False, False)
