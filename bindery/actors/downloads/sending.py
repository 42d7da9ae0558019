"""`download.send`: from the grab to the client having it (architecture.md 6a, 6b).

Each stage leaves a row before the next begins, so that a kill anywhere is continued, and a client
is never asked twice without looking first whether it has the item.
"""

import hashlib

from bindery.actors.downloads.desk import Desk, patience, told, worth_waiting
from bindery.adapters.failures import OutsideError, Rejected, Unauthorized, Unavailable
from bindery.domain.client_choice import ClientFacts, category_for
from bindery.domain.refusal import Params
from bindery.domain.transfers import AddOptions, Ambiguous, Payload, RemoteItem
from bindery.operations.downloads import fail_in
from bindery.runtime.faults import reach
from bindery.store import attention, downloads
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow, PayloadRow
from bindery.store.lanes import Done, Failed, Outcome, Retry
from bindery.store.tx import NewEvent, Tx

_OF_THE_CLIENT = frozenset({"category_refused", "unknown_item"})


async def send(desk: Desk, command: Command, download_id: int) -> Outcome:
    """Carry a grab as far as it goes now."""
    reach("send.claimed")
    desk.sending.add(download_id)
    try:
        return await _send(desk, command, download_id)
    finally:
        desk.sending.discard(download_id)


async def _send(desk: Desk, command: Command, download_id: int) -> Outcome:
    row = desk.download(download_id)
    if row is None or row.state != "grabbed":
        return Done()
    try:
        if row.stage == "fetch":
            if await _fetch(desk, row):
                return Done()
            row = desk.download(download_id)
        if row is None or row.stage != "send":
            return Done()
        return await _hand_over(desk, row)
    except OutsideError as error:
        return Done() if row is None else await _not_now(desk, row, command, error)


async def _fetch(desk: Desk, row: DownloadRow) -> bool:
    """Fetch the bytes and store them. True: a live twin took over, or the row is gone."""
    payload = await desk.fetch(row.indexer_id, row.link)
    reach("send.fetched")

    def work(tx: Tx) -> bool:
        now = downloads.get(tx, row.id)
        if now is None or (now.state, now.stage) != ("grabbed", "fetch"):
            return True
        twin = _twin(tx, row, payload)
        if twin is not None:
            _join(tx, now, twin)
            return True
        downloads.set_payload_in(
            tx, row.id, _stored(payload), payload.info_hash_v1, payload.info_hash_v2
        )
        return not downloads.move_in(tx, now, "grabbed", "send")

    over = await desk.store.write(work, actor=True)
    reach("send.payload_stored")
    return over


async def _hand_over(desk: Desk, row: DownloadRow) -> Outcome:
    """Find it in the client, else add it; then believe."""
    stored = desk.store.read(lambda reader: downloads.payload(reader, row.id))
    if stored is None:
        await desk.store.write(lambda tx: downloads.move_in(tx, row, "grabbed", "fetch"))
        return Retry(after_s=0, code="payload_missing", spend=False)
    found = await _look(desk, row)
    if isinstance(found, Ambiguous):
        return await _ask_a_person(desk, row, found)
    if found is None:
        reach("send.before_add")
        remote_id = await desk.client.add(_payload(row, stored), _options(desk, row))
        reach("send.after_add")
    else:
        remote_id = found.id
    await desk.store.write(lambda tx: _believe(tx, row, remote_id, found), actor=True)
    reach("send.remote_stored")
    desk.look_now.ring()
    return Done()


async def _look(desk: Desk, row: DownloadRow) -> RemoteItem | Ambiguous | None:
    """Whether the client has it. A refusal to tell says nothing about the release."""
    try:
        return await desk.client.find(row.token, row.hashes, row.title)
    except Rejected as error:
        raise Unavailable(error.code) from error


def _believe(tx: Tx, row: DownloadRow, remote_id: str, found: RemoteItem | None) -> None:
    now = downloads.get(tx, row.id)
    if now is None or now.state != "grabbed":
        return
    # Also for a row that was removed meanwhile: who takes it out of the client needs the id.
    v1, v2 = (found.info_hash_v1, found.info_hash_v2) if found else (None, None)
    downloads.set_remote_in(tx, row, remote_id, v1, v2)
    downloads.move_in(tx, now, "downloading")
    attention.clear_in(tx, f"download:{row.id}")


