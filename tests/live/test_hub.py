"""The hub's rules one by one: ui.md 7.3-7.6, architecture.md 6 "Publishing"."""

import json

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from bindery.domain.principal import Role
from bindery.live import connection, frames
from bindery.live import hub as hub_module
from bindery.live.connection import LiveClosed, Viewer
from bindery.live.hub import TooManySockets
from bindery.runtime.publisher import Change, Publisher
from tests.live.world import Client, World, drain, send, subscribe


def user(scope: tuple[int, ...] = (1,)) -> Viewer:
    return Viewer(user_id=1, name="ann", role=Role.USER, scope=scope)


def test_the_hub_is_a_publisher() -> None:
    world = World()
    publisher: Publisher = world.hub
    conn = world.connect()
    subscribe(conn, "queue")
    world.rows[1][7] = {"id": 7}
    publisher.published([Change("queue", 1, 7, "put")])
    world.advance(0.25)
    assert [frame["put"] for frame in drain(conn)] == [[{"id": 7}]]


# -- hello and subscribing --------------------------------------------------------------------


def test_hello_comes_first_and_names_what_this_viewer_may_see() -> None:
    world = World()
    hello = drain(world.connect(role=Role.USER))[0]
    assert hello == {
        "t": "hello",
        "v": 1,
        "server": "test",
        "epoch": world.hub.epoch,
        "user": {"id": 1, "name": "ann", "role": "user"},
        "now": "2026-01-01T00:00:00Z",
        "hb": 25,
        "topics": ["queue", "book", "session", "activity", "search", "catalog"],
    }
    assert "health" in drain(world.connect(role=Role.ADMIN))[0]["topics"]


def test_subscribing_without_a_cursor_gives_the_snapshot() -> None:
    world = World()
    world.put(1, 7, state="grabbed")
    world.meta = {"staleClients": [3]}
    [snap] = subscribe(world.connect(), "queue")
    assert snap == {
        "t": "snap",
        "topic": "queue",
        "seq": 1,
        "data": {"rows": [{"id": 7, "state": "grabbed"}], "meta": {"staleClients": [3]}},
    }


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("nonsense", "unknown_topic"),
        ("logs", "unknown_topic"),
        ("queue:1", "unknown_topic"),
        ("book", "unknown_topic"),
        ("book:", "unknown_topic"),
        ("book:x", "unknown_topic"),
        ("book:01", "unknown_topic"),
        ("book:٣", "unknown_topic"),
        ("book:" + "1" * 100, "unknown_topic"),
        ("book:99", "unknown_topic"),
        ("health", "forbidden"),
    ],
)
def test_a_topic_that_is_not_there_or_not_yours_is_an_err_with_the_id(
    topic: str, code: str
) -> None:
    world = World()
    conn = world.connect(1, role=Role.USER)
    [err] = subscribe(conn, topic)
    assert (err["t"], err["id"], err["code"]) == ("err", 1, code)
    assert conn.subs == {}


def test_a_book_of_another_library_does_not_exist() -> None:
    world = World()
    world.put(2, 7, topic="book:7")
    assert subscribe(world.connect(1), "book:7")[0]["code"] == "unknown_topic"
    assert subscribe(world.connect(1, 2), "book:7")[0]["t"] == "snap"


def test_a_user_topic_is_told_per_user() -> None:
    world = World()
    [snap] = subscribe(world.connect(user=5), "session")
    assert snap["data"]["rows"] == [{"id": "me", "user": 5}]


def test_too_many_topics_are_refused() -> None:
    world = World()
    conn = world.connect()
    names = [f"search:{n}" for n in range(1, connection.MAX_TOPICS + 2)]
    answers = subscribe(conn, *names)
    assert answers[-1]["code"] == "too_many"
    assert len(conn.subs) == connection.MAX_TOPICS


def test_sockets_are_limited_per_user_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    conns = [world.connect(user=1) for _ in range(8)]
    with pytest.raises(TooManySockets):
        world.connect(user=1)
    world.hub.disconnect(conns[0])
    world.connect(user=1)
    for _ in range(20):
        world.connect(user=None)
    monkeypatch.setattr(hub_module, "MAX_CONNECTIONS", 28)
    with pytest.raises(TooManySockets):
        world.connect(user=2)


# -- pace and conflation ----------------------------------------------------------------------


