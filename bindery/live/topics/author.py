"""Topic `author:{id}` and every author that REST answers (catalogue.md 1.1; ui.md 7.4)."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from bindery.domain.foreign_refs import provider_of
from bindery.domain.moments import iso, iso_or_none
from bindery.domain.picture_links import proxied
from bindery.domain.plain_text import plain_text
from bindery.domain.principal import Scope
from bindery.domain.wire import Reason
from bindery.domain.wire.author import (
    Author,
    AuthorAlias,
    AuthorStatistics,
    Identifier,
    SyncState,
)
from bindery.live.board import Board
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import authors, catalogue, jobs
from bindery.store.authors import AliasRow, AuthorRow
from bindery.store.store import Store
from bindery.store.tx import Reader

SYNC = "author.sync"


def render_authors(reader: Reader, ids: Sequence[int], scope: Scope, base: str) -> list[Author]:
    """These authors as a list shows them: one statement."""
    return [author_wire(row, base) for row in authors.authors_by_id(reader, scope, ids)]


def render_author(reader: Reader, id: int, scope: Scope, base: str, board: Board) -> Author | None:
    """One author with aliases, identifiers and the state of its sync; None out of scope."""
    row = authors.find_author(reader, scope, id)
    if row is None:
        return None
    summary = row.sync_summary
    return msgspec.structs.replace(
        author_wire(row, base),
        aliases=[_alias(alias, id) for alias in authors.aliases_of(reader, row.person_id)],
        identifiers=[
            Identifier(provider=provider_of(ref), foreign_id=ref)
            for ref in catalogue.refs_of(reader, "person", row.person_id)
        ],
        last_sync=UNSET if summary is None else msgspec.json.decode(summary),
        sync=_sync(reader, id, board),
    )


def author_topic(store: Store, board: Board, base: str) -> Topic:
    """The family for the hub; marks are author ids."""

    def one(id: int, scope: Scope) -> list[Author]:
        found = store.read(lambda reader: render_author(reader, id, scope, base, board))
        return [] if found is None else [found]

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[Author]:
        return [row for mark in ids for row in one(int(mark), scope)]

    def snapshot(name: str, scope: Scope) -> Snapshot | None:
        text = name.partition(":")[2]
        rows = one(int(text), scope) if text.isdecimal() else []
        return Snapshot(rows) if rows else None

    return Topic(kind="state", render=render, snapshot=snapshot, entity=True)


def author_wire(row: AuthorRow, base: str) -> Author:
    """One author with its counts."""
    return Author(
        id=row.id,
        foreign_author_id=row.foreign_id or "",
        author_name=row.name,
        sort_name=row.sort_name,
        description=plain_text(row.description),
        image_url=proxied(base, row.cover_url),
        disambiguation=row.disambiguation,
        ratings_count=row.ratings_count,
        average_rating=row.average_rating,
        monitored=row.monitored,
        monitor_mode=row.mode,
        monitor_latest_count=row.latest_n,
        monitor_new_items=row.new_items,
        media_type=row.media,
        quality_profile_id=row.profile_id,
        metadata_profile_id=row.metadata_profile_id,
        root_folder_id=row.root_id,
        audiobook_root_folder_id=row.audiobook_root_id,
        metadata_provider=row.provider or provider_of(row.foreign_id),
        last_metadata_refresh_at=iso_or_none(row.refreshed_at),
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        rev=row.rev,
        statistics=AuthorStatistics(
            book_count=row.books,
            available_book_count=row.available,
            wanted_book_count=row.wanted,
        ),
    )


def _alias(row: AliasRow, author_id: int) -> AuthorAlias:
    return AuthorAlias(
        id=row.id,
        author_id=author_id,
        name=row.name,
        source_ol_id=row.source_ref or UNSET,
        created_at=iso(row.created_at),
    )


def _sync(reader: Reader, author_id: int, board: Board) -> SyncState | None:
    job = jobs.open_job(reader, SYNC, str(author_id))
    if job is None:
        return None
    seen = board.job(job.id) if job.state == "running" else None
    waiting = job.state == "queued" and job.code is not None
    return SyncState(
        job_id=job.wire_id,
        state="waiting" if waiting else job.state,
        phase=seen.phase if seen else job.phase,
        done=seen.done if seen else job.done,
        total=seen.total if seen else job.total,
        error=Reason(code=job.code or "", params=dict(job.params)) if waiting else None,
    )
