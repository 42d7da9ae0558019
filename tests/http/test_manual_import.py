"""A person attaches a stuck download to a book."""

from pathlib import Path

from bindery.domain.offers import Transport
from bindery.store import commands, downloads
from tests.http.world import World, open_app
from tests.kit.household import add_book, bring_in, grab

MATCH = "/api/v1/queue/manual-import/match"


async def stuck(world: World, state: str = "importBlocked", code: str = "unmatched") -> int:
    """A download whose import needs a person, without a slot of its own."""
    download_id = await grab(world.store, await add_book(world.store), transport=Transport.HTTP)
    await world.store.write(lambda tx: bring_in(tx, download_id, state, code=code, live=False))
    return download_id


async def ask(world: World, download_id: int, book_id: int) -> tuple[int, dict[str, object]]:
    body = {"downloadId": download_id, "bookId": book_id}
    answer = await world.key("POST", MATCH, json=body)
    return answer.status_code, await answer.get_json()


async def test_match_gives_the_download_to_the_book_and_asks_the_importer(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await stuck(world)
        other = await add_book(world.store, "The Paper Atlas")
        # Nobody imports here; the answer must not wait for it.
        world.store.waiters.close()
        status, body = await ask(world, download_id, other.book_id)
        row = world.store.read(lambda reader: downloads.get(reader, download_id))
        slots = world.store.read(lambda reader: downloads.slots_of(reader, download_id))
        found = world.store.read(lambda reader: commands.count_open(reader, ["download.import"]))
    assert (status, body) == (202, {"imported": False, "retryQueued": True})
    assert row is not None
    assert (row.state, row.live) == ("importPending", True)
    assert [(slot.slot_id, slot.live) for slot in slots] == [(other.slot_id, True)]
    assert found == 1


async def test_match_refuses_what_is_not_there_or_not_stuck(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await stuck(world, "downloading", "")
        book = await add_book(world.store, "The Paper Atlas")
        assert (await ask(world, download_id + 1, book.book_id))[0] == 404
        assert (await ask(world, download_id, book.book_id))[0] == 409


async def test_match_refuses_unknown_books_and_held_slots(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        download_id = await stuck(world)
        held = await add_book(world.store, "The Paper Atlas")
        await grab(world.store, held, guid="guid-2", transport=Transport.HTTP)
        status, body = await ask(world, download_id, 999)
        assert (status, body["field"]) == (400, "bookId")
        assert (await ask(world, download_id, held.book_id))[0] == 409
