"""`create_app`: routes, hooks and policy put together (architecture.md 9).

The app is called directly by tests and by `bindery.http.server`. It owns no tasks and no
lifespan: everything it uses was opened before, by the composition root.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
import trio
from quart import Blueprint, Response, g, request, websocket
from werkzeug.exceptions import MethodNotAllowed, NotFound

from bindery.domain.door import Tree
from bindery.domain.refusal import Code, Refusal
from bindery.http import cookies, errors, headers, policy, registry
from bindery.http.application import App, current
from bindery.http.auth import Door
from bindery.http.compression import compress
from bindery.http.credentials import peer_of, secure
from bindery.http.errors import Problem, problem_response
from bindery.http.kernel import Kernel
from bindery.http.limiters import retry_after
from bindery.http.passwords import Busy
from bindery.http.route import IdConverter, meta_of
from bindery.http.services import Services
from bindery.http.spa import BuiltApp
from bindery.runtime.mailbox import ActorGone, MailboxFull
from bindery.runtime.trace import new_trace
from bindery.store.errors import StoreBusy, StoreUnavailable

log = structlog.get_logger()

BODY_TIMEOUT_S = 20
BODY_LIMIT = 1 << 20

_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

FAULTS: Mapping[type[Exception], Problem] = {
    StoreBusy: errors.STORE_BUSY,
    StoreUnavailable: errors.STORE_UNAVAILABLE,
    MailboxFull: errors.ACTOR_BUSY,
    ActorGone: errors.ACTOR_BUSY,
    Busy: errors.ACTOR_BUSY,
    trio.TooSlowError: errors.TIMEOUT,
}


def create_app(
    services: Services,
    *,
    built: BuiltApp | None = None,
    blueprints: Sequence[Blueprint] | None = None,
    table: policy.Table | None = None,
    faults: Mapping[type[Exception], Problem] | None = None,
) -> App:
    """Build the application; raises RuntimeError when routes and policy differ.

    `blueprints` and `table` replace the program's own, for tests of the kernel. `faults` adds
    exceptions with an answer of their own, such as the failures of adapters.
    """
    app = App("bindery", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT_S
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    settings = services.settings
    app.services = services
    app.table = policy.POLICY if table is None else table
    app.kernel = Kernel.of(services)
    app.door = Door(services, app.kernel)
    app.built = built or BuiltApp.empty(settings.url_base, settings.frame_ancestors)
    for blueprint in registry.blueprints() if blueprints is None else blueprints:
        app.register_blueprint(blueprint)
    errors.install(app, {**FAULTS, **(faults or {})})
    app.before_request(_enter)
    app.before_websocket(_enter_socket)
    app.after_request(_leave)
    app.after_websocket(cast("Any", _leave_socket))
    policy.check(app, app.table)
    return app


def _bind() -> str:
    trace = new_trace()
    g.request_id = trace
    g.started = trio.current_time()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(trace=trace)
    return trace


async def _enter() -> Response | None:
    """First hook: correlation id, the door, then the body limit. Never by path text."""
    trace = _bind()
    sent = request.headers.get("X-Request-Id", "")
    if _CLIENT_ID.fullmatch(sent):
        structlog.contextvars.bind_contextvars(client_request_id=sent)
    app = current()
    rule = request.url_rule
    if rule is None:
        return await _unrouted(app, trace)
    row = policy.find(app.table, rule.endpoint, request.method)
    entered = await app.door.enter(request, policy.tree_of(rule.rule), row, trace)
    if isinstance(entered, Response):
        return entered
    g.call = entered
    return _limit_body(app)


async def _unrouted(app: App, trace: str) -> Response | None:
    """Unknown path or method: strangers get 401 inside the trees, others 404 or 405."""
    tree = policy.tree_of(request.path)
    wrong_method = isinstance(request.routing_exception, MethodNotAllowed)
    if tree is Tree.app:
        if wrong_method:
            return None
        if request.method in {"GET", "HEAD"}:
            return app.built.respond(request)
        return problem_response(_not_allowed("GET, HEAD"))
    entered = await app.door.enter(request, tree, None, trace)
    return entered if isinstance(entered, Response) else None


def _not_allowed(allow: str) -> Problem:
    status, text = 405, "method not allowed"
    return Problem(status, Code.METHOD_NOT_ALLOWED, text, headers={"Allow": allow})


def _limit_body(app: App) -> Response | None:
    """Per-route body limit (recipes.md B4); the attribute is held by a contract test."""
    meta = meta_of(app.view_functions[cast("str", request.endpoint)])
    if meta is None or meta.limit == BODY_LIMIT:
        return None
    if request.content_length is not None and request.content_length > meta.limit:
        text = "request body too large"
        return problem_response(Problem(413, Code.TOO_LARGE, text))
    request.body._max_content_length = meta.limit  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no public way; contract-tested
    return None


async def _enter_socket() -> Response | None:
    trace = _bind()
    app = current()
    rule = websocket.url_rule
    if rule is None:
        raise NotFound
    wait = app.kernel.limiters.handshake.charge(peer_of(websocket, app.services).limiter_key)
    if wait is not None:
        return errors.refused(Refusal(code=Code.RATE_LIMITED, retry_after_s=retry_after(wait)))
    row = policy.find(app.table, rule.endpoint, policy.WS)
    entered = await app.door.enter(websocket, policy.tree_of(rule.rule), row, trace)
    if isinstance(entered, Response):
        return entered
    g.call = entered
    return None


async def _leave(response: Response) -> Response:
    """Last hook, also for errors: security headers, slid cookie, metrics."""
    app = current()
    rule = request.url_rule
    template = rule.rule if rule is not None else ""
    tree = policy.tree_of(template or request.path)
    peer = peer_of(request, app.services)
    headers.secure_headers(
        response,
        tree=tree,
        template=template,
        frame_ancestors=app.services.settings.frame_ancestors,
        https=secure(peer),
    )
    slid = getattr(g, "slid", None)
    if slid is not None:
        cookies.grant(response, **slid)
    await compress(response, request.accept_encodings["gzip"] > 0)
    if response.status_code == 304:
        response.headers.pop("Content-Type", None)
        response.headers.pop("Content-Length", None)
    seconds = trio.current_time() - g.started
    app.kernel.metrics.count(request.method, template or "other", response.status_code, seconds)
    return response


async def _leave_socket(response: Response | None) -> Response | None:
    if response is not None:
        headers.secure_headers(
            response, tree=Tree.live, template="", frame_ancestors="", https=False
        )
    return response
