"""What the kernel rests on in quart-trio and Quart (platform.md 4.1, recipes.md B, C and 17).

Each test names its row. Where one fails after an upgrade, the way around it in `bindery.http` may
have become needless, or wrong.
"""

from typing import Any, cast

import pytest
import trio
from hypercorn.utils import LifespanFailureError
from quart import Response, websocket
from quart.typing import TestHTTPConnectionProtocol as Connection
from quart_trio import QuartTrio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import ConnectionClosed
from werkzeug.exceptions import ImATeapot

from tests.conftest import Logged
from tests.contract.stock import bare_app, stock_server
from tests.http.live_server import head


async def test_q1_a_crash_in_the_nursery_of_the_app_is_not_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()
    told: list[str] = []

    @app.get("/")
    async def answer() -> str:
        return "alive"

    @app.after_serving
    async def after() -> None:
        told.append("after")

    async def crash() -> None:
        raise LookupError

    async with stock_server(app, monkeypatch) as server:
        app.nursery.start_soon(crash)
        await wait_all_tasks_blocked(0.05)
        assert (await server.get("/")).body == b"alive"
    assert told == []


@pytest.mark.logs_errors("Exception")
async def test_q2_a_failing_start_hook_still_reports_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()
    started: list[list[str]] = []

    @app.before_serving
    async def fail() -> None:
        raise LookupError

    with pytest.RaisesGroup(LifespanFailureError, flatten_subgroups=True):
        async with stock_server(app, monkeypatch) as server:
            started.append(server.urls)
    assert started
    assert started[0][0].startswith("http://127.0.0.1:")


async def test_q3_a_stop_hook_is_cut_by_the_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bare_app()
    app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = 0.1
    ended: list[str] = []

    @app.after_serving
    async def slow() -> None:
        try:
            await trio.sleep(1)
            ended.append("whole")
        except trio.Cancelled:
            ended.append("cut")
            raise

    async with stock_server(app, monkeypatch, graceful_s=3):
        pass
    assert ended == ["cut"]


async def test_q4_a_handler_is_cancelled_when_its_client_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()
    begun, ended = trio.Event(), trio.Event()

    @app.get("/")
    async def answer() -> str:
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    async with stock_server(app, monkeypatch) as server:
        async with await server.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await begun.wait()
        await ended.wait()


async def test_q9_of_a_group_the_first_leaf_with_a_handler_answers() -> None:
    app = bare_app()

    @app.get("/")
    async def fail() -> str:
        raise ExceptionGroup("two", [ImATeapot(), LookupError()])

    async with app.test_app():
        assert (await app.test_client().get("/")).status_code == 418


@pytest.mark.parametrize("handled", [False, True])
async def test_q10_an_error_beside_a_cancellation_is_lost_unless_it_has_a_handler(
    monkeypatch: pytest.MonkeyPatch, logged: Logged, handled: bool
) -> None:
    """Ours has one for `Exception`; without it nothing would be logged either."""
    app = bare_app()
    begun, ended = trio.Event(), trio.Event()
    seen: list[str] = []

    if handled:

        @app.errorhandler(Exception)
        async def note(_error: Exception) -> Response:
            seen.append("handled")
            return Response("", status=500)

    async def real() -> None:
        try:
            await trio.sleep_forever()
        finally:
            seen.append("raised")
            ended.set()
            raise LookupError

    @app.get("/")
    async def fail() -> str:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(real)
            nursery.start_soon(trio.sleep_forever)
            begun.set()
        return "unreachable"

    async with stock_server(app, monkeypatch) as server:
        async with await server.connect() as stream:
            await stream.send_all(head("GET / HTTP/1.1"))
            await begun.wait()
        await ended.wait()
    assert seen == (["raised", "handled"] if handled else ["raised"])
    assert logged.events == []


async def test_q11_the_test_client_runs_no_lifespan() -> None:
    app = bare_app()
    hooks: list[str] = []

    @app.before_serving
    async def hook() -> None:
        hooks.append("ran")

    @app.get("/")
    async def answer() -> str:
        return "ok"

    assert (await app.test_client().get("/")).status_code == 200
    assert hooks == []
    assert not hasattr(app, "nursery")


async def test_q15_a_long_stream_is_cut_without_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()
    app.config["RESPONSE_TIMEOUT"] = 0.1
    sent: list[str] = []

    async def body():  # noqa: ANN202 - an async generator of text
        yield "begun"
        await trio.sleep(0.3)
        sent.append("to its end")
        yield "ended"

    @app.get("/cut")
    async def cut() -> Response:
        return Response(body())

    @app.get("/whole")
    async def whole() -> Response:
        response = Response(body())
        response.timeout = None
        return response

    async with stock_server(app, monkeypatch) as server:
        for path, ended in (("/cut", False), ("/whole", True)):
            taken = b""
            async with await server.connect() as stream:
                await stream.send_all(head(f"GET {path} HTTP/1.1\r\nConnection: close"))
                with trio.move_on_after(0.8):
                    while piece := await stream.receive_some():
                        taken += piece
            assert taken.startswith(b"HTTP/1.1 200"), path
            assert (b"ended" in taken) is ended, path
            assert sent == (["to its end"] if ended else []), path


async def read_all(app: QuartTrio, path: str) -> bytes:
    """The body through the in-process client, piece by piece."""
    async with app.test_client().request(path) as connection:
        await connection.send_complete()
        return await read_rest(connection)


async def read_rest(connection: Connection) -> bytes:
    taken = b""
    try:
        while True:
            taken += await connection.receive()
    except trio.EndOfChannel:
        return taken


