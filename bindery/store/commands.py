"""The command table: rows that ask actors for work (architecture.md 6).

Enqueueing is `tx.enqueue`, in the transaction of the change that calls for it. Everything here
that writes ends in `_in` and takes the `Tx` of the caller's unit, so that an outcome commits
together with what it reports.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from bindery.domain.principal import HOUSEHOLD, By, Via
from bindery.domain.refusal import Params
from bindery.store import attention
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Settlement, Tx

P = TypeVar("P")
State: TypeAlias = Literal["queued", "running", "succeeded", "failed", "cancelled"]

PERSON, EVENT, SWEEP = 10, 20, 30
"""Priorities: a person waits, something happened, routine."""
CRASH_LIMIT = 5
"""Claims without progress before a row parks itself."""
CRASHED = "crashed"
SUPERSEDED = "superseded"
ANY_PRIORITY = 1 << 30


class Command(msgspec.Struct, frozen=True):
    """One row, as the actor that claimed it sees it. `attempts` counts outcomes, not claims."""

    id: int
    kind: str
    key: str
    lane: str
    payload: msgspec.Raw
    state: State
    priority: int
    not_before: int
    attempts: int
    crashes: int
    watch: bool
    by_user: int | None
    via: str
    library_id: int
    trace: str
    parent: int | None
    cancel_at: int | None
    created_at: int

    @property
    def by(self) -> By:
        """Who asked, for events that the work causes."""
        return By(self.by_user, Via(self.via) if self.via else Via.SYSTEM)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop (as of the claim: see `cancel_asked`)."""
        return self.cancel_at is not None

    def read(self, kind: type[P]) -> P:
        """The payload as the type that was enqueued."""
        return msgspec.json.decode(self.payload, type=kind)


Parked: TypeAlias = Callable[[Tx, Command], bool]
"""What a parked command means for its object, in the same transaction. True: it is told there."""


# Claiming


def claim_in(
    tx: Tx,
    kinds: Sequence[str],
    *,
    lanes: Sequence[str] = ("",),
    at_most: int = ANY_PRIORITY,
    parked: Parked | None = None,
) -> Command | None:
    """Take the next command that is due; None when there is none.

    `at_most` limits the priority: a place kept for persons asks with `PERSON`. A row that was
    claimed five times without progress is failed instead of being given out again: `parked` says
    so at its object, or an attention item does.
    """
    params: dict[str, Any] = {"now": tx.now_us, "at_most": at_most}
    arms: list[str] = []
    for kind in kinds:
        for lane in lanes:
            n = len(arms)
            params[f"kind{n}"], params[f"lane{n}"] = kind, lane
            arms.append(_q_due_arm.format(n=n))
    sql = _q_claim.format(arms=" UNION ALL ".join(arms))
    while True:
        command = tx.one(sql, params, Command)
        if command is None:
            return None
        if command.crashes <= CRASH_LIMIT:
            _published(tx, command)
            return command
        _park(tx, command, parked)


def _park(tx: Tx, command: Command, parked: Parked | None) -> None:
    tx.run(_q_uncount, {"id": command.id})
    params: Params = {"kind": command.kind, "crashes": CRASH_LIMIT}
    fail_in(tx, command, CRASHED, params)
    if parked is not None and parked(tx, command):
        return
    attention.raise_in(
        tx,
        "command_parked",
        f"command:{command.kind}:{command.key}",
        severity="error",
        params={**params, "command": command.id},
        action="retry_command",
        library=command.library_id,
    )


def due(reader: Reader, kinds: Sequence[str], now_us: int, lanes: Sequence[str] = ("",)) -> bool:
    """Whether a claim would find something (but for rows whose twin is running)."""
    first = next_due(reader, kinds, lanes)
    return first is not None and first <= now_us


def next_due(reader: Reader, kinds: Sequence[str], lanes: Sequence[str] = ("",)) -> int | None:
    """The earliest `not_before` (µs) of a queued command; None when nothing is queued."""
    earliest: int | None = reader.value(
        _q_next_due, {"kinds": json_text(list(kinds)), "lanes": json_text(list(lanes))}
    )
    return earliest


# Outcomes


def progress_in(
    tx: Tx, command: Command, *, phase: str = "", done: int = 0, total: int | None = None
) -> None:
    """Journalled progress: resets the crash count. Call at phase changes and every 5 s."""
    tx.run(_q_progress, {"id": command.id, "phase": phase, "done": done, "total": total})
    _published(tx, command)


def succeed_in(tx: Tx, command: Command, result: object = None) -> None:
    """Done; `result` is kept as JSON for whoever waits."""
    text = None if result is None else json_text(result)
    tx.run(_q_finish, _finish(tx, command, "succeeded", None, {}, text))
    raw = None if text is None else msgspec.Raw(text.encode())
    tx.settle(Settlement(command.id, "succeeded", result=raw))
    _published(tx, command)


