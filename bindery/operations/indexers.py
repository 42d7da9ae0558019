"""Indexers as people configure them (acquisition.md 1.1-1.2)."""

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain.addresses import Target, parse_target
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.masking import check_url, kept, kept_url, pick
from bindery.operations.once import Once, Replay, perform
from bindery.store import attention, commands, downloads, indexers
from bindery.store.indexers import IndexerFields, IndexerRow
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

KINDS = ("newznab", "torznab", "opds")
DEFAULT_CATEGORIES = (7000, 7020, 3030)
_TIMEOUT_RANGE = range(1, 121)


class IndexerPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person sends; what is absent keeps its value (or gets its default on an add)."""

    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    api_key: str | UnsetType = UNSET
    categories: tuple[int, ...] | UnsetType = UNSET
    include_parent_categories: bool | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    supports_search: bool | UnsetType = UNSET
    seed_ratio: float | UnsetType | None = UNSET
    freeleech_only: bool | UnsetType = UNSET
    timeout_s: int | UnsetType = UNSET
    rev: int | None = None
    """When sent, the change is refused as `stale` unless the row still has this revision."""


def resolve(patch: IndexerPatch, stored: IndexerRow | None) -> IndexerFields | Refusal:
    """The configuration that a patch asks for, checked; also for the test of unsaved values.

    Refusals: `required` name or url, `invalid` type, categories, seedRatio or timeoutS,
    `url_not_allowed`, `secret_required` when the stored key would go to another host.
    """
    fields = _fields(patch, stored)
    refusal = _check(fields)
    if refusal is not None:
        return refusal
    same = stored is None or _origin(fields.url) == _origin(stored.url)
    api_key = kept(patch.api_key, stored.api_key if stored else "", same_target=same)
    if api_key is None:
        return refuse(Code.SECRET_REQUIRED, "apiKey")
    return msgspec.structs.replace(fields, api_key=api_key.strip())


def with_name(patch: IndexerPatch) -> IndexerPatch:
    """A test of unsaved values needs no name."""
    return msgspec.structs.replace(patch, name=pick(patch.name, "").strip() or "test")


async def add_indexer(
    store: Store, who: Principal, patch: IndexerPatch, once: Once | None = None
) -> IndexerRow | Refusal | Replay:
    """Add an indexer. Refusals of `resolve`, and `duplicate` for a URL that is there already."""

    def work(tx: Tx) -> IndexerRow | Refusal:
        fields = resolve(patch, None)
        if isinstance(fields, Refusal):
            return fields
        if indexers.url_taken(tx, fields.url):
            return refuse(Code.DUPLICATE, "url")
        return _found(tx, indexers.add_in(tx, fields, who.user_id))

    return await perform(store, work, once)


async def update_indexer(
    store: Store, who: Principal, indexer_id: int, patch: IndexerPatch
) -> IndexerRow | Refusal:
    """Change an indexer and lift its hold. Refusals of `add_indexer`, `not_found`, `stale`."""

    def work(tx: Tx) -> IndexerRow | Refusal:
        stored = indexers.get(tx, indexer_id)
        if stored is None:
            return refuse(Code.NOT_FOUND)
        fields = resolve(patch, stored)
        if isinstance(fields, Refusal):
            return fields
        if indexers.url_taken(tx, fields.url, besides=indexer_id):
            return refuse(Code.DUPLICATE, "url")
        if not indexers.update_in(tx, indexer_id, fields, who.user_id, patch.rev):
            return refuse(Code.STALE, rev=stored.rev)
        # What was asked for may be what was just put right; the next request tells.
        attention.clear_in(tx, f"indexer:{indexer_id}")
        waiting = [str(one) for one in downloads.unfetched(tx, indexer_id)]
        commands.hurry_in(tx, "download.send", waiting)
        return _found(tx, indexer_id)

    return await store.write(work)


async def delete_indexer(store: Store, who: Principal, indexer_id: int) -> Refusal | None:
    """Delete an indexer; downloads and blocklist entries that name it keep their rows."""

    def work(tx: Tx) -> Refusal | None:
        stored = indexers.get(tx, indexer_id)
        if stored is None:
            return refuse(Code.NOT_FOUND)
        indexers.delete_in(tx, indexer_id)
        attention.clear_in(tx, f"indexer:{indexer_id}")
        tx.record(NewEvent(type="indexerDeleted", by=who.by, indexer=stored.name, hidden=True))
        return None

    return await store.write(work)


def _fields(patch: IndexerPatch, stored: IndexerRow | None) -> IndexerFields:
    ratio_sent = not isinstance(patch.seed_ratio, UnsetType)
    return IndexerFields(
        name=pick(patch.name, stored.name if stored else "").strip(),
        type=pick(patch.type, stored.type if stored else "newznab"),
        url=kept_url(patch.url, stored.url if stored else ""),
        categories=pick(patch.categories, stored.categories if stored else ())
        or DEFAULT_CATEGORIES,
        include_parent=pick(
            patch.include_parent_categories, stored.include_parent if stored else False
        ),
        priority=pick(patch.priority, stored.priority if stored else 0),
        enabled=pick(patch.enabled, stored.enabled if stored else True),
        supports_search=pick(patch.supports_search, stored.supports_search if stored else True),
        seed_ratio=pick(patch.seed_ratio, stored.seed_ratio if stored else None),
        seed_ratio_source="user" if ratio_sent else (stored.seed_ratio_source if stored else ""),
        freeleech_only=pick(patch.freeleech_only, stored.freeleech_only if stored else False),
        timeout_s=pick(patch.timeout_s, stored.timeout_s if stored else 30),
    )


def _check(fields: IndexerFields) -> Refusal | None:
    if not fields.name:
        return refuse(Code.REQUIRED, "name")
    if not fields.url:
        return refuse(Code.REQUIRED, "url")
    if fields.type not in KINDS:
        return refuse(Code.INVALID, "type", value=fields.type, allowed=list(KINDS))
    if any(not 0 < category < 1_000_000 for category in fields.categories):
        return refuse(Code.INVALID, "categories", value=list(fields.categories))
    if fields.seed_ratio is not None and fields.seed_ratio < 0 and fields.seed_ratio != -1:
        return refuse(Code.INVALID, "seedRatio", value=fields.seed_ratio)
    if fields.timeout_s not in _TIMEOUT_RANGE:
        return refuse(Code.INVALID, "timeoutS", value=fields.timeout_s)
    target = check_url(fields.url)
    return target if isinstance(target, Refusal) else None


def _origin(url: str) -> tuple[str, str, int] | None:
    target = parse_target(url)
    return target.origin if isinstance(target, Target) else None


def _found(tx: Tx, indexer_id: int) -> IndexerRow:
    row = indexers.get(tx, indexer_id)
    if row is None:
        message = f"indexer {indexer_id} was written in this transaction"
        raise LookupError(message)
    return row