def test_the_first_change_after_silence_goes_at_once_and_further_ones_every_quarter_second() -> (
    None
):
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    world.advance(1)
    times: list[float] = []
    begin = world.now
    for tick in range(101):
        world.put(1, 7, percent=tick)
        world.advance(0)
        times.extend([round(world.now - begin, 2)] * len(drain(conn)))
        world.advance(0.01)
        times.extend([round(world.now - begin, 2)] * len(drain(conn)))
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_hidden_tab_is_told_ten_times_less_often() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    send(conn, t="vis", visible=False)
    world.advance(10)
    count = 0
    for tick in range(100):
        world.put(1, 7, percent=tick)
        world.advance(0.1)
        count += len(drain(conn))
    assert count in {4, 5}


def test_two_hundred_changes_a_second_reach_a_reader_as_the_latest_values() -> None:
    world = World()
    conn = world.connect()
    client = Client()
    for frame in subscribe(conn, "queue"):
        client.take(frame)
    got = 0
    for tick in range(400):
        world.put(1, tick % 50, percent=tick)
        world.advance(0.005)
        for frame in drain(conn):
            got += 1
            client.take(frame)
    world.advance(1)
    for frame in drain(conn):
        client.take(frame)
    assert got <= 9
    assert client.rows == world.visible((1,))


def test_a_reader_that_does_not_read_costs_one_pending_flush() -> None:
    world = World()
    conn = world.connect()
    client = Client()
    client.take(subscribe(conn, "queue")[0])
    for tick in range(1_000):
        world.put(1, tick % 500, percent=tick, title="x" * 200)
        world.advance(0.05)
    assert conn.waiting_frames == 1
    assert conn.waiting_bytes <= connection.OUTBOX_BYTES
    for _ in range(2):
        for frame in drain(conn):
            client.take(frame)
        world.advance(1)
    assert client.rows == world.visible((1,))


def test_equal_scopes_are_rendered_and_encoded_once() -> None:
    world = World()
    conns = [world.connect(1, 2, user=n) for n in range(20)] + [world.connect(1, user=99)]
    for conn in conns:
        subscribe(conn, "queue")
    assert len(world.calls) == 2, "one snapshot per scope"
    world.calls.clear()
    world.advance(1)
    world.put(1, 7, percent=1)
    world.advance(0)
    assert sorted(world.calls) == [("queue", (7,), (1,)), ("queue", (7,), (1, 2))]
    first = [conn.pop() for conn in conns[:20]]
    assert all(frame is first[0] for frame in first)


def test_all_dirty_rows_are_rendered_with_one_call() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    world.calls.clear()
    for n in range(100):
        world.put(1, n)
    world.advance(1)
    assert len(world.calls) == 1


async def test_a_mark_rings_unless_all_who_watch_wait_for_their_time() -> None:
    world = World()
    hidden, seen = world.connect(), world.connect()
    for conn in (hidden, seen):
        subscribe(conn, "queue")
    send(hidden, t="vis", visible=False)
    await world.hub.dirty.wait(0)
    world.put(1, 7)
    assert await world.hub.dirty.wait(0)
    world.advance(0.1)
    # Both were told at the subscription: due in 0.25 s and in 2.5 s.
    world.put(1, 8)
    assert not await world.hub.dirty.wait(0)
    world.advance(0.9)
    assert drain(seen)
    world.put(1, 9)
    assert await world.hub.dirty.wait(0)
    world.advance(0.25)
    assert drain(seen)


def test_a_change_in_another_library_is_neither_rendered_nor_sent() -> None:
    world = World()
    conn = world.connect(1)
    subscribe(conn, "queue")
    world.calls.clear()
    world.put(2, 7)
    world.advance(1)
    assert (drain(conn), world.calls) == ([], [])


# -- deltas -----------------------------------------------------------------------------------


def test_rows_come_whole_first_then_as_patches_where_null_clears() -> None:
    world = World()
    world.put(1, 7, percent=1, eta=9)
    conn = world.connect()
    subscribe(conn, "queue")
    got: list[object] = []
    world.put(1, 7, percent=2, eta=9)
    world.advance(1)
    got += drain(conn)
    world.put(1, 7, percent=3)
    world.advance(1)
    got += drain(conn)
    world.delete(1, 7)
    world.advance(1)
    got += drain(conn)
    assert got == [
        {
            "t": "delta",
            "topic": "queue",
            "prev": 1,
            "seq": 2,
            "put": [{"id": 7, "percent": 2, "eta": 9}],
        },
        {
            "t": "delta",
            "topic": "queue",
            "prev": 2,
            "seq": 3,
            "patch": [{"id": 7, "percent": 3, "eta": None}],
        },
        {"t": "delta", "topic": "queue", "prev": 3, "seq": 4, "del": [7]},
    ]


