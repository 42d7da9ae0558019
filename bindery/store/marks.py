"""Which live topics a change touches: one place, so that no page misses one (ui.md 7.4).

Marks carry ids, never values; the hub renders them after the commit (architecture.md 6).
"""

from bindery.store.tx import Tx

_q_books_of_download = """
SELECT s.book_id FROM download_slot ds JOIN slot s ON s.id = ds.slot_id
WHERE ds.download_id = :id"""


def book_changed_in(tx: Tx, library: int, book_id: int, *, gone: bool = False) -> None:
    """A book's row, status, slots or files changed."""
    op = "del" if gone else "put"
    tx.publish(f"book:{book_id}", library, book_id, op)
    tx.publish("catalog", library, f"book:{book_id}", op)
    tx.publish("counters", library, 1)


def author_changed_in(tx: Tx, library: int, author_id: int, *, gone: bool = False) -> None:
    """An author's row or statistics changed."""
    op = "del" if gone else "put"
    tx.publish(f"author:{author_id}", library, author_id, op)
    tx.publish("catalog", library, f"author:{author_id}", op)
    tx.publish("counters", library, 1)


def download_changed_in(tx: Tx, library: int, download_id: int, *, gone: bool = False) -> None:
    """A download's row changed, and with it the status of the books it is for."""
    tx.publish("queue", library, download_id, "del" if gone else "put")
    for book_id in set(tx.values(_q_books_of_download, {"id": download_id})):
        if isinstance(book_id, int):
            book_changed_in(tx, library, book_id)


def search_changed_in(tx: Tx, library: int, search_id: int, item: str) -> None:
    """The start of a leg (`start:<id>`), its answer (`leg:<id>`), or the end (`done`) of a search
    was committed.
    """
    tx.publish(f"search:{search_id}", library, item)


def configured_in(tx: Tx, what: str, actor: str, *, gone: bool = False) -> None:
    """A configuration row changed: `what` for open forms (`indexer`), `actor` for its health line
    (`indexer:3`). The roster compares its children with the rows.
    """
    tx.publish("config", 1, what)
    tx.publish("health", 1, actor, "del" if gone else "put")
    tx.ring("roster")
