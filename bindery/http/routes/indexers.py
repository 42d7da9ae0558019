"""Indexers: configuration, test, free search (acquisition.md 1.2)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.legs import IndexerReport
from bindery.domain.moments import iso, iso_or_none
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire import Reason
from bindery.domain.wire.indexer import Indexer, IndexerHealth, IndexerTest
from bindery.domain.wire.search import SearchRelease
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.limiters import retry_after
from bindery.http.once import once
from bindery.http.route import Answer, route
from bindery.http.schemas.search import TextQuery
from bindery.live.topics.search import Asker, read_search, releases_wire
from bindery.operations import indexers as operations
from bindery.operations.indexers import IndexerPatch
from bindery.operations.masking import masked, masked_url
from bindery.operations.once import Replay
from bindery.operations.search import search_text
from bindery.store import indexers
from bindery.store.indexers import IndexerRow, IndexerState
from bindery.store.tx import Reader

blueprint = Blueprint("indexer", __name__)

TOPICS = ("config", "health")
WAIT_S = 60.0


@route(blueprint, "GET", "/api/v1/indexer", returns=list[Indexer])
async def list_indexers(call: Call) -> Answer | Response:
    """Indexers in the order of their priority."""
    now = call.services.clock.now_us()

    def read(reader: Reader) -> list[Indexer]:
        states = indexers.states(reader)
        return [shown(row, states.get(row.id), now) for row in indexers.list_indexers(reader)]

    return conditional(call, TOPICS, read)


@route(blueprint, "GET", "/api/v1/indexer/<id:indexer_id>", returns=Indexer)
async def get_indexer(call: Call, indexer_id: int) -> Answer | Response:
    """One indexer."""
    now = call.services.clock.now_us()

    def read(reader: Reader) -> Indexer | Refusal:
        row = indexers.get(reader, indexer_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        return shown(row, indexers.state(reader, indexer_id), now)

    return conditional(call, TOPICS, read)


@route(blueprint, "POST", "/api/v1/indexer", body=IndexerPatch, returns=Indexer, status=201)
async def add_indexer(call: Call, body: IndexerPatch) -> Indexer | Refusal | Replay:
    """Add an indexer."""
    now = call.services.clock.now_us()
    promise = await once(call, lambda reader, row: _render(reader, row, now))
    made = await operations.add_indexer(call.services.store, call.principal, body, promise)
    return _answer(call, made)


@route(blueprint, "PUT", "/api/v1/indexer/<id:indexer_id>", body=IndexerPatch, returns=Indexer)
async def update_indexer(
    call: Call, indexer_id: int, body: IndexerPatch
) -> Indexer | Refusal | Replay:
    """Change an indexer; absent keys and a masked key stay as they are. Lifts its hold."""
    made = await operations.update_indexer(call.services.store, call.principal, indexer_id, body)
    return _answer(call, made)


@route(blueprint, "DELETE", "/api/v1/indexer/<id:indexer_id>", status=204)
async def delete_indexer(call: Call, indexer_id: int) -> None:
    """Delete an indexer; an unknown one is gone already."""
    await operations.delete_indexer(call.services.store, call.principal, indexer_id)


@route(
    blueprint,
    "POST",
    "/api/v1/indexer/<id:indexer_id>/test",
    body=IndexerPatch,
    returns=IndexerTest,
    optional_body=True,
)
async def test_indexer(
    call: Call, indexer_id: int, body: IndexerPatch | None
) -> IndexerTest | Refusal:
    """Try a stored indexer, with changes that are not saved yet."""
    stored = call.services.store.read(lambda reader: indexers.get(reader, indexer_id))
    if stored is None:
        return refuse(Code.NOT_FOUND)
    fields = operations.resolve(body or IndexerPatch(), stored)
    if isinstance(fields, Refusal):
        return fields
    unchanged = body is None or (fields.url, fields.api_key, fields.type, fields.categories) == (
        stored.url,
        stored.api_key,
        stored.type,
        stored.categories,
    )
    return _told(
        await call.services.ports.prober.test_indexer(fields, indexer_id if unchanged else None)
    )


@route(blueprint, "POST", "/api/v1/indexer/test", body=IndexerPatch, returns=IndexerTest)
async def test_unsaved(call: Call, body: IndexerPatch) -> IndexerTest | Refusal:
    """Try a configuration that is not saved."""
    named = operations.with_name(body)
    fields = operations.resolve(named, None)
    if isinstance(fields, Refusal):
        return fields
    return _told(await call.services.ports.prober.test_indexer(fields))


@route(blueprint, "GET", "/api/v1/indexer/search", query=TextQuery, returns=list[SearchRelease])
async def search(call: Call, query: TextQuery) -> tuple[SearchRelease, ...] | Refusal:
    """Search every indexer for words; waits for the slowest, at most 60 s. 30 in a minute."""
    store = call.services.store
    wait = call.kernel.limiters.search.charge(str(call.principal.user_id))
    if wait is not None:
        return Refusal(code=Code.RATE_LIMITED, retry_after_s=retry_after(wait))
    started = await search_text(store, call.principal, query.q, trace=call.trace)
    if isinstance(started, Refusal):
        return () if started.code is Code.NO_INDEXER else started
    await store.settled(started.command_id, within=WAIT_S)
    asker = Asker(call.principal.user_id, call.scope)
    found = store.read(lambda reader: read_search(reader, started.search_id, asker))
    return releases_wire(found) if found is not None else ()


def _answer(call: Call, made: IndexerRow | Refusal | Replay) -> Indexer | Refusal | Replay:
    if not isinstance(made, IndexerRow):
        return made
    now = call.services.clock.now_us()
    return call.services.store.read(lambda reader: _render(reader, made, now))


def _render(reader: Reader, row: IndexerRow, now_us: int) -> Indexer:
    return shown(row, indexers.state(reader, row.id), now_us)


def shown(row: IndexerRow, state: IndexerState | None, now_us: int) -> Indexer:
    """One indexer for the wire: its key stays here."""
    return Indexer(
        id=row.id,
        name=row.name,
        type=row.type,
        url=masked_url(row.url),
        api_key=masked(row.api_key),
        api_key_configured=bool(row.api_key),
        categories=row.categories,
        include_parent_categories=row.include_parent,
        priority=row.priority,
        enabled=row.enabled,
        supports_search=row.supports_search,
        freeleech_only=row.freeleech_only,
        timeout_s=row.timeout_s,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        rev=row.rev,
        health=_health(row, state, now_us),
        seed_ratio=row.seed_ratio,
        seed_ratio_source=row.seed_ratio_source,
    )


def _health(row: IndexerRow, state: IndexerState | None, now_us: int) -> IndexerHealth:
    held = state.hold_until if state and (state.hold_until or 0) > now_us else None
    failing = state is not None and state.code is not None
    known = "held" if held else "failing" if failing else "ok" if state and state.ok_at else ""
    return IndexerHealth(
        status=(known or "unknown") if row.enabled else "disabled",
        ok_at=iso_or_none(state.ok_at if state else None),
        failed_at=iso_or_none(state.failed_at if state else None),
        held_until=iso_or_none(held),
        reason=Reason(code=state.code, params=dict(state.params)) if state and state.code else None,
    )


def _told(report: IndexerReport | Refusal) -> IndexerTest | Refusal:
    if isinstance(report, Refusal):
        return report
    return IndexerTest(
        ok=report.ok,
        status=report.status,
        categories=report.categories,
        book_search=report.book_search,
        latency_ms=report.latency_ms,
        search_results=report.search_results,
        supported_params=report.supported_params,
        unknown_categories=report.unknown_categories,
        search_error=report.search_code or "",
        message="ok" if report.ok else "",
        error=_sentence(report),
        code=report.code or "",
        params=dict(report.params),
    )


def _sentence(report: IndexerReport) -> str:
    if report.code is None:
        return ""
    text = report.params.get("text")
    words = str(text) if text else report.code.replace("_", " ")
    return f"HTTP {report.status}: {words}" if report.status else words