def fail_in(
    tx: Tx, command: Command, code: str, params: Params | None = None, result: object = None
) -> None:
    """Given up for good, with a stable reason."""
    reason = params or {}
    text = None if result is None else json_text(result)
    tx.run(_q_finish, _finish(tx, command, "failed", code, reason, text))
    raw = None if text is None else msgspec.Raw(text.encode())
    tx.settle(Settlement(command.id, "failed", code, reason, raw))
    _published(tx, command)


def retry_in(
    tx: Tx,
    command: Command,
    not_before: int,
    code: str | None = None,
    params: Params | None = None,
    *,
    spend: bool = True,
) -> None:
    """Again at `not_before` (µs). Spends an attempt unless the world was merely away (`spend`).

    If the same work was asked for meanwhile, that row stands for both and this one ends as
    `superseded`.
    """
    # Whoever lived to tell is no crash.
    _requeue(
        tx, command, not_before, code, params or {}, attempts=int(spend), crashes=-ANY_PRIORITY
    )


def give_back_in(tx: Tx, command: Command) -> None:
    """Our own shutdown: as if it had never been claimed."""
    _requeue(tx, command, command.not_before, None, {}, attempts=0)


def cancel_in(tx: Tx, id: int) -> State | None:
    """Ask a command to stop; answers the state after it, None when there is none.

    A queued one is cancelled at once. A running one gets `cancel_at`; its worker looks between
    steps and calls `cancelled_in`.
    """
    command = tx.one(_q_command, {"id": id}, Command)
    if command is None:
        return None
    if command.state == "queued":
        cancelled_in(tx, command)
        return "cancelled"
    if command.state == "running":
        tx.run(_q_ask_cancel, {"id": id, "now": tx.now_us})
        _published(tx, command)
    return command.state


def cancelled_in(tx: Tx, command: Command) -> None:
    """Stopped on demand; what was committed stays."""
    tx.run(_q_finish, _finish(tx, command, "cancelled", None, {}, None))
    tx.settle(Settlement(command.id, "cancelled"))
    _published(tx, command)


def cancel_lane_in(tx: Tx, lane: str) -> int:
    """The child of this lane was deleted: settle what it was to do, also what it has in hand (what
    that brings is nobody's any more). Answers how many.
    """
    open_rows = tx.rows(_q_lane, {"lane": lane}, Command)
    for command in open_rows:
        cancelled_in(tx, command)
    return len(open_rows)


def hurry_lane_in(tx: Tx, lane: str) -> None:
    """What this lane waited for is back: its queued commands are due now."""
    kinds: list[str] = tx.values(_q_hurry, {"lane": lane, "now": tx.now_us})
    for kind in set(kinds):
        tx.ring(kind)


def hurry_in(tx: Tx, kind: str, keys: Sequence[str]) -> None:
    """What these queued commands waited for has changed: they are due now."""
    if tx.values(_q_hurry_keys, {"kind": kind, "keys": json_text(list(keys)), "now": tx.now_us}):
        tx.ring(kind)


def cancel_asked(reader: Reader, id: int) -> bool:
    """Whether somebody asked a running command to stop."""
    return reader.value(_q_cancel_asked, {"id": id}) is not None


# Start-up and housekeeping


def recover_running_in(tx: Tx, kinds: Sequence[str], lane: str = "") -> int:
    """Rows still `running` belong to a dead incarnation: queued again, crash count kept.

    Called by the only claimant of (kinds, lane) before its first claim; answers how many.
    """
    dead = tx.rows(_q_running, {"kinds": json_text(list(kinds)), "lane": lane}, Command)
    for command in dead:
        _requeue(tx, command, command.not_before, None, {}, attempts=0, crashes=0)
    return len(dead)


def prune_in(tx: Tx, before: int, limit: int = 1_000) -> int:
    """Forget at most `limit` commands that ended before `before` (µs); answers how many."""
    return tx.run(_q_prune, {"before": before, "limit": limit})


# Views


def find(reader: Reader, id: int) -> Command | None:
    """One command."""
    return reader.one(_q_command, {"id": id}, Command)


def count_open(reader: Reader, kinds: Sequence[str]) -> int:
    """How many commands of these kinds are queued or running."""
    found: int = reader.value(_q_open, {"kinds": json_text(list(kinds))})
    return found


# Inside


def _published(tx: Tx, command: Command) -> None:
    if command.watch:
        tx.publish("jobs", command.library_id or HOUSEHOLD, f"j-{command.id}")


def _finish(
    tx: Tx, command: Command, state: State, code: str | None, params: Params, result: str | None
) -> dict[str, Any]:
    return {
        "id": command.id,
        "state": state,
        "code": code,
        "params": json_text(params),
        "result": result,
        "now": tx.now_us,
    }


