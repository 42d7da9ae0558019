"""Rows of searches: what is kept, in which order, who sees it, what is due."""

from bindery.domain.principal import SYSTEM
from bindery.runtime.clock import FixedClock
from bindery.store import Store, indexers, searches, slot_facts
from bindery.store.indexers import IndexerFields
from bindery.store.searches import KEPT_PER_LEG, LegRow, NewCandidate
from bindery.store.tx import Tx
from tests.kit.database import Heard
from tests.kit.household import add_book, add_book_in

FEED = IndexerFields(name="feed", type="torznab", url="http://feed.test")
HOUR = 3_600_000_000


def candidate(guid: str, verdict: str = "grab", score: float = 1, rank: int = 0) -> NewCandidate:
    return NewCandidate(
        slot_id=None,
        guid=guid,
        title=guid,
        protocol="torrent",
        format="ebook",
        size=1,
        published_at=None,
        seeders=None,
        info_hash=None,
        release={},
        link="magnet:?",
        verdict=verdict,
        score=score,
        judgement={},
        rejections=(),
        rank=rank,
    )


async def opened(store: Store) -> LegRow:
    def work(tx: Tx) -> int:
        if not indexers.list_indexers(tx):
            indexers.add_in(tx, FEED, None)
        search_id = searches.add_in(
            tx, library=1, kind="text", cause="person", by=SYSTEM, trace="w-1", deadline_at=1
        )
        searches.add_leg_in(tx, search_id, 1, "feed")
        return search_id

    search_id = await store.write(work)
    return store.read(lambda reader: searches.legs(reader, search_id))[0]


async def test_five_hundred_of_an_answer_are_kept_and_the_rest_counted(
    store: Store, heard: Heard
) -> None:
    leg = await opened(store)
    found = [candidate(f"g{n}") for n in range(KEPT_PER_LEG + 20)]
    await store.write(lambda tx: searches.finish_leg_in(tx, 1, leg, found, ms=1))
    row = store.read(lambda reader: searches.leg(reader, leg.id))
    assert row is not None
    assert (row.found, row.kept, row.excess) == (520, 500, 20)
    topic = f"search:{leg.search_id}"
    assert [change.id for change in heard.of(topic)] == [f"leg:{leg.id}"], "one mark per answer"


async def test_answer_comes_once(store: Store) -> None:
    leg = await opened(store)
    first = [candidate("a")]
    assert await store.write(lambda tx: searches.finish_leg_in(tx, 1, leg, first, ms=1))
    second = [candidate("b")]
    assert not await store.write(lambda tx: searches.finish_leg_in(tx, 1, leg, second, ms=1))
    found = store.read(lambda reader: searches.candidates(reader, leg.search_id))
    assert [one.guid for one in found] == ["a"]


async def test_order_is_verdict_then_score_then_place(store: Store) -> None:
    leg = await opened(store)
    found = [
        candidate("soft", "soft", 99),
        candidate("low", "grab", 1, rank=0),
        candidate("high", "grab", 5, rank=9),
        candidate("same", "grab", 5, rank=3),
        candidate("hard", "hard", 100),
        candidate("ok", "acceptable", 50),
    ]
    await store.write(lambda tx: searches.finish_leg_in(tx, 1, leg, found, ms=1))
    rows = store.read(lambda reader: searches.candidates(reader, leg.search_id))
    assert [row.guid for row in rows] == ["same", "high", "low", "ok", "soft", "hard"]
    best = store.read(lambda reader: searches.best(reader, leg.search_id, 2))
    assert [row.guid for row in best] == ["same", "high"]


async def test_other_libraries_see_no_search(store: Store) -> None:
    leg = await opened(store)
    assert store.read(lambda reader: searches.get(reader, leg.search_id, (1,))) is not None
    assert store.read(lambda reader: searches.get(reader, leg.search_id, (2,))) is None