def test_a_mark_without_a_change_is_not_sent_and_breaks_no_chain() -> None:
    world = World()
    conn = world.connect()
    client = Client()
    for frame in subscribe(conn, "queue"):
        client.take(frame)
    got: list[dict[str, object]] = []
    for percent in (1, 1, 1, 2):
        world.put(1, 7, percent=percent)
        world.advance(1)
        got += drain(conn)
    for frame in got:
        client.take(frame)
    assert len(got) == 2
    assert client.rows == {7: {"id": 7, "percent": 2}}


def test_a_snapshot_newer_than_its_seq_is_never_patched_from_an_older_row() -> None:
    world = World()
    world.put(1, 7, percent=0)
    first, second = world.connect(), world.connect()
    subscribe(first, "queue")
    world.put(1, 7, percent=0)
    world.advance(1)
    world.rows[1][7] = {"id": 7, "percent": 50}  # committed, not marked yet
    world.hub.mark("queue", 1, 8)
    client = Client()
    for frame in subscribe(second, "queue"):
        client.take(frame)
    assert client.rows[7]["percent"] == 50
    world.put(1, 7, percent=0)
    world.advance(1)
    for frame in drain(second):
        client.take(frame)
    assert client.rows[7]["percent"] == 0


def test_a_split_delta_whose_last_part_is_empty_keeps_the_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 900)
    world = World()
    conn = world.connect()
    client = Client()
    for frame in subscribe(conn, "queue"):
        client.take(frame)
    for value in (1, 2, 3):
        world.put(1, 7, note="x" * 300, value=value)
        world.put(1, 8, note="y" * 300)
        world.advance(1)
        for frame in drain(conn):
            client.take(frame)
    assert client.rows == world.visible((1,))


def test_large_states_are_split_into_frames_of_at_most_256_kib() -> None:
    world = World()
    for n in range(1_500):
        world.rows[1][n] = {"id": n, "title": "t" * 500}
    conn = world.connect()
    drain(conn)
    send(conn, t="sub", id=1, topics={"queue": None})
    raw = []
    while (frame := conn.pop()) is not None:
        raw.append(frame)
    assert len(raw) > 2
    assert max(map(len, raw)) <= frames.MAX_FRAME
    client = Client()
    for number, frame in enumerate(raw, 1):
        decoded = json.loads(frame)
        assert (decoded["part"], decoded["parts"]) == (number, len(raw))
        assert client.rows == {}, "applied as one on the last"
        client.take(decoded)
    assert client.rows == world.rows[1]


def test_meta_alone_travels_in_a_delta() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    world.meta = {"staleClients": [1]}
    world.hub.mark("queue", 0, "")
    world.advance(1)
    [delta] = drain(conn)
    assert delta["meta"] == {"staleClients": [1]}
    assert "put" not in delta


# -- resuming ---------------------------------------------------------------------------------


def test_the_same_epoch_and_a_covered_seq_resume_with_one_delta() -> None:
    world = World()
    world.put(1, 1)
    client = Client()
    conn = world.connect()
    for frame in [{"t": "hello", "epoch": world.hub.epoch}, *subscribe(conn, "queue")]:
        client.take(frame)
    world.hub.disconnect(conn)
    world.advance(120)
    world.put(1, 2)
    world.put(1, 3)
    world.delete(1, 1)
    again = world.connect()
    drain(again)
    send(again, t="sub", id=1, topics={"queue": client.cursor()})
    got = drain(again)
    assert [frame["t"] for frame in got] == ["delta"]
    client.take(got[0])
    assert client.rows == world.visible((1,))
    assert world.hub.metrics.resume_hits == 1


@pytest.mark.parametrize("cursor", [{"epoch": "other", "seq": 1}, {"epoch": None, "seq": 10**6}])
def test_a_foreign_epoch_or_an_unknown_seq_gives_a_snapshot(cursor: dict[str, object]) -> None:
    world = World()
    world.put(1, 1)
    conn = world.connect()
    drain(conn)
    cursor["epoch"] = cursor["epoch"] or world.hub.epoch
    send(conn, t="sub", id=1, topics={"queue": cursor})
    assert [frame["t"] for frame in drain(conn)] == ["snap"]


def test_a_journal_keeps_a_thousand_ids_or_five_minutes() -> None:
    world = World()
    keeper, conn = world.connect(), world.connect()
    subscribe(keeper, "queue")
    subscribe(conn, "queue")
    cursor = {"epoch": world.hub.epoch, "seq": world.hub.seq("queue", (1, 2))}

    def resume() -> str:
        drain(conn)
        send(conn, t="sub", id=1, topics={"queue": cursor})
        return str(drain(conn)[0]["t"])

    for n in range(1_000):
        world.put(1, n)
    assert resume() == "delta"
    world.put(1, 1_001)
    assert resume() == "snap"
    cursor["seq"] = world.hub.seq("queue", (1, 2))
    world.put(1, 5)
    world.advance(299)
    assert resume() == "delta"
    world.advance(2)
    assert resume() == "snap"


