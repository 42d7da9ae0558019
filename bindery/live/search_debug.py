"""The debug record of a search, made from its rows (acquisition.md 1.4).

A view of the same rows as the topic `search`.
"""

import msgspec

from bindery.domain.moments import SECOND, iso
from bindery.domain.wire.search import (
    DebugFilter,
    DebugIndexer,
    DebugPipeline,
    DebugQuery,
    SearchDebug,
    SearchRelease,
)
from bindery.live.topics.search import Shown, leg_wire, releases_wire

_STAGES = {
    "usenet-junk": "usenet-junk",
    "obfuscated": "usenet-junk",
    "not-book-content": "non-book-content",
    "not-the-book": "relevance",
    "language": "language",
    "language-unknown": "language",
}
MOST_FILTERS = 500


class _Plan(msgspec.Struct):
    """What `operations.search` wrote down, as far as it is shown."""

    title: str = ""
    author: str = ""


def debug_wire(shown: Shown) -> SearchDebug:
    """What was asked, what each indexer said, how many releases each kind of rule left."""
    releases = releases_wire(shown)
    row = shown.search
    plan = msgspec.json.decode(row.plan, type=_Plan)
    end = row.done_at or max((leg.done_at or 0 for leg in shown.legs), default=0)
    return SearchDebug(
        query=DebugQuery(
            title=plan.title, author=plan.author, free_text=row.text, media_type=_media(releases)
        ),
        indexers=tuple(_indexers(shown)),
        pipeline=_pipeline(shown, releases),
        filters=tuple(
            DebugFilter(
                title=release.title,
                indexer_name=release.indexer_name,
                stage=_STAGES.get(rejection.code, "decision"),
                reason=rejection.text,
            )
            for release in releases
            for rejection in release.rejections
        )[:MOST_FILTERS],
        started_at=iso(row.created_at),
        duration_ms=max(0, end - row.created_at) * 1_000 // SECOND,
    )


def _indexers(shown: Shown) -> list[DebugIndexer]:
    made: list[DebugIndexer] = []
    for leg in shown.legs:
        wire = leg_wire(leg)
        skipped = leg.status == "skipped"
        made.append(
            DebugIndexer(
                indexer_id=leg.indexer_id or 0,
                indexer_name=leg.indexer_name,
                enabled=True,
                result_count=leg.found,
                duration_ms=leg.ms or 0,
                skipped=skipped,
                skip_reason=leg.code or "" if skipped else "",
                error="" if skipped else leg.code or "",
                requests=wire.requests,
            )
        )
    return made


def _pipeline(shown: Shown, releases: tuple[SearchRelease, ...]) -> DebugPipeline:
    kept = sum(shown.tally.values())

    def left(*stages: str) -> int:
        return kept - sum(
            any(_STAGES.get(rejection.code) in stages for rejection in release.rejections)
            for release in releases
        )

    return DebugPipeline(
        raw_count=sum(leg.found for leg in shown.legs),
        after_dedupe=kept,
        after_usenet_junk=left("usenet-junk"),
        after_non_book_content=left("usenet-junk", "non-book-content"),
        after_relevance=left("usenet-junk", "non-book-content", "relevance"),
    )


def _media(releases: tuple[SearchRelease, ...]) -> str:
    media = {release.media_type for release in releases if release.media_type}
    return media.pop() if len(media) == 1 else "both" if media else ""
