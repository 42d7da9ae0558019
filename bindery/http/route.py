"""The `route()` decorator: strict bodies, lenient query text, answers by msgspec.

Source: recipes.md B1. A handler is a short `async def` that receives a `Call` first, then the
path parameters by name, then `query` and `body` where the route declares them. It returns a
value to encode, a `Refusal`, an `Answer` (value plus headers) or a finished `Response`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

import msgspec
from quart import Blueprint, Response, g, request
from werkzeug.routing import BaseConverter

from bindery.domain.refusal import Code, Refusal
from bindery.http.call import Call
from bindery.http.errors import Problem, problem_response, refused
from bindery.http.integers import REASON, oversized_in, oversized_in_body
from bindery.http.wire import JSON, json_response
from bindery.operations.once import Replay

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[object]]
H = TypeVar("H", bound=Handler)

BODY_LIMIT = 1 << 20
"""Bytes of a request body unless the route says otherwise (recipes.md B4)."""

_FIELD = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_ID = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Meta:
    """What the exporter and the body limit need to know about one route."""

    method: Method
    body: object = None
    query: type | None = None
    returns: object = None
    status: int = 200
    limit: int = BODY_LIMIT
    optional_body: bool = False
    summary: str = ""
    media: str = JSON
    also: Mapping[int, object] = field(default_factory=dict[int, object])


@dataclass(frozen=True, slots=True)
class Answer:
    """A value together with a status and headers that differ from the route's own."""

    value: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class BadId(str):
    """A path segment where an integer was expected; the wrapper refuses it with 400."""

    __slots__ = ()


class IdConverter(BaseConverter):
    """`<id:book_id>`: an integer, or a 400 `invalid id` instead of a 404 (catalogue.md 0.1)."""

    regex = r"[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> int | BadId:
        return int(value) if _ID.fullmatch(value) else BadId(value)

    def to_url(self, value: object) -> str:
        return str(value)


def route(
    blueprint: Blueprint,
    method: Method,
    path: str,
    *,
    body: object = None,
    query: type | None = None,
    returns: object = None,
    status: int = 200,
    limit: int = BODY_LIMIT,
    optional_body: bool = False,
    media: str = JSON,
    also: Mapping[int, object] | None = None,
) -> Callable[[H], H]:
    """Register a handler under `<blueprint>.<function name>`, its key in the policy table.

    `body` and `query` are msgspec types. `returns` is the type of the 2xx answer, only for the
    OpenAPI document. `status` is used when the handler returns a bare value; 204 has no body.
    `also` are further statuses of success with their types, set by `Answer`, for the document.
    `limit` bounds the request body in bytes; quart keeps bodies in memory, so it cannot exceed
    `BODY_LIMIT` (larger uploads need a streaming route of their own). With `optional_body` an
    empty body becomes None.
    """
    if limit > BODY_LIMIT:
        raise ValueError(f"{path}: bodies of more than {BODY_LIMIT} bytes must be streamed")

    def register(handler: H) -> H:
        meta = Meta(
            method,
            body,
            query,
            returns,
            status,
            limit,
            optional_body,
            _summary(handler),
            media,
            also or {},
        )
        view = _wrap(handler, meta)
        blueprint.add_url_rule(
            path,
            handler.__name__,
            view,
            methods=[method],
            provide_automatic_options=False,
            strict_slashes=False,
        )
        return handler

    return register


def _summary(handler: Handler) -> str:
    return (handler.__doc__ or "").strip().partition("\n")[0]


def _wrap(handler: Handler, meta: Meta) -> Callable[..., Awaitable[Response]]:
    decoder = None if meta.body is None else msgspec.json.Decoder[object](cast("Any", meta.body))
    lists = _list_fields(meta.query) if meta.query is not None else frozenset[str]()

    @wraps(handler)
    async def view(**path: object) -> Response:
        call = cast("Call", g.call)
        for name, value in path.items():
            if isinstance(value, BadId):
                return problem_response(Problem(400, Code.INVALID, "invalid id", name))
        arguments = dict(path)
        if meta.query is not None:
            query = _query(meta.query, lists)
            if isinstance(query, Problem):
                return problem_response(query)
            arguments["query"] = query
        if decoder is not None:
            body = await _body(decoder, optional=meta.optional_body)
            if isinstance(body, Problem):
                return problem_response(body)
            arguments["body"] = body
        return respond(await handler(call, **arguments), meta.status)

    view.meta = meta  # type: ignore[attr-defined]  # read by the exporter and the body limit
    return view


def meta_of(view: object) -> Meta | None:
    """The declaration behind a view function, or None for a view of another making."""
    found = getattr(view, "meta", None)
    return found if isinstance(found, Meta) else None


def respond(value: object, status: int) -> Response:
    """Turn what a handler returned into a response."""
    headers: Mapping[str, str] = {}
    if isinstance(value, Answer):
        status = value.status or status
        headers, value = value.headers, value.value
    if isinstance(value, Response):
        response = value
    elif isinstance(value, Refusal):
        response = refused(value)
    elif isinstance(value, Replay):
        response = Response(value.body, value.status, content_type=JSON)
    elif value is None and status == 204:
        response = Response(b"", status)
        response.headers.pop("Content-Type", None)
    else:
        response = json_response(value, status)
    response.headers.update(headers)
    return response


def _list_fields(query: type) -> frozenset[str]:
    """Wire names of the query fields that take repeated values."""
    found: set[str] = set()
    for entry in msgspec.structs.fields(cast("Any", query)):
        kinds = (entry.type, *get_args(entry.type))
        if any(get_origin(kind) in {list, tuple, set, frozenset} for kind in kinds):
            found.add(entry.encode_name)
    return frozenset(found)


def _query(kind: type, lists: frozenset[str]) -> object:
    raw = request.args.to_dict(flat=False)
    chosen = {name: values if name in lists else values[-1] for name, values in raw.items()}
    try:
        found = cast("object", msgspec.convert(chosen, kind, strict=False))
    except msgspec.ValidationError as error:
        return invalid(error, 400)
    large = oversized_in(found)
    return found if large is None else _too_large(large, 400)


async def _body(decoder: msgspec.json.Decoder[object], *, optional: bool) -> object:
    data = cast("bytes", await request.get_data())
    if not data.strip() and optional:
        return None
    if request.mimetype != JSON and not request.mimetype.endswith("+json"):
        return Problem(415, Code.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    try:
        found = decoder.decode(data)
    except msgspec.ValidationError as error:
        return invalid(error, 422)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Problem(400, Code.MALFORMED, "invalid request body")
    large = oversized_in_body(data)
    return found if large is None else _too_large(large, 422)


def _too_large(name: str, status: int) -> Problem:
    text = f"{name}: {REASON}" if name else REASON
    return Problem(status, Code.INVALID, text, name or None, {"reason": REASON})


def invalid(error: msgspec.ValidationError, status: int) -> Problem:
    """Split msgspec's message into the reason and the path of the field, in wire names."""
    match = _FIELD.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    missing = re.search(r"missing required field `([^`]+)`", what)
    name = path.lstrip(".")
    if missing:
        name = f"{name}.{missing[1]}" if name else missing[1]
    text = f"{name}: {what}" if name else what
    return Problem(status, Code.INVALID, text, name or None, {"reason": what})
