"""Topic `search:{id}` over many rows."""

from pathlib import Path

from bindery.domain.principal import SYSTEM, By, Role, Scope, Via
from bindery.live.connection import Viewer
from bindery.live.topic import NOBODY
from bindery.live.topics.search import SHOWN, Asker, counts, read_search, search_topic
from bindery.store import searches, users
from bindery.store.indexers import IndexerFields, add_in
from bindery.store.searches import NewCandidate
from bindery.store.tx import Tx
from tests.kit.database import open_test_store

LEGS = 4


def candidate(guid: str, place: int) -> NewCandidate:
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
        release={"guid": guid, "title": guid, "transport": "torrent"},
        link="magnet:?",
        verdict="grab" if place % 5 == 0 else "hard",
        score=float(place % 7),
        judgement={},
        rejections=(),
        rank=place,
    )


async def test_many_full_answers_stay_within_the_budget_of_a_read(tmp_path: Path) -> None:
    """The store of tests refuses an inline read over its budget: 2,000 rows were found here."""

    def work(tx: Tx) -> int:
        search_id = searches.add_in(
            tx, library=1, kind="text", cause="person", by=SYSTEM, trace="w-1", deadline_at=1
        )
        for number in range(LEGS):
            name = f"feed {number}"
            fields = IndexerFields(name=name, type="torznab", url=f"http://{number}.test")
            searches.add_leg_in(tx, search_id, add_in(tx, fields, None), name)
        for leg in searches.legs(tx, search_id):
            found = [candidate(f"{leg.id}-{place}", place) for place in range(500)]
            searches.start_leg_in(tx, 1, leg)
            searches.finish_leg_in(tx, 1, leg, found, ms=1)
        return search_id

    async with open_test_store(tmp_path) as store:
        search_id = await store.write(work)
        shown = store.read(lambda reader: read_search(reader, search_id, Asker(None, (1,))))
        assert shown is not None
        assert len(shown.candidates) == SHOWN
        assert (counts(shown).grab, counts(shown).hard) == (400, 1_600)
        verdicts = [row.verdict for row in shown.candidates]
        assert verdicts == ["grab"] * 400 + ["hard"] * 600
        topic = search_topic(store)
        assert topic.snapshot is not None
        assert topic.render is not None
        late = topic.snapshot(f"search:{search_id}", (NOBODY, 1))
        assert late is not None
        assert len(late.rows) == SHOWN + 2 * LEGS
        one = topic.render(f"search:{search_id}", [f"leg:{shown.legs[1].id}"], (NOBODY, 1))
        assert len(one) == 501
        assert {item.mark for item in one} == {f"leg:{shown.legs[1].id}"}


async def test_a_persons_search_is_theirs_and_an_automatic_one_the_librarys(
    tmp_path: Path,
) -> None:
    def work(tx: Tx) -> tuple[int, int]:
        ada = By(users.add_in(tx, name="ada", password_hash="", role=Role.USER), Via.SESSION)

        def add(kind: str) -> int:
            return searches.add_in(
                tx, library=1, kind=kind, cause="person", by=ada, trace="w-1", deadline_at=1
            )

        return add("interactive"), add("automatic")

    async with open_test_store(tmp_path) as store:
        hers, automatic = await store.write(work)
        topic = search_topic(store)

        def seen(search_id: int, user_id: int | None, scope: Scope = (1,)) -> bool:
            viewer = Viewer(user_id=user_id, name="", role=Role.USER, scope=scope)
            view = viewer.view(topic.audience)
            assert topic.snapshot is not None
            return topic.snapshot(f"search:{search_id}", view) is not None

        assert [seen(hers, user) for user in (1, 2, None)] == [True, False, False]
        assert [seen(automatic, user) for user in (1, 2, None)] == [True, True, True]
        assert not seen(hers, 1, (2,))
        assert not seen(automatic, 2, (2,))
