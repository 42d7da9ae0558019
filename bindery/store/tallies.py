"""Numbers for the navigation: from tallies and small indexes, never by counting the library."""

import msgspec

from bindery.domain.principal import Scope
from bindery.store.rows import json_text
from bindery.store.tx import Reader


class Badges(msgspec.Struct, frozen=True):
    """Books wanted and watched, downloads under way, items that need a person."""

    wanted: int
    queue: int
    attention: int


def counters(reader: Reader, scope: Scope) -> Badges:
    """The three numbers in one statement."""
    params = {"scope": json_text(list(scope))}
    return reader.one(_q_badges, params, Badges) or Badges(0, 0, 0)


_q_badges = """
SELECT
  (SELECT coalesce(sum(n), 0) FROM book_tally
    WHERE library_id IN (SELECT value FROM json_each(:scope)) AND excluded = 0
      AND monitored = 1 AND status = 'wanted') AS wanted,
  (SELECT count(*) FROM download INDEXED BY download_open
    WHERE removed_at IS NULL AND library_id IN (SELECT value FROM json_each(:scope))
      AND live = 1) AS queue,
  (SELECT count(*) FROM attention
    WHERE library_id IN (SELECT value FROM json_each(:scope))
      AND muted_until IS NULL) AS attention"""
