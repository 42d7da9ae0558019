"""Topic `search:{id}`: what each indexer brought, rendered from rows (architecture.md 8.4).

A late subscriber and one after a restart see the same items. Marks are
`start:<id>`, `leg:<id>` and `done`.
"""

from collections.abc import Iterable, Sequence

import msgspec

from bindery.domain.moments import iso, iso_or_none
from bindery.domain.offers import Release, RequestRecord
from bindery.domain.principal import Scope
from bindery.domain.redaction import strip_secrets
from bindery.domain.wire import Reason
from bindery.domain.wire.search import (
    SEALED,
    Judgement,
    LegStarted,
    RequestLine,
    SearchCounts,
    SearchDone,
    SearchLeg,
    SearchRecord,
    SearchRelease,
    WireRejection,
)
from bindery.live.topic import NOBODY, FeedItem, Id, Snapshot, Topic
from bindery.store import indexers, searches
from bindery.store.searches import CandidateRow, LegRow, SearchRow
from bindery.store.store import Store
from bindery.store.tx import Reader

SHOWN = 1_000
_PARTIAL = frozenset({"deadline", "cancelled"})


class _Stored(Release, frozen=True, kw_only=True):
    """A release as the candidate keeps it: without its link."""

    link: str = ""


_releases = msgspec.json.Decoder(_Stored)
_judgements = msgspec.json.Decoder(Judgement)
_rejections = msgspec.json.Decoder(tuple[WireRejection, ...])
_requests = msgspec.json.Decoder(tuple[RequestRecord, ...])


class Shown(msgspec.Struct, frozen=True):
    """A search with its rows, read in one snapshot."""

    search: SearchRow
    legs: list[LegRow]
    candidates: list[CandidateRow]
    """At most 1,000, the best of them."""
    tally: dict[str, int]
    priorities: dict[int, int]


class Asker(msgspec.Struct, frozen=True):
    """Who wants to see a search. What a person searched is that person's (security-rulings.md 7);
    automatic searches are of the library. `everything`: an admin.
    """

    user_id: int | None
    scope: Scope
    everything: bool = False

    def may_see(self, row: SearchRow) -> bool:
        """Whether the search exists for them; its library is in scope."""
        return self.everything or row.kind == "automatic" or row.by_user == self.user_id


def read_search(
    reader: Reader, search_id: int, asker: Asker, legs: Iterable[int] | None = None
) -> Shown | None:
    """A search with all its rows, or with the releases of these legs only; None = no such search
    for this asker.
    """
    search = searches.get(reader, search_id, asker.scope)
    if search is None or not asker.may_see(search):
        return None
    rows = searches.legs(reader, search_id)
    if legs is None:
        found = searches.candidates(reader, search_id, SHOWN)
    else:
        wanted = set(legs)
        asked = [leg.indexer_id for leg in rows if leg.id in wanted and leg.indexer_id is not None]
        found = searches.candidates_of(reader, search_id, asked, SHOWN) if asked else []
    priorities = {row.id: row.priority for row in indexers.list_indexers(reader)}
    return Shown(search, rows, found, searches.tally(reader, search_id), priorities)


def release_wire(row: CandidateRow, names: dict[int | None, str], priority: int) -> SearchRelease:
    """One judged release."""
    release = _releases.decode(row.release)
    judged = _judgements.decode(row.judgement)
    rejections = _rejections.decode(row.rejections)
    return SearchRelease(
        id=row.id,
        candidate_id=row.id,
        search_id=row.search_id,
        guid=strip_secrets(row.guid),
        indexer_id=row.indexer_id,
        indexer_name=names.get(row.indexer_id, ""),
        indexer_priority=priority,
        title=row.title,
        size=row.size or 0,
        pub_date=iso(row.published_at) if row.published_at else "",
        nzb_url=f"{SEALED}{row.id}",
        info_url=strip_secrets(release.info_url),
        category=str(release.categories[-1]) if release.categories else "",
        grabs=release.grabs or 0,
        author=release.author,
        book_title=release.book_title,
        protocol=row.protocol,
        language=release.language,
        download_volume_factor=release.download_volume_factor,
        media_type=judged.media_type,
        approved=row.verdict in ("grab", "acceptable"),
        rejection=rejections[0].text if rejections else "",
        verdict=row.verdict,
        score=row.score,
        score_parts=judged.score_parts,
        rejections=rejections,
        published_at=iso_or_none(row.published_at),
        seeders=row.seeders,
        peers=release.peers,
        files=release.files,
        info_hash=row.info_hash,
        quality=judged.quality,
        slot_id=row.slot_id,
        confidence=judged.confidence,
        evidence=judged.evidence,
        parsed=judged.parsed,
    )


def leg_wire(leg: LegRow) -> SearchLeg:
    """One leg with its requests."""
    requests = _requests.decode(leg.requests)
    return SearchLeg(
        id=leg.id,
        indexer_id=leg.indexer_id,
        indexer_name=leg.indexer_name,
        status=leg.status,
        count=leg.found,
        kept=leg.kept,
        excess=leg.excess,
        ms=leg.ms,
        error=Reason(code=leg.code, params=dict(leg.params)) if leg.code else None,
        requests=tuple(
            RequestLine(url=one.url, status=one.status, ms=one.ms, count=one.count, code=one.code)
            for one in requests
        ),
    )


