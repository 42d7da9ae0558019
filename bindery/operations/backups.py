"""Backups on demand (identity-and-system.md 8.1): a job, as every backup."""

import msgspec

from bindery.domain.backup_names import clean_label
from bindery.domain.principal import Principal
from bindery.store.commands import PERSON
from bindery.store.store import Store
from bindery.store.tx import Tx, Watch

KIND = "backup.create"
WAIT_S = 10.0


class Made(msgspec.Struct, frozen=True, rename="camel"):
    """What the job left."""

    name: str
    size: int
    duration_ms: int


class Failed(msgspec.Struct, frozen=True):
    """The job ended without a backup."""

    code: str


async def back_up(store: Store, who: Principal, label: str, trace: str) -> Made | Failed | str:
    """Ask for a backup and wait for it; its job's id (`j-12`) when it takes longer."""
    clean = clean_label(label)

    def work(tx: Tx) -> int:
        return tx.enqueue(
            KIND,
            {"label": clean},
            key=f"person:{clean}",
            priority=PERSON,
            by=who.by,
            trace=trace,
            watch=Watch("backup_create"),
        )

    command = await store.write(work)
    ended = await store.settled(command, WAIT_S)
    if ended is None:
        return f"j-{command}"
    if ended.state != "succeeded" or ended.result is None:
        return Failed(ended.code or ended.state)
    return msgspec.json.decode(ended.result, type=Made)
