"""Notification targets as people configure them (identity-and-system.md 8.7)."""

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations.masking import MASK, check_url, kept_url, pick
from bindery.operations.once import Once, Replay, perform
from bindery.store import notifiers
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.store import Store
from bindery.store.tx import Tx

METHODS = ("POST", "PUT", "GET")
MOST_HEADERS = 32


class NotifierPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person sends; what is absent keeps its value, or gets its default on an add.

    `headers` is an object of texts, or the same as JSON in a string.
    """

    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    method: str | UnsetType = UNSET
    headers: str | dict[str, str] | UnsetType = UNSET
    topic: str | UnsetType = UNSET
    on_grab: bool | UnsetType = UNSET
    on_import: bool | UnsetType = UNSET
    on_upgrade: bool | UnsetType = UNSET
    on_failure: bool | UnsetType = UNSET
    on_health: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    rev: int | None = None
    """When sent, the change is refused as `stale` unless the row still has this revision."""


def resolve(patch: NotifierPatch, stored: NotifierRow | None) -> NotifierFields | Refusal:
    """The target that a patch asks for, checked; also for the test of unsaved values.

    Refusals: `required` name or url, `invalid` method or headers, `url_not_allowed`,
    `secret_required` when stored header values would go to another address.
    """
    base = stored or NotifierFields(name="", url="")
    url = kept_url(patch.url, base.url)
    headers = _headers(patch.headers, base.headers, same=stored is None or url == stored.url)
    method = pick(patch.method, base.method).strip().upper() or METHODS[0]
    fields = NotifierFields(
        name=pick(patch.name, base.name).strip(),
        url=url,
        type=pick(patch.type, base.type).strip() or "webhook",
        method=method,
        headers={} if isinstance(headers, Refusal) else headers,
        topic=pick(patch.topic, base.topic).strip(),
        on_grab=pick(patch.on_grab, base.on_grab),
        on_import=pick(patch.on_import, base.on_import),
        on_upgrade=pick(patch.on_upgrade, base.on_upgrade),
        on_failure=pick(patch.on_failure, base.on_failure),
        on_health=pick(patch.on_health, base.on_health),
        enabled=pick(patch.enabled, base.enabled),
    )
    for name, value in (("name", fields.name), ("url", url)):
        if not value:
            return refuse(Code.REQUIRED, name)
    if method not in METHODS:
        return refuse(Code.INVALID, "method", value=method, allowed=METHODS)
    if isinstance(headers, Refusal):
        return headers
    target = check_url(url)
    return target if isinstance(target, Refusal) else fields


async def add_notifier(
    store: Store, who: Principal, patch: NotifierPatch, once: Once | None = None
) -> NotifierRow | Refusal | Replay:
    """Add a target. Refusals of `resolve`."""

    def work(tx: Tx) -> NotifierRow | Refusal:
        fields = resolve(patch, None)
        if isinstance(fields, Refusal):
            return fields
        return _found(tx, notifiers.add_in(tx, fields, who.user_id))

    return await perform(store, work, once)


async def update_notifier(
    store: Store, who: Principal, notifier_id: int, patch: NotifierPatch
) -> NotifierRow | Refusal:
    """Change a target. Refusals of `resolve`, `not_found`, `stale`."""

    def work(tx: Tx) -> NotifierRow | Refusal:
        stored = notifiers.get(tx, notifier_id)
        if stored is None:
            return refuse(Code.NOT_FOUND)
        fields = resolve(patch, stored)
        if isinstance(fields, Refusal):
            return fields
        if not notifiers.update_in(tx, notifier_id, fields, who.user_id, patch.rev):
            return refuse(Code.STALE, rev=stored.rev)
        return _found(tx, notifier_id)

    return await store.write(work)


async def delete_notifier(store: Store, notifier_id: int) -> None:
    """Delete a target; one that is not there is no error (identity-and-system.md 8.7)."""
    await store.write(lambda tx: notifiers.delete_in(tx, notifier_id))


def _headers(
    sent: str | dict[str, str] | UnsetType, stored: dict[str, str], *, same: bool
) -> dict[str, str] | Refusal:
    """The header values to store: masked ones stay, unless they would go somewhere else."""
    if isinstance(sent, UnsetType):
        given = dict.fromkeys(stored, MASK)
    elif isinstance(sent, str):
        try:
            given = msgspec.json.decode(sent or "{}", type=dict[str, str])
        except (msgspec.DecodeError, RecursionError):
            return refuse(Code.INVALID, "headers")
    else:
        given = sent
    if len(given) > MOST_HEADERS or not all(_plain(k, v) for k, v in given.items()):
        return refuse(Code.INVALID, "headers")
    kept = {name: value for name, value in given.items() if value == MASK and name in stored}
    if kept and not same:
        return refuse(Code.SECRET_REQUIRED, "headers")
    return {name: stored[name] if name in kept else value for name, value in given.items()}


def _plain(name: str, value: str) -> bool:
    token = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return token and value.isprintable() and len(value) <= 4_096


def _found(tx: Tx, notifier_id: int) -> NotifierRow:
    row = notifiers.get(tx, notifier_id)
    if row is None:
        message = f"notifier {notifier_id} was written in this transaction"
        raise LookupError(message)
    return row