async def test_the_test_client_hangs_on_a_body_of_more_than_ten_pieces() -> None:
    """recipes.md C and 17: therefore streams are tested on a real socket, or by `read_all`."""
    app = bare_app()

    @app.get("/<int:pieces>")
    async def answer(pieces: int) -> Response:
        async def body():  # noqa: ANN202 - an async generator of text
            for _ in range(pieces):
                yield "x"

        return Response(body())

    client = app.test_client()
    with trio.fail_after(5):
        assert len(await (await client.get("/5")).get_data()) == 5
        assert len(await read_all(app, "/40")) == 40
    with trio.move_on_after(0.3) as patience:
        await client.get("/40")
    assert patience.cancelled_caught


async def test_the_test_client_shows_the_body_of_head() -> None:
    """recipes.md C: therefore HEAD is tested on a real socket."""
    app = bare_app()

    @app.get("/")
    async def answer() -> str:
        return "body"

    assert await (await app.test_client().head("/")).get_data() == b"body"


async def test_a_websocket_is_cut_at_the_first_place_of_the_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """recipes.md B3 and 17: therefore `bindery.http.base` wraps the app."""
    app = bare_app()

    @app.websocket("/live")
    async def live() -> None:
        await websocket.accept()
        await websocket.send("hello")

    async def below(scope: Any, receive: Any, send: Any) -> None:
        await app(cast("Any", {**scope, "root_path": "/base"}), receive, send)

    served = bare_app()
    served.asgi_app = below
    async with stock_server(served, monkeypatch) as server:
        for path in ("/base/live", "/x/base/live"):
            async with server.socket(path) as ws:
                assert await ws.get_message() == "hello"


async def test_an_error_after_accept_closes_with_1000(monkeypatch: pytest.MonkeyPatch) -> None:
    """recipes.md B6 and 17: therefore `bindery.http.live` closes with 1011 itself."""
    app = bare_app()

    @app.errorhandler(LookupError)
    async def handled(_error: LookupError) -> Response:
        return Response("", status=500)

    @app.websocket("/live")
    async def live() -> None:
        await websocket.accept()
        raise LookupError

    async with stock_server(app, monkeypatch) as server:
        async with server.socket("/live") as ws:
            with pytest.raises(ConnectionClosed) as closed:
                await ws.get_message()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1000


async def test_a_response_without_a_body_asks_for_asyncio() -> None:
    """Ours give `b""`: Quart walks the missing body as a synchronous iterable, in asyncio.

    Without a loop of that kind it says so; with one left over in the process (a browser driver's)
    trio refuses what it is handed.
    """
    app = bare_app()

    @app.get("/")
    async def answer() -> Response:
        return Response(status=204)

    with pytest.RaisesGroup(
        pytest.RaisesExc((RuntimeError, TypeError), match="event loop|unrecognized yield message"),
        flatten_subgroups=True,
    ):
        await app.test_client().get("/")


async def test_after_request_runs_for_every_answer_of_the_app() -> None:
    """recipes.md B6 and 17: one place for the security headers."""
    app = bare_app()
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.errorhandler(Exception)
    async def handled(_error: Exception) -> Response:
        return Response("", status=500)

    @app.before_request
    async def guard() -> Response | None:
        from quart import request  # noqa: PLC0415 - the proxy of this request

        return Response("", status=401) if "deny" in request.args else None

    @app.after_request
    async def mark(response: Response) -> Response:
        response.headers["X-Mark"] = "1"
        return response

    @app.get("/fault")
    async def fault() -> str:
        raise LookupError

    client = app.test_client()
    for path in ("/fault", "/nowhere", "/fault?deny=1"):
        assert (await client.get(path)).headers["X-Mark"] == "1", path
    assert (await client.post("/fault")).headers["X-Mark"] == "1"


def test_the_url_map_lists_everything_and_adds_what_we_turn_off() -> None:
    """recipes.md B2: the policy table is compared with `iter_rules`."""
    plain = QuartTrio("contract")
    assert {rule.endpoint for rule in plain.url_map.iter_rules()} == {"static"}
    app = bare_app()

    @app.websocket("/live")
    async def live() -> None: ...

    @app.get("/a", provide_automatic_options=False)
    async def a() -> str:
        return ""

    found = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    assert set(found) == {"live", "a"}
    assert found["live"].websocket
    assert not found["a"].websocket
    assert found["a"].methods == {"GET", "HEAD"}


@pytest.mark.parametrize(("merge", "status"), [(True, 308), (False, 404)])
async def test_double_slashes_redirect_unless_it_is_off_before_the_first_rule(
    merge: bool, status: int
) -> None:
    """recipes.md B2."""
    app = bare_app()
    app.url_map.merge_slashes = merge

    @app.get("/api/v1/a")
    async def a() -> str:
        return ""

    assert (await app.test_client().get("/api//v1/a")).status_code == status


async def test_a_stalled_body_is_408() -> None:
    """recipes.md B4: `BODY_TIMEOUT`."""
    app = bare_app()
    app.config["BODY_TIMEOUT"] = 0.1

    @app.post("/")
    async def take() -> str:
        from quart import request  # noqa: PLC0415 - the proxy of this request

        return str(len(await request.get_data()))

    with trio.fail_after(5):
        async with app.test_client().request("/", method="POST") as connection:
            await connection.send(b"begun")
            await read_rest(connection)
            assert cast("Any", connection).status_code == 408


async def test_the_body_has_the_private_limit_that_routes_set() -> None:
    """recipes.md B4 and 17; that it works, `tests/http/test_server.py` shows on the wire."""
    app = bare_app()

    @app.post("/")
    async def take() -> str:
        from quart import request  # noqa: PLC0415 - the proxy of this request

        assert request.body._max_content_length == app.config["MAX_CONTENT_LENGTH"]
        return ""

    assert (await app.test_client().post("/")).status_code == 200
