"""Download clients as people configure them (downloads-and-import.md 1.1-1.4)."""

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain.addresses import NotAllowed
from bindery.domain.client_address import rtorrent_url
from bindery.domain.client_choice import TRANSPORTS
from bindery.domain.principal import HOUSEHOLD, Principal
from bindery.domain.refusal import Code, Params, Refusal, refuse
from bindery.operations.masking import check_url, kept, pick
from bindery.operations.once import Once, Replay, perform
from bindery.store import attention, clients, commands, downloads, outbox
from bindery.store.clients import ClientFields, ClientRow
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

GONE = "client_gone"
FOLDERS = frozenset(("torrentblackhole", "usenetblackhole"))
"""Kinds that are two folders: `url_base` is where we drop, `download_dir` where results appear."""
DEFAULT_PORTS = {
    "sabnzbd": 8080,
    "nzbget": 6789,
    "qbittorrent": 8080,
    "transmission": 9091,
    "deluge": 8112,
    "rtorrent": 8080,
    "direct": 0,
    "torrentblackhole": 0,
    "usenetblackhole": 0,
}


class ClientPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person sends; what is absent keeps its value (or gets its default on an add)."""

    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    host: str | UnsetType = UNSET
    port: int | UnsetType = UNSET
    use_ssl: bool | UnsetType = UNSET
    url_base: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    api_key: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    category_audiobook: str | UnsetType = UNSET
    path_remap: str | UnsetType = UNSET
    download_dir: str | UnsetType = UNSET
    remove_completed: bool | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    rev: int | None = None
    """When sent, the change is refused as `stale` unless the row still has this revision."""


def resolve(patch: ClientPatch, stored: ClientRow | None) -> ClientFields | Refusal:
    """The configuration that a patch asks for, checked; also for the test of unsaved values.

    Refusals: `required` name or host, `invalid` type, port, path mapping or folder,
    `url_not_allowed`, `secret_required` when a stored secret would go to another host.
    """
    kind = pick(patch.type, stored.type if stored else "qbittorrent")
    if kind not in TRANSPORTS:
        return refuse(Code.INVALID, "type", value=kind, allowed=sorted(TRANSPORTS))
    fields = _fields(patch, stored, kind)
    refusal = _check(fields)
    if refusal is not None:
        return refusal
    same = stored is None or _target(fields) == _target_of(stored)
    password = kept(patch.password, stored.password if stored else "", same_target=same)
    api_key = kept(patch.api_key, stored.api_key if stored else "", same_target=same)
    if password is None or api_key is None:
        return refuse(Code.SECRET_REQUIRED, "password" if password is None else "apiKey")
    return msgspec.structs.replace(fields, password=password, api_key=api_key)


async def add_client(
    store: Store, who: Principal, patch: ClientPatch, once: Once | None = None
) -> ClientRow | Refusal | Replay:
    """Add a client. Refusals of `resolve`, and `duplicate` for a name that is taken."""

    def work(tx: Tx) -> ClientRow | Refusal:
        fields = resolve(patch, None)
        if isinstance(fields, Refusal):
            return fields
        if clients.name_taken(tx, fields.name):
            return refuse(Code.DUPLICATE, "name", value=fields.name)
        return _found(tx, clients.add_in(tx, fields, who.user_id))

    return await perform(store, work, once)


async def update_client(
    store: Store, who: Principal, client_id: int, patch: ClientPatch
) -> ClientRow | Refusal:
    """Change a client. Refusals of `add_client`, `not_found`, and `stale`."""

    def work(tx: Tx) -> ClientRow | Refusal:
        stored = clients.get(tx, client_id)
        if stored is None:
            return refuse(Code.NOT_FOUND)
        fields = resolve(patch, stored)
        if isinstance(fields, Refusal):
            return fields
        if clients.name_taken(tx, fields.name, besides=client_id):
            return refuse(Code.DUPLICATE, "name", value=fields.name)
        if not clients.update_in(tx, client_id, fields, who.user_id, patch.rev):
            return refuse(Code.STALE, rev=stored.rev)
        if fields.enabled != stored.enabled:
            _tell_downloads_in(tx, stored, gone=not fields.enabled)
        return _found(tx, client_id)

    return await store.write(work)


async def delete_client(store: Store, who: Principal, client_id: int) -> Refusal | None:
    """Delete a client. What it was to do is settled with it; its downloads keep their rows, and
    those it had in hand wait for a person.
    """

    def work(tx: Tx) -> Refusal | None:
        stored = clients.get(tx, client_id)
        if stored is None:
            return refuse(Code.NOT_FOUND)
        commands.cancel_lane_in(tx, f"client:{client_id}")
        _tell_downloads_in(tx, stored, gone=True)
        clients.delete_in(tx, client_id)
        event = NewEvent(type="clientDeleted", by=who.by, client=stored.name, hidden=True)
        tx.record(event)
        return None

    return await store.write(work)


def went_down_in(tx: Tx, row: ClientRow, code: str, params: Params) -> None:
    """A client stopped answering: its health row, and a notification when that is news."""
    known = clients.states(tx).get(row.id)
    clients.set_failed_in(tx, row.id, code, params)
    if known is not None and known.status == "failing":
        return
    values: Params = {"clientId": row.id}
    event = NewEvent(type="health", client=row.name, code=code, params=values, hidden=True)
    outbox.notify_in(tx, tx.record(event), "health", library=HOUSEHOLD, trace="")


def _tell_downloads_in(tx: Tx, row: ClientRow, *, gone: bool) -> None:
    """Nobody follows what a deleted or disabled client has in hand: say so, or that it is back."""
    for one in downloads.followed(tx, row.id):
        subject = f"download:{one.id}"
        params: Params = {"client": row.name}
        if gone:
            downloads.move_in(tx, one, one.state, one.stage, code=GONE, params=params)
            attention.raise_in(
                tx,
                GONE,
                subject,
                params={"title": one.title, **params},
                action="remove_download",
                library=one.library_id,
            )
        elif one.code == GONE:
            downloads.move_in(tx, one, one.state, one.stage)
            attention.clear_in(tx, subject, GONE)


def _fields(patch: ClientPatch, stored: ClientRow | None, kind: str) -> ClientFields:
    base = stored or ClientFields(name="", type=kind, port=DEFAULT_PORTS[kind])
    return ClientFields(
        name=pick(patch.name, base.name).strip(),
        type=kind,
        host=_host(pick(patch.host, base.host)),
        port=pick(patch.port, base.port) or DEFAULT_PORTS[kind],
        use_ssl=pick(patch.use_ssl, base.use_ssl),
        url_base=_url_base(pick(patch.url_base, base.url_base), kind),
        username=pick(patch.username, base.username),
        category=pick(patch.category, base.category).strip(),
        category_audiobook=pick(patch.category_audiobook, base.category_audiobook).strip(),
        path_remap=pick(patch.path_remap, base.path_remap).strip(),
        download_dir=pick(patch.download_dir, base.download_dir).strip(),
        remove_completed=pick(patch.remove_completed, base.remove_completed),
        priority=pick(patch.priority, base.priority),
        enabled=pick(patch.enabled, base.enabled),
    )


def _check(fields: ClientFields) -> Refusal | None:
    if not fields.name:
        return refuse(Code.REQUIRED, "name")
    if fields.download_dir and not fields.download_dir.startswith("/"):
        return refuse(Code.INVALID, "downloadDir", value=fields.download_dir)
    if fields.type == "direct":
        return None
    if fields.type in FOLDERS:
        return _check_folders(fields)
    elsewhere = fields.type == "rtorrent" and fields.url_base.lower().startswith("scgi://")
    if not fields.host and not (elsewhere and len(fields.url_base) > len("scgi://")):
        return refuse(Code.REQUIRED, "host")
    if not 0 < fields.port < 65536:
        return refuse(Code.INVALID, "port", value=fields.port)
    url = base_url(fields)
    if not url:
        return refuse(Code.URL_NOT_ALLOWED, "urlBase" if elsewhere else "host", reason="invalid")
    if url.startswith("scgi:///"):
        return None
    target = check_url(url.replace("scgi://", "http://", 1), "urlBase" if elsewhere else "host")
    return target if isinstance(target, Refusal) else None


def _check_folders(fields: ClientFields) -> Refusal | None:
    for name, value in (("urlBase", fields.url_base), ("downloadDir", fields.download_dir)):
        if not value:
            return refuse(Code.REQUIRED, name)
        if not value.startswith("/"):
            return refuse(Code.INVALID, name, value=value)
    return None


def base_url(fields: ClientFields | ClientRow) -> str:
    """Where the client's interface is: scheme, host, port and sub-path, no trailing slash; of
    rTorrent what its sub-path selects, empty when that is nothing.
    """
    if fields.type == "rtorrent":
        url = rtorrent_url(fields.host, fields.port, ssl=fields.use_ssl, url_base=fields.url_base)
        return "" if isinstance(url, NotAllowed) else url
    host = f"[{fields.host}]" if ":" in fields.host else fields.host
    scheme = "https" if fields.use_ssl else "http"
    return f"{scheme}://{host}:{fields.port}{fields.url_base}"


def _target(fields: ClientFields) -> tuple[bool, str, int]:
    return fields.use_ssl, fields.host, fields.port


def _target_of(row: ClientRow) -> tuple[bool, str, int]:
    return row.use_ssl, row.host, row.port


def _host(text: str) -> str:
    host = text.strip()
    for scheme in ("http://", "https://"):
        host = host.removeprefix(scheme)
    return host.rstrip("/").removeprefix("[").removesuffix("]")


def _url_base(text: str, kind: str) -> str:
    """`qbit/` -> `/qbit`; of a whole URL only its path; rTorrent's selects a transport, and
    of two folders it is one.
    """
    if kind == "rtorrent" or kind in FOLDERS:
        return text.strip()
    path = text.strip()
    if "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    path = path.strip("/ ")
    return f"/{path}" if path else ""


def _found(tx: Tx, client_id: int) -> ClientRow:
    row = clients.get(tx, client_id)
    if row is None:
        message = f"client {client_id} was written in this transaction"
        raise LookupError(message)
    return row