def test_a_slow_reader_beyond_the_journal_gets_a_gap_and_a_snapshot() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    for n in range(1_001):
        world.put(1, n)
    world.advance(1)
    got = drain(conn)
    assert [frame["t"] for frame in got[:2]] == ["gap", "snap"]
    assert got[0]["reason"] == "trimmed"


def test_a_scope_goes_five_minutes_after_its_last_subscriber_and_its_cursors_with_it() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    seq = world.hub.seq("queue", (1, 2))
    world.hub.disconnect(conn)
    world.advance(299)
    assert world.hub._streams
    world.advance(2)
    assert not world.hub._streams
    world.put(1, 1)
    again = world.connect()
    drain(again)
    send(again, t="sub", id=1, topics={"queue": {"epoch": world.hub.epoch, "seq": seq}})
    assert drain(again)[0]["t"] == "snap", "what happened meanwhile was not journalled"


def test_the_header_counts_marks_also_where_nobody_watches() -> None:
    world = World()
    assert world.hub.header("queue", (1,)) == f"queue={world.hub.epoch}:0"
    world.put(1, 7)
    assert world.hub.seq("queue", (1,)) == 1
    conn = world.connect(1)
    subscribe(conn, "queue")
    world.hub.mark("other", 1, 1)
    assert world.hub.seq("queue", (1,)) == 1, "a watched topic counts for itself"
    world.put(1, 8)
    assert world.hub.seq("queue", (1,)) == 3


# -- feeds and notes --------------------------------------------------------------------------


def test_a_feed_sends_events_in_order_and_only_new_ones() -> None:
    world = World()
    world.hub.mark("activity", 1, 1)
    conn = world.connect()
    assert subscribe(conn, "activity") == []
    world.hub.mark("activity", 1, 2)
    world.hub.mark("activity", 1, 3)
    world.advance(0)
    got = drain(conn)
    assert [(f["t"], f["id"], f["seq"]) for f in got] == [
        ("event", "ev-2-0", 2),
        ("event", "ev-3-0", 3),
    ]


def test_several_events_of_one_mark_share_its_seq_only_on_the_last() -> None:
    world = World()
    conn = world.connect()
    first = subscribe(conn, "search:4")
    assert [frame["id"] for frame in first] == ["ev-leg:0-0", "ev-leg:0-1"], "a late subscriber"
    world.hub.mark("search:4", 1, "leg:1")
    world.advance(0)
    got = drain(conn)
    assert [frame["seq"] for frame in got] == [0, 1]
    send(conn, t="sub", id=2, topics={"search:4": {"epoch": world.hub.epoch, "seq": 0}})
    assert [frame["id"] for frame in drain(conn)] == ["ev-leg:1-0", "ev-leg:1-1"]


def test_a_feed_waits_for_credit() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "activity")
    for n in range(1, 601):
        world.hub.mark("activity", 1, n)
    got = []
    for _ in range(20):
        world.advance(1)
        got += drain(conn)
    assert len(got) == connection.FEED_CREDIT
    send(conn, t="ok", topic="activity", seq=50)
    world.advance(1)
    assert len(drain(conn)) == 50
    for _ in range(20):
        send(conn, t="ok", topic="activity", seq=10_000)
        world.advance(1)
        got = drain(conn) or got
    assert got[-1]["id"] == "ev-600-0"


def test_a_feed_that_overruns_loses_the_oldest_and_says_so() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "activity")
    for n in range(1, 1_101):
        world.hub.mark("activity", 1, n)
    world.advance(0)
    got = drain(conn)
    assert got[0] == {"t": "gap", "topic": "activity", "reason": "slow"}
    assert got[1]["id"] == "ev-101-0"


def test_a_feed_with_a_lost_cursor_is_told_to_refetch() -> None:
    world = World()
    conn = world.connect()
    drain(conn)
    send(conn, t="sub", id=1, topics={"activity": {"epoch": "old", "seq": 4}})
    assert drain(conn) == [{"t": "gap", "topic": "activity", "reason": "epoch"}]