def _requeue(
    tx: Tx,
    command: Command,
    not_before: int,
    code: str | None,
    params: Params,
    *,
    attempts: int,
    crashes: int = -1,
) -> None:
    """Back to `queued`. `crashes` is what to add: the claim of a living worker is undone."""
    twin: int | None = tx.value(_q_twin, {"kind": command.kind, "key": command.key})
    if twin is None:
        tx.run(
            _q_requeue,
            {
                "id": command.id,
                "not_before": not_before,
                "code": code,
                "params": json_text(params),
                "attempts": attempts,
                "crashes": crashes,
            },
        )
        _published(tx, command)
    else:
        tx.run(
            _q_fold,
            {"twin": twin, "id": command.id, "attempts": attempts, "crashes": crashes},
        )
        tx.run(_q_finish, _finish(tx, command, "cancelled", SUPERSEDED, {}, None))
        tx.settle(Settlement(command.id, "cancelled", SUPERSEDED, {"by": twin}))
        _published(tx, command)
    tx.ring(command.kind)


_COLUMNS = """id, kind, key, lane, payload, state, priority, not_before, attempts, crashes, watch,
  by_user, via, library_id, trace, parent, cancel_at, created_at"""

# One arm per (kind, lane), each the first row of an index walk: no sort of all that is queued.
_q_due_arm = """SELECT * FROM (
  SELECT id, priority, not_before FROM command q INDEXED BY command_due
  WHERE state = 'queued' AND kind = :kind{n} AND lane = :lane{n} AND priority <= :at_most
    AND not_before <= :now
    AND NOT EXISTS (SELECT 1 FROM command r INDEXED BY command_running
      WHERE r.state = 'running' AND r.kind = q.kind AND r.key = q.key)
  ORDER BY priority, not_before, id LIMIT 1)"""

_q_claim = f"""
UPDATE command SET state = 'running', crashes = crashes + 1, started_at = :now,
  phase = '', done = 0, total = NULL
WHERE id = (SELECT id FROM ({{arms}}) ORDER BY priority, not_before, id LIMIT 1)
RETURNING {_COLUMNS}"""

_q_next_due = """
SELECT min(not_before) FROM command INDEXED BY command_due
WHERE state = 'queued' AND kind IN (SELECT value FROM json_each(:kinds))
  AND lane IN (SELECT value FROM json_each(:lanes))"""

_q_command = f"SELECT {_COLUMNS} FROM command WHERE id = :id"
_q_running = f"""
SELECT {_COLUMNS} FROM command INDEXED BY command_running
WHERE state = 'running' AND kind IN (SELECT value FROM json_each(:kinds)) AND lane = :lane
ORDER BY id"""
_q_lane = f"""
SELECT {_COLUMNS} FROM command INDEXED BY command_due
WHERE state = 'queued' AND lane = :lane
UNION ALL
SELECT {_COLUMNS} FROM command INDEXED BY command_running
WHERE state = 'running' AND lane = :lane"""
_q_hurry = """
UPDATE command SET not_before = 0 WHERE state = 'queued' AND lane = :lane AND not_before > :now
RETURNING kind"""
_q_hurry_keys = """
UPDATE command SET not_before = 0 WHERE state = 'queued' AND kind = :kind AND not_before > :now
  AND key IN (SELECT value FROM json_each(:keys)) RETURNING kind"""
_q_twin = "SELECT id FROM command WHERE state = 'queued' AND kind = :kind AND key = :key"
_q_uncount = "UPDATE command SET crashes = crashes - 1 WHERE id = :id"

_q_progress = """
UPDATE command SET crashes = 0, phase = :phase, done = :done, total = :total
WHERE id = :id AND state = 'running'"""

_q_finish = """
UPDATE command SET state = :state, code = :code, params = :params, result = :result,
  finished_at = :now, attempts = attempts + (state = 'running' AND :state <> 'cancelled')
WHERE id = :id AND state IN ('queued', 'running')"""

_q_requeue = """
UPDATE command SET state = 'queued', not_before = :not_before, code = :code, params = :params,
  attempts = attempts + :attempts, crashes = max(0, crashes + :crashes), started_at = NULL
WHERE id = :id AND state = 'running'"""

# The younger row keeps its own time: the change that made it calls for work now.
_q_fold = """
UPDATE command SET
  priority = min(command.priority, old.priority),
  attempts = max(command.attempts, old.attempts + :attempts),
  crashes = max(command.crashes, old.crashes + :crashes)
FROM (SELECT priority, attempts, crashes FROM command WHERE id = :id) AS old
WHERE command.id = :twin"""

_q_ask_cancel = """
UPDATE command SET cancel_at = coalesce(cancel_at, :now) WHERE id = :id AND state = 'running'"""
_q_cancel_asked = "SELECT cancel_at FROM command WHERE id = :id AND cancel_at IS NOT NULL"

_q_prune = """
DELETE FROM command WHERE id IN (
  SELECT id FROM command WHERE finished_at IS NOT NULL AND finished_at < :before
  ORDER BY finished_at LIMIT :limit)"""

_q_open = """
SELECT count(*) FROM command
WHERE kind IN (SELECT value FROM json_each(:kinds)) AND state IN ('queued', 'running')"""