async def _ask_a_person(desk: Desk, row: DownloadRow, found: Ambiguous) -> Outcome:
    params: Params = {"ids": list(found.ids), "client": desk.row.name}

    def work(tx: Tx) -> None:
        downloads.move_in(tx, row, "grabbed", "send", code="send_unknown", params=params)
        attention.raise_in(
            tx,
            "send_unknown",
            f"download:{row.id}",
            params={"title": row.title, **params},
            action="remove_download",
            library=row.library_id,
        )

    await desk.store.write(work, actor=True)
    return Failed(code="send_unknown", params=params)


async def _not_now(desk: Desk, row: DownloadRow, command: Command, error: OutsideError) -> Outcome:
    """The outside said no: wait without spending anything, or give the release up."""
    fetching = row.stage == "fetch"
    if not fetching and worth_waiting(error):
        await desk.unreachable(error)
    after_s = patience(error, desk.store.clock.now_us() - command.created_at)
    if worth_waiting(error) or _nothing_said(error, fetching=fetching):
        where = row.indexer_name if fetching else desk.row.name
        code = f"{'indexer' if fetching else 'client'}_{error.code}"
        params = told(error, where=where)
        due = desk.store.clock.now_us() + int(after_s * 1_000_000)
        await desk.store.write(
            lambda tx: downloads.move_in(
                tx, row, "grabbed", row.stage, code=code, params=params, next_attempt_at=due
            ),
            actor=True,
        )
        return Retry(after_s=after_s, code=code, params=params, spend=False)
    code = "dead_link" if fetching else "bad_payload"
    params = told(error, reason=error.code)
    await desk.store.write(lambda tx: fail_in(tx, row, code, params), actor=True)
    return Failed(code=code, params=params)


def _nothing_said(error: OutsideError, *, fetching: bool) -> bool:
    """Whether a failure is about the other side and not about the release: a wrong password, or a
    client that answers nonsense, may not be reached, or lacks its category.
    """
    if isinstance(error, Unauthorized):
        return True
    return not fetching and (not isinstance(error, Rejected) or error.code in _OF_THE_CLIENT)


def _twin(tx: Tx, row: DownloadRow, payload: Payload) -> DownloadRow | None:
    if payload.info_hash_v1 is None or row.client_id is None:
        return None
    return downloads.twin(tx, row.client_id, payload.info_hash_v1, row.id)


def _join(tx: Tx, row: DownloadRow, twin: DownloadRow) -> None:
    """The same torrent is on its way already: it serves these slots too."""
    downloads.join_in(tx, row, twin.id)
    tx.record(
        NewEvent(
            type="downloadJoined",
            by=downloads.who(row),
            trace=row.trace,
            library=row.library_id,
            download_id=twin.id,
            source_title=row.title,
            guid=row.guid,
            client=row.client_name,
            protocol=row.protocol,
            params={"joined": twin.title},
        )
    )


def _stored(payload: Payload) -> PayloadRow:
    digest = hashlib.sha256(payload.data).hexdigest()
    return PayloadRow(payload.kind, payload.data, digest, payload.name)


def _payload(row: DownloadRow, stored: PayloadRow) -> Payload:
    kinds = {"torrent": "torrent", "magnet": "magnet", "nzb": "nzb", "http": "http"}
    return Payload(
        kind=kinds[stored.kind],  # pyright: ignore[reportArgumentType] - the column's CHECK
        data=stored.bytes,
        name=stored.name or row.title,
        info_hash_v1=row.info_hash_v1,
        info_hash_v2=row.info_hash_v2,
        size=row.size,
    )


def _options(desk: Desk, row: DownloadRow) -> AddOptions:
    facts = ClientFacts(
        id=desk.row.id,
        type=desk.row.type,
        category=desk.row.category,
        category_audiobook=desk.row.category_audiobook,
    )
    book_format = "audiobook" if row.format == "audiobook" else "ebook"
    return AddOptions(
        token=row.token,
        title=row.title,
        category=category_for(facts, book_format),
        seed_ratio=row.seed_ratio,
    )