def test_notes_carry_the_keys_and_a_star_when_there_are_too_many() -> None:
    world = World()
    conn = world.connect()
    assert subscribe(conn, "catalog") == [{"t": "inval", "topic": "catalog", "seq": 0, "keys": []}]
    world.hub.mark("catalog", 1, "book:12")
    world.hub.mark("catalog", 1, "author:3")
    world.hub.mark("catalog", 1, "book:12")
    world.advance(1)
    assert drain(conn)[0]["keys"] == ["author:3", "book:12"]
    for n in range(300):
        world.hub.mark("catalog", 1, f"book:{n}")
    world.advance(1)
    assert drain(conn)[0]["keys"] == ["*"]


# -- rights, errors, ends ---------------------------------------------------------------------


def test_a_demoted_admin_loses_admin_topics_and_gets_the_others_in_the_new_scope() -> None:
    world = World()
    world.put(1, 1)
    world.put(2, 2)
    conn = world.connect(1, 2)
    subscribe(conn, "queue", "health")
    world.hub.authorise(conn, user())
    got = drain(conn)
    assert {(f["t"], f.get("topic"), f.get("code") or f.get("reason")) for f in got} == {
        ("err", "health", "forbidden"),
        ("gap", "queue", "rescope"),
        ("snap", "queue", None),
    }
    assert [f["data"]["rows"] for f in got if f["t"] == "snap"] == [[{"id": 1}]]
    world.put(2, 3)
    world.advance(1)
    assert drain(conn) == []


def test_a_topic_for_everybody_has_one_seq_whatever_the_scope() -> None:
    world = World()
    subscribe(world.connect(), "health")
    world.hub.mark("health", 0, 1)
    world.put(1, 1)
    assert world.hub.seq("health", (1,)) == world.hub.seq("health", (1, 2)) == 1


def test_unsubscribing_ends_the_frames() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue")
    send(conn, t="unsub", id=2, topics=["queue", "never"])
    world.put(1, 1)
    world.advance(1)
    assert drain(conn) == []


@pytest.mark.parametrize(
    "frame", ['{"t":"sub"}', '{"t":"nonsense"}', "[]", '{"t":"vis","visible":"yes"}', "{}"]
)
def test_a_frame_with_wrong_fields_is_answered(frame: str) -> None:
    conn = World().connect()
    drain(conn)
    conn.handle(frame)
    assert drain(conn)[0]["code"] == "bad_request"
    assert conn.close_code is None


@pytest.mark.parametrize("frame", ["{", b"\xff\xfe", '"' + "x" * 20_000 + '"'])
def test_what_is_no_frame_at_all_ends_the_link(frame: str | bytes) -> None:
    world = World()
    conn = world.connect()
    conn.handle(frame)
    assert conn.close_code == connection.PROTOCOL_ERROR
    assert not world.hub.connections


def test_who_provokes_errors_without_reading_is_dropped() -> None:
    conn = World().connect()
    for _ in range(1_000):
        conn.handle("{}")
    assert conn.close_code == connection.TOO_SLOW
    assert conn.waiting_frames == 0


def test_ending_a_user_closes_only_his_sockets() -> None:
    world = World()
    his, hers = world.connect(user=1), world.connect(user=2)
    world.hub.end_user(1)
    assert (his.close_code, hers.close_code) == (connection.AUTH_ENDED, None)
    world.hub.close_all()
    assert hers.close_code == connection.GOING_AWAY
    his.too_slow()
    assert his.close_code == connection.AUTH_ENDED


def test_a_topic_that_cannot_be_rendered_is_dropped_and_the_others_live_on() -> None:
    world = World()
    conn = world.connect()
    subscribe(conn, "queue", "catalog")
    world.rows[1][7] = {"no id": True}
    world.hub.mark("queue", 1, 7)
    with pytest.raises(KeyError):
        world.advance(1)
    world.hub.mark("catalog", 1, "book:1")
    world.advance(1)
    got = drain(conn)
    assert {frame["t"] for frame in got} == {"err", "inval"}
    assert list(conn.subs) == ["catalog"]


# -- the endpoint's side ----------------------------------------------------------------------


async def test_next_frame_waits_sends_heartbeats_and_ends(autojump_clock: MockClock) -> None:
    world = World()
    conn = world.connect()
    got: list[str] = []

    async def writer() -> None:
        try:
            while True:
                got.append(json.loads(await conn.next_frame())["t"])
        except LiveClosed as closed:
            got.append(str(closed.code))

    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer)
            await wait_all_tasks_blocked()
            send(conn, t="sub", id=1, topics={"queue": None})
            await trio.sleep(51)
            world.hub.close_all()
    assert got == ["hello", "snap", "hb", "hb", "1012"]
