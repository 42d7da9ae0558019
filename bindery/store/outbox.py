"""Telling the outside what happened: one command per (event, target), in the event's transaction.

Delivered at least once by the notifier (architecture.md 6b).
"""

from typing import Literal

from bindery.store.commands import EVENT
from bindery.store.tx import Tx

Occasion = Literal["grab", "import", "import_of_upgrade", "upgrade", "failure", "health"]
"""An upgrade is told once: as such to who asked for upgrades, to others as an import."""


def notify_in(tx: Tx, event_id: int, occasion: Occasion, *, library: int, trace: str) -> int:
    """Enqueue `outbox.send` for every enabled target of this occasion; answers how many."""
    targets: list[int] = tx.values(_q_targets[occasion])
    for notifier_id in targets:
        tx.enqueue(
            "outbox.send",
            {"eventId": event_id, "notifierId": notifier_id},
            key=f"{event_id}:{notifier_id}",
            priority=EVENT,
            trace=trace,
            library=library,
        )
    return len(targets)


_q_targets: dict[Occasion, str] = {
    "grab": "SELECT id FROM notifier WHERE enabled = 1 AND on_grab = 1 ORDER BY id",
    "import": "SELECT id FROM notifier WHERE enabled = 1 AND on_import = 1 ORDER BY id",
    "import_of_upgrade": """
SELECT id FROM notifier WHERE enabled = 1 AND on_import = 1 AND on_upgrade = 0 ORDER BY id""",
    "upgrade": "SELECT id FROM notifier WHERE enabled = 1 AND on_upgrade = 1 ORDER BY id",
    "failure": "SELECT id FROM notifier WHERE enabled = 1 AND on_failure = 1 ORDER BY id",
    "health": "SELECT id FROM notifier WHERE enabled = 1 AND on_health = 1 ORDER BY id",
}
