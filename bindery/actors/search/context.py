"""What one search is judged by, read once, in one snapshot; and judged releases as rows."""

from collections.abc import Sequence

import msgspec

from bindery.domain.client_choice import TRANSPORTS
from bindery.domain.decision import Candidate
from bindery.domain.offers import Release
from bindery.domain.rejection_texts import rejection_wire
from bindery.domain.rules import BlockEntry, BlockFacts, IndexerFacts, Rules, SlotFacts
from bindery.domain.search_judging import Judged, judge_for_slots, judge_text
from bindery.domain.text import fold
from bindery.domain.wire.search import Judgement, ParsedFields, WireEvidence
from bindery.operations.search import SearchPlan
from bindery.store import blocklist, clients, indexers, slot_facts
from bindery.store.indexers import IndexerRow
from bindery.store.searches import NewCandidate, SearchRow
from bindery.store.slot_facts import SlotHead
from bindery.store.tx import Reader

_AUDIO_ONLY = 3000


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The wanted slots and the rules."""

    search: SearchRow
    heads: tuple[SlotHead, ...]
    slots: tuple[SlotFacts, ...]
    rules: Rules
    history: BlockFacts
    indexers: dict[int, IndexerRow]

    @property
    def by_person(self) -> bool:
        """Whether a person waits."""
        return self.search.kind != "automatic"

    @property
    def gone(self) -> bool:
        """Nothing to look for any more: the book was deleted meanwhile."""
        return not self.slots and not self.search.text


def read_context(reader: Reader, search: SearchRow, now_us: int) -> Context:
    """Read everything that judging needs; for `store.scan`."""
    plan = msgspec.json.decode(search.plan, type=SearchPlan)
    heads = [slot_facts.head(reader, slot_id) for slot_id in plan.slot_ids]
    known = tuple(head for head in heads if head is not None)
    titles, hashes = slot_facts.imported_before(reader, known)
    blocked = blocklist.for_book(reader, search.library_id, search.book_id or 0, now_us)
    transports = {TRANSPORTS.get(row.type) for row in clients.list_enabled(reader)}
    return Context(
        search=search,
        heads=known,
        slots=tuple(slot_facts.facts(reader, head) for head in known),
        rules=Rules(
            now_us=now_us,
            by_person=search.kind != "automatic",
            transports=frozenset(one for one in transports if one is not None),
        ),
        history=BlockFacts(
            blocked=tuple(_entry(row) for row in blocked),
            imported_hashes=hashes,
            imported_titles=titles,
        ),
        indexers={row.id: row for row in indexers.list_indexers(reader)},
    )


def judged_rows(
    context: Context, indexer_id: int, releases: Sequence[Release]
) -> list[NewCandidate]:
    """Judge one answer as a whole; pure and heavy (run it through `Compute`)."""
    row = context.indexers.get(indexer_id)
    facts = IndexerFacts(
        id=indexer_id,
        priority=row.priority if row else 0,
        freeleech="require" if row is not None and row.freeleech_only else "off",
    )
    rules = msgspec.structs.replace(context.rules, indexer=facts)
    if context.search.text:
        judged = judge_text(context.search.text, releases, rules, context.history)
    else:
        judged = judge_for_slots(context.slots, releases, rules, context.history)
    return [_row(one, place) for place, one in enumerate(judged)]


def _row(judged: Judged, place: int) -> NewCandidate:
    candidate = judged.candidate
    release = candidate.release
    told = msgspec.to_builtins(release)
    told.pop("link", None)
    return NewCandidate(
        slot_id=judged.slot_id,
        guid=release.guid,
        title=release.title,
        protocol=release.transport.value,
        format=candidate.parsed.media,
        size=release.size,
        published_at=release.published_at,
        seeders=release.seeders,
        info_hash=release.info_hash,
        release=told,
        link=release.link,
        verdict=candidate.verdict,
        score=candidate.score,
        judgement=_judgement(candidate),
        rejections=tuple(rejection_wire(one) for one in candidate.rejections),
        rank=place,
    )


def _judgement(candidate: Candidate) -> Judgement:
    parsed = candidate.parsed
    return Judgement(
        quality=candidate.quality,
        media_type=parsed.media or None,
        confidence=candidate.match.confidence,
        match_code=candidate.match.code,
        score_parts=candidate.score_parts,
        evidence=tuple(
            WireEvidence(code=one.code, wanted=one.wanted, found=one.found, weight=one.weight)
            for one in candidate.match.evidence
        ),
        parsed=ParsedFields(
            authors=parsed.authors,
            title=parsed.title,
            series=parsed.series,
            position=parsed.position,
            year=parsed.year,
            languages=parsed.languages,
            formats=parsed.formats,
            narrators=parsed.narrators,
            group=parsed.group,
            retail=parsed.retail,
            abridged=parsed.abridged,
            kind=parsed.kind,
        ),
    )


def _entry(row: blocklist.BlocklistRow) -> BlockEntry:
    return BlockEntry(
        guid=row.guid,
        info_hash=row.info_hash or "",
        title_key=fold(row.title),
        size=row.size,
        indexer_id=row.indexer_id,
    )
