"""Periodic commands: when each is due next (architecture.md 6, Schedule).

One transaction enqueues the command (key = name) and moves `next_due`. Any number of missed runs
is one run. The wall clock may jump either way.
"""

import random
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from bindery.domain.principal import By, Via
from bindery.store.tx import Reader, Tx

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_SWEEP = 30
MIDNIGHT = "00:00"
_CATCH_UP_US = (_MINUTE_US, 5 * _MINUTE_US)
_BY_SCHEDULE = By(None, Via.SCHEDULE)


class Schedule(msgspec.Struct, frozen=True):
    """One row: either every `every_s` seconds, or daily at `local_time` (HH:MM)."""

    name: str
    kind: str
    every_s: int | None
    local_time: str | None
    jitter_s: int
    enabled: bool
    next_due: int
    last_run: int | None


def put_in(
    tx: Tx,
    name: str,
    kind: str,
    *,
    zone: tzinfo,
    every_s: int | None = None,
    local_time: str | None = None,
    jitter_s: int = 0,
    enabled: bool = True,
) -> None:
    """Create a schedule or change it; a change of interval applies at once.

    Exactly one of `every_s` and `local_time` ("HH:MM") is given.
    """
    found = tx.one(_q_one, {"name": name}, Schedule)
    fresh = Schedule(name, kind, every_s, local_time, jitter_s, enabled, 0, None)
    if found is not None and (found.every_s, found.local_time) == (every_s, local_time):
        due = found.next_due
    elif found is not None and every_s is not None and found.last_run is not None:
        due = max(found.last_run + every_s * _SECOND_US, tx.now_us)
    else:
        due = following(fresh, tx.now_us, zone)
    tx.run(
        _q_put,
        {
            "name": name,
            "kind": kind,
            "every": every_s,
            "local": local_time,
            "jitter": jitter_s,
            "enabled": int(enabled),
            "due": due,
        },
    )
    tx.ring("schedule")


def run_due_in(tx: Tx, zone: tzinfo, rng: random.Random) -> list[str]:
    """Enqueue every schedule that is due and move it on; answers their names."""
    ran: list[str] = []
    for schedule in tx.rows(_q_due, {"now": tx.now_us}, Schedule):
        tx.enqueue(schedule.kind, {}, key=schedule.name, priority=_SWEEP, by=_BY_SCHEDULE)
        due = following(schedule, tx.now_us, zone)
        due += round(rng.random() * schedule.jitter_s * _SECOND_US)
        tx.run(_q_ran, {"name": schedule.name, "now": tx.now_us, "due": due})
        ran.append(schedule.name)
    return ran


def catch_up_in(tx: Tx, zone: tzinfo, rng: random.Random) -> None:
    """At start and after a jump of the clock.

    What was missed is due once, spread over 1 to 5 minutes from now; a time further ahead than
    one interval (the clock went back) is pulled in.
    """
    for schedule in tx.rows(_q_all, {}, Schedule):
        due = schedule.next_due
        if due <= tx.now_us:
            due = tx.now_us + rng.randint(*_CATCH_UP_US)
        else:
            due = min(due, _furthest(schedule, tx.now_us, zone))
        if due != schedule.next_due:
            tx.run(_q_move, {"name": schedule.name, "due": due})


def run_now_in(tx: Tx, name: str, by: By) -> int | None:
    """A person asks for it now; answers the command's id, None for an unknown name."""
    schedule = tx.one(_q_one, {"name": name}, Schedule)
    if schedule is None:
        return None
    return tx.enqueue(schedule.kind, {}, key=name, priority=10, by=by)


def list_schedules(reader: Reader) -> list[Schedule]:
    """All of them, by name."""
    return reader.rows(_q_all, {}, Schedule)


def next_due(reader: Reader) -> int | None:
    """When the earliest enabled schedule is due (µs)."""
    due: int | None = reader.value(_q_next_due)
    return due


def following(schedule: Schedule, now_us: int, zone: tzinfo) -> int:
    """The next due time after a run at `now_us`.

    The rhythm is kept (old + every); when that has passed too, the next is one interval from now,
    so that many missed runs are one.
    """
    if schedule.every_s is not None:
        every = schedule.every_s * _SECOND_US
        due = schedule.next_due + every
        return due if due > now_us else now_us + every
    return next_local(schedule.local_time or MIDNIGHT, now_us, zone)


def next_local(at: str, now_us: int, zone: tzinfo) -> int:
    """The next instant after `now_us` when the wall clock of `zone` shows `at` ("HH:MM").

    An hour skipped in spring is taken at the first minute after the gap, an hour doubled in
    autumn at its first pass only.
    """
    hour, minute = (int(part) for part in at.split(":"))
    today = datetime.fromtimestamp(now_us / _SECOND_US, zone).date()
    for days in range(3):
        day = today + timedelta(days=days)
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=0)
        instant = wall.astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
            instant = _end_of_gap(wall, zone)
        due = round(instant.timestamp() * _SECOND_US)
        if due > now_us:
            return due
    raise AssertionError("three days hold no such time")


def _end_of_gap(wall: datetime, zone: tzinfo) -> datetime:
    """The first minute that exists after a wall time that does not."""
    # With the offset of after the gap, a time inside it is an instant before it (PEP 495).
    instant = wall.replace(fold=1).astimezone(UTC)
    for _ in range(24 * 60):
        if instant.astimezone(zone).replace(tzinfo=None) >= wall.replace(tzinfo=None):
            return instant
        instant += timedelta(minutes=1)
    raise AssertionError("no gap of a day exists")


def _furthest(schedule: Schedule, now_us: int, zone: tzinfo) -> int:
    if schedule.every_s is not None:
        return now_us + (schedule.every_s + schedule.jitter_s) * _SECOND_US
    return (
        next_local(schedule.local_time or MIDNIGHT, now_us, zone) + schedule.jitter_s * _SECOND_US
    )


_COLUMNS = "name, kind, every_s, local_time, jitter_s, enabled, next_due, last_run"
_q_one = f"SELECT {_COLUMNS} FROM schedule WHERE name = :name"
_q_all = f"SELECT {_COLUMNS} FROM schedule ORDER BY name"
_q_due = f"SELECT {_COLUMNS} FROM schedule WHERE enabled = 1 AND next_due <= :now ORDER BY next_due"
_q_next_due = "SELECT min(next_due) FROM schedule WHERE enabled = 1"
_q_put = """
INSERT INTO schedule (name, kind, every_s, local_time, jitter_s, enabled, next_due)
VALUES (:name, :kind, :every, :local, :jitter, :enabled, :due)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, every_s = excluded.every_s,
  local_time = excluded.local_time, jitter_s = excluded.jitter_s, enabled = excluded.enabled,
  next_due = excluded.next_due"""
_q_ran = "UPDATE schedule SET last_run = :now, next_due = :due WHERE name = :name"
_q_move = "UPDATE schedule SET next_due = :due WHERE name = :name"