def releases_wire(shown: Shown) -> tuple[SearchRelease, ...]:
    """The judged releases, best first."""
    names: dict[int | None, str] = {leg.indexer_id: leg.indexer_name for leg in shown.legs}
    return tuple(
        release_wire(row, names, shown.priorities.get(row.indexer_id or 0, 0))
        for row in shown.candidates
    )


def search_wire(shown: Shown) -> SearchRecord:
    """The whole record."""
    row = shown.search
    return SearchRecord(
        id=row.id,
        book_id=row.book_id,
        slot_id=row.slot_id,
        text=row.text,
        kind=row.kind,
        cause=row.cause,
        started_at=iso(row.created_at),
        deadline_at=iso(row.deadline_at),
        done_at=iso_or_none(row.done_at),
        partial=is_partial(shown),
        outcome=row.outcome,
        download_id=row.grabbed_download_id,
        trace=row.trace,
        counts=counts(shown),
        legs=tuple(leg_wire(leg) for leg in shown.legs),
        candidates=releases_wire(shown),
    )


def is_partial(shown: Shown) -> bool:
    """Whether somebody has not answered (in time)."""
    return any(leg.done_at is None or leg.code in _PARTIAL for leg in shown.legs)


def counts(shown: Shown) -> SearchCounts:
    """The figures of a search."""
    return SearchCounts(
        found=sum(leg.found for leg in shown.legs),
        grab=shown.tally["grab"],
        acceptable=shown.tally["acceptable"],
        soft=shown.tally["soft"],
        hard=shown.tally["hard"],
        indexers=len(shown.legs),
        failed=sum(leg.code is not None for leg in shown.legs),
    )


def search_topic(store: Store) -> Topic:
    """The family of feeds for the hub."""

    def read(name: str, scope: Scope, legs: Iterable[int] | None) -> Shown | None:
        search_id = _number(name)
        if search_id is None:
            return None
        user, *libraries = scope
        asker = Asker(None if user == NOBODY else user, tuple(libraries))
        return store.read(lambda reader: read_search(reader, search_id, asker, legs))

    def render(name: str, ids: Sequence[Id], scope: Scope) -> list[FeedItem]:
        begun, ended = _marked(ids, "start"), _marked(ids, "leg")
        shown = read(name, scope, ended)
        if shown is None:
            return []
        made = [item for leg in shown.legs if leg.id in begun for item in _start(leg)]
        made += [item for leg in shown.legs if leg.id in ended for item in _leg(shown, leg)]
        return [*made, *_end(shown)] if "done" in ids else made

    def snapshot(name: str, scope: Scope) -> Snapshot | None:
        shown = read(name, scope, None)
        if shown is None:
            return None
        made = [item for leg in shown.legs for item in (*_start(leg), *_leg(shown, leg))]
        return Snapshot([*made, *_end(shown)])

    return Topic(kind="feed", render=render, snapshot=snapshot, entity=True, audience="caller")


def _number(name: str) -> int | None:
    text = name.partition(":")[2]
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _marked(ids: Sequence[Id], what: str) -> set[int]:
    marks = [str(mark) for mark in ids if str(mark).startswith(f"{what}:")]
    return {number for mark in marks if (number := _number(mark)) is not None}


def _start(leg: LegRow) -> list[FeedItem]:
    if leg.started_at is None:
        return []
    data = LegStarted(indexer_id=leg.indexer_id, indexer_name=leg.indexer_name)
    name = f"leg-{leg.id}-started"
    return [_item(f"start:{leg.id}", name, "indexer.started", leg.started_at, data)]


def _leg(shown: Shown, leg: LegRow) -> list[FeedItem]:
    """What a leg brought, once it ended."""
    if leg.done_at is None:
        return []
    mark = f"leg:{leg.id}"
    mine = msgspec.structs.replace(
        shown, candidates=[row for row in shown.candidates if row.indexer_id == leg.indexer_id]
    )
    items = [
        _item(mark, f"candidate-{release.id}", "release.judged", leg.done_at, release)
        for release in releases_wire(mine)
    ]
    items.append(_item(mark, f"leg-{leg.id}-done", "indexer.done", leg.done_at, leg_wire(leg)))
    return items


def _end(shown: Shown) -> list[FeedItem]:
    row = shown.search
    if row.done_at is None:
        return []
    data = SearchDone(
        counts=counts(shown),
        partial=is_partial(shown),
        outcome=row.outcome,
        download_id=row.grabbed_download_id,
    )
    return [_item("done", f"search-{row.id}-done", "search.done", row.done_at, data)]


def _item(mark: str, id: str, name: str, at: int, data: object) -> FeedItem:
    return FeedItem(mark=mark, id=id, name=name, at=iso(at), data=data)