async def test_old_searches_go_with_their_candidates(store: Store, clock: FixedClock) -> None:
    old, young = await opened(store), await opened(store)
    await store.write(lambda tx: searches.finish_leg_in(tx, 1, old, [candidate("a")], ms=1))
    row = store.read(lambda reader: searches.get(reader, old.search_id))
    assert row is not None
    await store.write(lambda tx: searches.finish_in(tx, row, "found"))
    assert await store.write(lambda tx: searches.prune_in(tx, clock.now_us() + 1)) == 1
    assert store.read(lambda reader: searches.candidates(reader, old.search_id)) == []
    assert store.read(lambda reader: searches.get(reader, young.search_id)) is not None


async def test_due_are_missing_slots_longest_not_searched_first(
    store: Store, clock: FixedClock
) -> None:
    first, second = await add_book(store, "First"), await add_book(store, "Second")
    third = await add_book(store, "Third")

    def due() -> list[int]:
        return store.read(lambda reader: searches.due_slots(reader, clock.now_us(), 10))

    assert due() == [first.slot_id, second.slot_id, third.slot_id]

    def searched(tx: Tx) -> None:
        now = tx.now_us
        searches.slot_searched_in(tx, 1, first.book_id, first.slot_id, now + HOUR)
        searches.slot_searched_in(tx, 1, second.book_id, second.slot_id, now)
        tx.enqueue("slot.search", {}, key=str(third.slot_id))

    await store.write(searched)
    assert due() == [second.slot_id]
    clock.advance(3_601)
    assert due() == [first.slot_id, second.slot_id]


async def test_slot_facts_know_the_author_the_rivals_and_the_languages(store: Store) -> None:
    def work(tx: Tx) -> int:
        shelf = add_book_in(tx, "The Lantern Ledger")
        person: int = tx.value("SELECT id FROM person")
        works: list[int] = [tx.value("SELECT id FROM work")]
        works.append(
            tx.insert(
                "INSERT INTO work (title, sort_title, title_key, sort_key, released, created_at,"
                " updated_at) VALUES ('Salt Stairs', 's', 's', 's', '1999-05', 0, 0)"
            )
        )
        for one in works:
            tx.run(
                "INSERT INTO contribution (work_id, person_id, role) VALUES (:w, :p, 'author')",
                {"w": one, "p": person},
            )
        tx.run(
            "INSERT INTO person_name (person_id, name, name_key, kind, created_at)"
            " VALUES (:p, 'A. Q. Pen', 'a q pen', 'pen', 0)",
            {"p": person},
        )
        for title, language in (("Le Registre", "fre"), ("The Ledger of Lanterns", "eng")):
            tx.run(
                "INSERT INTO edition (work_id, primary_ref, title, language, created_at,"
                " updated_at) VALUES (:w, :t, :t, :l, 0, 0)",
                {"w": works[0], "t": title, "l": language},
            )
        tx.run(
            "INSERT INTO identifier (kind, entity_id, scheme, value)"
            " VALUES ('work', :w, 'isbn13', '9780000000002')",
            {"w": works[0]},
        )
        return shelf.slot_id

    slot_id = await store.write(work)
    head = store.read(lambda reader: slot_facts.head(reader, slot_id))
    assert head is not None
    assert head.missing
    slot = store.read(lambda reader: slot_facts.facts(reader, head))
    assert (slot.wanted.authors, slot.wanted.aliases) == (("Ada Quill",), ("A. Q. Pen",))
    assert slot.wanted.other_titles == ("The Ledger of Lanterns",), "only allowed languages"
    assert slot.wanted.isbns == {"9780000000002"}
    assert [(rival.title, rival.year) for rival in slot.rivals] == [("Salt Stairs", 1999)]
    assert slot_facts_of_other_library(store, head.book_id) == []


def slot_facts_of_other_library(store: Store, book_id: int) -> list[slot_facts.SlotHead]:
    return store.read(lambda reader: slot_facts.heads_of_book(reader, (2,), book_id))
