"""The OpenAPI 3.1 document, made from the routes without a server (recipes.md B1).

`python -m bindery.http.openapi [FILE]` writes it; a test compares `docs/api/openapi.json`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast, get_origin

import msgspec
from quart import Blueprint
from quart_trio import QuartTrio
from werkzeug.routing import Rule as UrlRule

from bindery.domain.door import Access
from bindery.domain.wire.attention import AttentionItem
from bindery.domain.wire.author import Author
from bindery.domain.wire.book import Book
from bindery.domain.wire.counters import Counters
from bindery.domain.wire.health import HealthRow
from bindery.domain.wire.job import Job
from bindery.domain.wire.queue import QueueRow
from bindery.domain.wire.search import LegStarted, SearchDone, SearchLeg, SearchRelease
from bindery.http.errors import ErrorBody
from bindery.http.policy import POLICY, Rule, Table, find, keys_of
from bindery.http.registry import blueprints
from bindery.http.route import IdConverter, Meta, meta_of
from bindery.live import frames

SERVER_FRAMES = (
    frames.Hello,
    frames.Snap,
    frames.Delta,
    frames.Event,
    frames.Inval,
    frames.Gap,
    frames.Err,
    frames.Heartbeat,
)
LIVE_ROWS = (
    AttentionItem,
    Author,
    Book,
    Counters,
    HealthRow,
    Job,
    LegStarted,
    QueueRow,
    SearchDone,
    SearchLeg,
    SearchRelease,
)
"""What the topics carry: frames hold their rows as plain JSON, so these are named by hand."""

CLIENT_FRAMES = (frames.Sub, frames.Unsub, frames.Opts, frames.Vis, frames.Ok)
_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"<(?:(?P<kind>[a-z]+):)?(?P<name>[a-zA-Z_]+)>")


def _any_json(kind: type) -> dict[str, Any]:
    """`object` and `Raw` stand for any JSON value: the values behind a code, stored results."""
    if kind is object or kind is msgspec.Raw:
        return {"description": "any JSON value"}
    raise NotImplementedError(kind)


def document(
    version: str = "1",
    given: Sequence[Blueprint] | None = None,
    table: Table = POLICY,
) -> dict[str, Any]:
    """The whole document, sorted, so that two exports of the same routes are equal."""
    app = QuartTrio("bindery", static_folder=None)
    app.url_map.converters["id"] = IdConverter
    for blueprint in blueprints() if given is None else given:
        app.register_blueprint(blueprint)
    described = sorted(_described(app), key=lambda entry: (entry[0], entry[1].method))
    types = list(_types(meta for _, meta, _ in described))
    schemas, components = msgspec.json.schema_components(
        types, ref_template=_REF, schema_hook=_any_json
    )
    schema_of = dict(zip(map(_key, types), schemas, strict=True))
    paths: dict[str, Any] = {}
    for path, meta, rule in described:
        row = find(table, rule.endpoint, meta.method)
        operation = _operation(rule, meta, row, schema_of)
        paths.setdefault(path, {})[meta.method.lower()] = operation
    components = {**components, **_unions()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bindery", "version": version},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": _SCHEMES,
        },
    }


_SCHEMES: dict[str, Any] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "bindery_session"},
    "basic": {"type": "http", "scheme": "basic"},
}


def _described(app: QuartTrio) -> Iterable[tuple[str, Meta, UrlRule]]:
    for rule in app.url_map.iter_rules():
        meta = meta_of(app.view_functions.get(rule.endpoint))
        if rule.websocket or meta is None or not list(keys_of(rule)):
            continue
        yield _PARAMETER.sub(r"{\g<name>}", rule.rule), meta, rule


def _types(metas: Iterable[Meta]) -> Iterable[Any]:
    """Every type once: bodies, answers, the types of query fields, frames and their rows."""
    seen: set[object] = set()
    wanted: list[Any] = [ErrorBody, *SERVER_FRAMES, *CLIENT_FRAMES, *LIVE_ROWS]
    for meta in metas:
        kinds = (meta.body, meta.returns, *meta.also.values())
        wanted += [kind for kind in kinds if kind is not None]
        wanted += [entry.type for entry in _fields(meta)]
    for kind in wanted:
        if _key(kind) not in seen:
            seen.add(_key(kind))
            yield kind


def _key(kind: Any) -> str:
    if isinstance(kind, type) and get_origin(kind) is None:
        return f"{kind.__module__}.{kind.__qualname__}"
    return repr(kind)


def _operation(rule: UrlRule, meta: Meta, row: Rule, schema_of: dict[str, Any]) -> dict[str, Any]:
    error = {"description": "Refused", "content": {"application/json": {"schema": _ERROR}}}
    kinds = {meta.status: meta.returns, **meta.also}
    operation: dict[str, Any] = {
        "operationId": rule.endpoint,
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": meta.summary,
        "responses": {
            **{str(status): _success(meta, status, kinds[status], schema_of) for status in kinds},
            "default": error,
        },
        "x-access": row.access.value,
    }
    if row.access is not Access.public:
        schemes = ["apiKey", "session", *(["basic"] if row.access is Access.opds else [])]
        operation["security"] = [{name: []} for name in schemes]
    parameters = [*_path_parameters(rule), *_query_parameters(meta, schema_of)]
    if parameters:
        operation["parameters"] = parameters
    if meta.body is not None:
        operation["requestBody"] = {
            "required": not meta.optional_body,
            "content": {"application/json": {"schema": schema_of[_key(meta.body)]}},
        }
    return operation


def _success(meta: Meta, status: int, kind: object, schemas: dict[str, Any]) -> dict[str, Any]:
    if status == 204:
        return {"description": "Done"}
    schema: object = {} if kind is None else schemas[_key(kind)]
    return {"description": "Done", "content": {meta.media: {"schema": schema}}}


_ERROR = {"$ref": "#/components/schemas/ErrorBody"}


def _path_parameters(rule: UrlRule) -> Iterable[dict[str, Any]]:
    for match in _PARAMETER.finditer(rule.rule):
        kind = "integer" if match["kind"] in {"id", "int"} else "string"
        schema = {"type": kind}
        yield {"name": match["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(meta: Meta, schema_of: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for entry in _fields(meta):
        yield {
            "name": entry.encode_name,
            "in": "query",
            "required": entry.required,
            "schema": schema_of[_key(entry.type)],
        }


def _fields(meta: Meta) -> tuple[msgspec.structs.FieldInfo, ...]:
    return () if meta.query is None else msgspec.structs.fields(cast("Any", meta.query))


def _unions() -> dict[str, Any]:
    """The two directions of the websocket, told apart by `t`."""
    return {
        "LiveServerFrame": _union(SERVER_FRAMES),
        "LiveClientFrame": _union(CLIENT_FRAMES),
    }


def _union(kinds: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    refs = {str(kind.__struct_config__.tag): _REF.format(name=kind.__name__) for kind in kinds}
    return {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "t", "mapping": refs},
    }


def encode(value: object) -> bytes:
    """Indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def main(arguments: Sequence[str]) -> int:
    """Write the document to a file, or to standard output."""
    data = encode(document())
    if arguments:
        Path(arguments[0]).write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
