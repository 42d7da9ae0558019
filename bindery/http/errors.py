"""Every failure becomes one JSON shape: `{"error","code","field","params","requestId"}`.

`error` is the text of the wire contract, `code` the stable machine name. The table of refusals
is total over `Code`: `check_total` runs at start and in a test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import structlog
from quart import Quart, Response, g, has_request_context, has_websocket_context
from werkzeug.exceptions import HTTPException

from bindery.domain.door import Denial
from bindery.domain.refusal import Code, Refusal
from bindery.http.refusals import REFUSALS
from bindery.http.wire import JSON, json_response

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure of the HTTP layer itself: bad body, bad id, closed door."""

    status: int
    code: Code
    text: str
    field: str | None = None
    params: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


class ErrorBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """The error envelope. `error` is for people and old clients, `code` for programs."""

    error: str
    code: Code
    field: str | None = None
    params: dict[str, Any] = {}
    request_id: str = ""


CHALLENGE = 'Basic realm="Bindery OPDS"'

NOT_FOUND = Problem(404, Code.NOT_FOUND, "not found")
INTERNAL = Problem(500, Code.INTERNAL, "internal server error")
STORE_BUSY = Problem(
    503, Code.STORE_BUSY, "the database is busy, try again", headers={"Retry-After": "2"}
)
STORE_UNAVAILABLE = Problem(
    503, Code.STORE_UNAVAILABLE, "the database cannot be used", headers={"Retry-After": "5"}
)
ACTOR_BUSY = Problem(503, Code.ACTOR_BUSY, "too much is waiting", headers={"Retry-After": "2"})
OUTSIDE = Problem(502, Code.PROVIDER_UNAVAILABLE, "the other side is not available")
"""For failures of adapters that no port turned into a refusal; `service.py` maps them to it."""
TIMEOUT = Problem(504, Code.TIMEOUT, "the answer took too long")

_HTTP: Mapping[int, tuple[Code, str]] = {
    404: (Code.NOT_FOUND, "not found"),
    405: (Code.METHOD_NOT_ALLOWED, "method not allowed"),
    408: (Code.TIMEOUT, "the request body took too long"),
    413: (Code.TOO_LARGE, "request body too large"),
    415: (Code.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"),
    429: (Code.RATE_LIMITED, "too many requests"),
}


def check_total() -> None:
    """Refuse to start when a refusal code has no status and text."""
    missing = [code.value for code in Code if code not in REFUSALS]
    if missing:
        raise RuntimeError(f"refusal codes without an HTTP answer: {', '.join(missing)}")


def problem_response(problem: Problem, extra: Mapping[str, object] | None = None) -> Response:
    """The envelope of one problem, with the correlation id of this request.

    `extra` are top-level keys that old clients rely on; they never replace ours.
    """
    body = ErrorBody(
        error=problem.text,
        code=problem.code,
        field=problem.field,
        params=dict(problem.params),
        request_id=request_id(),
    )
    value = {**extra, **msgspec.to_builtins(body)} if extra else body
    response = json_response(value, problem.status)
    response.headers.update(problem.headers)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def refused(refusal: Refusal) -> Response:
    """The answer to a refusal value: status and text by its code."""
    status, text = REFUSALS[refusal.code]
    headers: dict[str, str] = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, refusal.retry_after_s))
    text = text.format_map(_Params({**refusal.params, "field": refusal.field or ""}))
    return problem_response(
        Problem(status, refusal.code, text, refusal.field, refusal.params, headers),
        refusal.extra,
    )


class _Params(dict[str, object]):
    """Values for the text of a refusal; one that is missing leaves nothing behind."""

    def __missing__(self, key: str) -> str:
        return ""


def denied(denial: Denial) -> Response:
    """The answer of the closed door, with the Basic challenge where one is due."""
    headers = {"WWW-Authenticate": CHALLENGE} if denial.challenge else {}
    return problem_response(Problem(denial.status, denial.code, denial.text, headers=headers))


def request_id() -> str:
    """The correlation id bound by the first hook; empty outside a request."""
    if has_request_context() or has_websocket_context():
        return cast("str", getattr(g, "request_id", ""))
    return ""


def install(app: Quart, known: Mapping[type[Exception], Problem]) -> None:
    """Register the handlers. `known` maps faults with an answer of their own (busy, gone ...)."""
    check_total()

    async def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        code, text = _HTTP.get(status, (Code.INVALID, (error.name or "error").lower()))
        kept = {
            name: value
            for name, value in error.get_headers()
            if name in {"Allow", "Retry-After", "Content-Range"}
        }
        return problem_response(Problem(status, code, text, headers=kept))

    async def fault(error: Exception) -> Response:
        problem = _known(error, known)
        if problem is not None:
            log.warning("request failed", code=problem.code, error=type(error).__name__)
            return problem_response(problem)
        log.error("unhandled error", exc_info=error)
        return problem_response(INTERNAL)

    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, fault)


def _known(error: Exception, known: Mapping[type[Exception], Problem]) -> Problem | None:
    problem = next((known[kind] for kind in type(error).__mro__ if kind in known), None)
    if problem is None:
        return None
    wait = getattr(error, "retry_after_s", None)
    if isinstance(wait, int | float):
        headers = {**problem.headers, "Retry-After": str(max(1, round(wait)))}
        return Problem(problem.status, problem.code, problem.text, headers=headers)
    return problem


def is_json(response: Response) -> bool:
    """Was this answer made by us as JSON?"""
    return response.mimetype == JSON
