"""A person's grab: which release is meant, for what, and against which rules (8.1, 8.3).

The browser names a candidate. Old clients send the reference's body (guid, nzbUrl ...): it is
matched to a candidate; else its link must be a magnet or on the host of a configured indexer, so
that nobody makes the server fetch just any address.
"""

from typing import Literal

import msgspec

from bindery.domain.addresses import Target, parse_target
from bindery.domain.offers import BookFormat, Transport
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.search import SEALED, Judgement, WireRejection
from bindery.operations.grab import GrabOrder, grab_in, order_for
from bindery.operations.once import Once, Replay, perform
from bindery.runtime.trace import new_trace
from bindery.store import downloads, indexers, searches, slot_facts
from bindery.store.downloads import DownloadRow
from bindery.store.searches import CandidateRow, SearchRow
from bindery.store.slot_facts import SlotHead
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

_MOST_LINK = 8_192
_NOT_FOR_OVERRIDE = frozenset({"no_client_for_protocol"})
_judgements = msgspec.json.Decoder(Judgement)
_rejections = msgspec.json.Decoder(tuple[WireRejection, ...])


class GrabRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/grab`. `candidate_id` is enough; the rest is the reference's."""

    candidate_id: int | None = None
    override: tuple[str, ...] = ()
    """Codes of the hard rules that the person was shown and chose to break."""
    guid: str = ""
    nzb_url: str = ""
    title: str = ""
    size: int = 0
    book_id: int | None = None
    indexer_id: int | None = None
    protocol: Literal["usenet", "torrent", "http", ""] = ""
    media_type: Literal["ebook", "audiobook", "both", ""] = ""


class _Known(msgspec.Struct, frozen=True):
    """A candidate with the search that found it."""

    candidate: CandidateRow
    search: SearchRow


async def grab_release(
    store: Store,
    who: Principal,
    request: GrabRequest,
    *,
    trace: str = "",
    once: Once | None = None,
) -> DownloadRow | Refusal | Replay:
    """Grab a release; committed before anything is fetched.

    Refusals: `required` guid, `candidate_gone`, `override_required` {codes}, `not_found` for the
    book, `url_not_allowed`, and those of `grab_in`.
    """

    def work(tx: Tx) -> DownloadRow | Refusal:
        order = _order(tx, who, request, trace)
        if isinstance(order, Refusal):
            return order
        made = grab_in(tx, order)
        if isinstance(made, Refusal):
            return made
        row = downloads.get(tx, made)
        if row is None:
            message = f"download {made} was written in this transaction"
            raise LookupError(message)
        return row

    return await perform(store, work, once)


def _order(tx: Tx, who: Principal, request: GrabRequest, trace: str) -> GrabOrder | Refusal:
    candidate_id = request.candidate_id or _sealed(request.nzb_url)
    known = _known(tx, who, request, candidate_id)
    if known is not None:
        return _of_candidate(tx, who, request, known)
    if candidate_id is not None:
        return refuse(Code.CANDIDATE_GONE)
    if not request.guid:
        return refuse(Code.REQUIRED, "guid")
    if not request.nzb_url:
        return refuse(Code.CANDIDATE_GONE)
    return _of_link(tx, who, request, trace)


def _known(tx: Tx, who: Principal, request: GrabRequest, candidate_id: int | None) -> _Known | None:
    """The candidate meant, if a search within the caller's scope found it."""
    if candidate_id is not None:
        candidate = searches.candidate(tx, candidate_id)
    elif request.guid:
        candidate = searches.candidate_by_guid(tx, request.guid, request.indexer_id or None)
    else:
        candidate = None
    if candidate is None:
        return None
    search = searches.get(tx, candidate.search_id, who.scope)
    return None if search is None else _Known(candidate, search)


def _of_candidate(
    tx: Tx, who: Principal, request: GrabRequest, known: _Known
) -> GrabOrder | Refusal:
    candidate = known.candidate
    hard = [one.code for one in _rejections.decode(candidate.rejections) if one.klass == "hard"]
    missing = [
        code for code in hard if code not in request.override and code not in _NOT_FOR_OVERRIDE
    ]
    if missing:
        return refuse(Code.OVERRIDE_REQUIRED, "override", codes=missing)
    judged = _judgements.decode(candidate.judgement)
    head = _slot_for(tx, who, request, candidate.slot_id, judged.media_type)
    if isinstance(head, Refusal):
        return head
    order = order_for(
        candidate,
        library_id=head.library_id if head else who.library,
        slot_ids=(head.slot_id,) if head else (),
        book_id=head.book_id if head else None,
        quality=judged.quality,
        by=who.by,
        trace=known.search.trace,
        by_person=True,
        override=tuple(code for code in hard if code in request.override),
    )
    return msgspec.structs.replace(order, book_format=head.format) if head else order


def _of_link(tx: Tx, who: Principal, request: GrabRequest, trace: str) -> GrabOrder | Refusal:
    """A release that no search of ours has found."""
    link = request.nzb_url.strip()
    if len(link) > _MOST_LINK:
        return refuse(Code.INVALID, "nzbUrl")
    indexer_id: int | None = None
    transport = Transport(request.protocol or "usenet")
    if link.lower().startswith("magnet:?"):
        transport = Transport.TORRENT
    else:
        found = _indexer_on(tx, link, request.indexer_id)
        if found is None:
            return refuse(Code.URL_NOT_ALLOWED, "nzbUrl", reason="not_an_indexer")
        indexer_id = found
    head = _slot_for(tx, who, request, None, None)
    if isinstance(head, Refusal):
        return head
    book_format: BookFormat = "audiobook" if request.media_type == "audiobook" else "ebook"
    return GrabOrder(
        library_id=head.library_id if head else who.library,
        slot_ids=(head.slot_id,) if head else (),
        guid=request.guid,
        title=request.title or request.guid,
        transport=transport,
        book_format=head.format if head else book_format,
        link=link,
        size=request.size or None,
        quality="unknown",
        indexer_id=indexer_id,
        by=who.by,
        trace=trace or new_trace(),
        book_id=head.book_id if head else None,
        by_person=True,
    )


def _slot_for(
    tx: Tx, who: Principal, request: GrabRequest, slot_id: int | None, media: str | None
) -> SlotHead | Refusal | None:
    """The slot to fill: of the book named in the request, else the one judged for; None = none."""
    if request.book_id:
        heads = slot_facts.heads_of_book(tx, who.scope, request.book_id)
        if not heads:
            return refuse(Code.NOT_FOUND, "bookId")
        same = next((head for head in heads if head.slot_id == slot_id), None)
        wanted = request.media_type if request.media_type not in ("", "both") else media
        fitting = next((head for head in heads if head.format == wanted), None)
        return same or fitting or next((head for head in heads if head.wanted), heads[0])
    return slot_facts.head(tx, slot_id) if slot_id is not None else None


def _indexer_on(reader: Reader, link: str, indexer_id: int | None) -> int | None:
    """The configured indexer on whose host the link is; the one named if it fits."""
    target = parse_target(link)
    if not isinstance(target, Target):
        return None
    fitting = [
        row.id
        for row in indexers.list_indexers(reader)
        if isinstance(own := parse_target(row.url), Target)
        and (own.host, own.port) == (target.host, target.port)
    ]
    if indexer_id in fitting:
        return indexer_id
    return fitting[0] if fitting else None


def _sealed(link: str) -> int | None:
    """The candidate behind what we show instead of a link."""
    number = link.removeprefix(SEALED)
    is_ours = number != link and number.isdecimal() and len(number) < 19
    return int(number) if is_ours else None
