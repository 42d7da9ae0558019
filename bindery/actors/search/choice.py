"""The end of an automatic search: the best acceptable candidate, in one transaction (8.5)."""

import msgspec

from bindery.domain.downloads import MAX_CANDIDATES_PER_DAY
from bindery.domain.moments import SECOND
from bindery.domain.principal import By
from bindery.domain.refusal import Code
from bindery.domain.search_pace import DEFAULT_INTERVAL_H, next_search_us
from bindery.domain.wire.search import Judgement
from bindery.operations.grab import grab_in, order_for
from bindery.operations.search import ASKED
from bindery.store import downloads, searches, slot_facts
from bindery.store.searches import CandidateRow, SearchRow
from bindery.store.settings_rows import setting
from bindery.store.slot_facts import SlotHead
from bindery.store.tx import Reader, Tx

AUTO_GRAB = "autoGrab.enabled"
INTERVAL = "search.interval"
_TRIED = 10
_DAY_US = 86_400 * SECOND
_judgements = msgspec.json.Decoder(Judgement)


class Ending(msgspec.Struct, frozen=True):
    """How a search ended: its outcome, and the download when one was made."""

    outcome: str
    download_id: int | None = None


def end_in(tx: Tx, search: SearchRow, by: By) -> Ending:
    """Close a search; an automatic one grabs first. Again after a crash: nothing twice."""
    now = searches.get(tx, search.id)
    if now is None:
        return Ending("gone")
    if now.done_at is not None:
        return Ending(now.outcome, now.grabbed_download_id)
    automatic = search.kind == "automatic"
    head = slot_facts.head(tx, search.slot_id) if search.slot_id is not None else None
    reached = any(leg.code is None for leg in searches.legs(tx, search.id))
    if automatic:
        ending = Ending("gone") if head is None else _grab(tx, search, head, by)
    else:
        ending = Ending(_found(tx, search.id))
    searches.finish_in(tx, search, ending.outcome, ending.download_id)
    if automatic and head is not None:
        again = next_search_us(
            tx.now_us, head.search_count + 1, interval_h=_interval_h(tx), reached=reached
        )
        searches.slot_searched_in(
            tx,
            head.library_id,
            head.book_id,
            head.slot_id,
            None if ending.download_id is not None else again,
        )
    return ending


def auto_grab(reader: Reader) -> bool:
    """The switch that stops all automatic grabs but those a person asked for by name."""
    return setting(reader, AUTO_GRAB, default=True)


def _grab(tx: Tx, search: SearchRow, head: SlotHead, by: By) -> Ending:
    if head.held or not (head.missing or search.cause == ASKED):
        return Ending("not_wanted")
    if search.cause != ASKED and not auto_grab(tx):
        return Ending("auto_grab_off")
    tried = downloads.tried_since(tx, [head.slot_id], tx.now_us - _DAY_US)
    if tried >= MAX_CANDIDATES_PER_DAY and search.cause != ASKED:
        return Ending("grab_limit")
    refused = ""
    for candidate in searches.best(tx, search.id, _TRIED):
        order = order_for(
            candidate,
            library_id=head.library_id,
            slot_ids=(head.slot_id,),
            book_id=head.book_id,
            quality=_quality(candidate),
            by=by,
            trace=search.trace,
        )
        made = grab_in(tx, order)
        if isinstance(made, int):
            return Ending("grabbed", made)
        # The same upload under way for another slot, or no client for it: try the next one.
        refused = refused or ("no_client" if made.code is Code.NO_CLIENT else "already_grabbed")
    return Ending(refused or _found(tx, search.id))


def _found(reader: Reader, search_id: int) -> str:
    best = searches.candidates(reader, search_id, 1)
    if best:
        return "found" if best[0].verdict in ("grab", "acceptable") else "nothing_acceptable"
    legs = searches.legs(reader, search_id)
    if not legs:
        return "no_indexer"
    return "indexers_failed" if all(leg.code for leg in legs) else "nothing_found"


def _quality(candidate: CandidateRow) -> str:
    return _judgements.decode(candidate.judgement).quality


def _interval_h(reader: Reader) -> int:
    """`search.interval` is text such as `12h`, 1 h to 168 h; anything else is the default."""
    text = setting(reader, INTERVAL, "").strip().removesuffix("h")
    hours = int(text) if text.isdecimal() and len(text) < 4 else DEFAULT_INTERVAL_H
    return hours if 1 <= hours <= 168 else DEFAULT_INTERVAL_H
