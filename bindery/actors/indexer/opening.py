"""From rows to adapters, and from an indexer's id to its mailbox."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from bindery.actors.indexer.actor import OpenIndexer
from bindery.adapters.configs import IndexerConfig, NewznabConfig, OpdsConfig
from bindery.adapters.failures import Unavailable
from bindery.adapters.outbound import Outbound
from bindery.adapters.payloads import fetch_payload
from bindery.adapters.protocols import Indexer
from bindery.adapters.registry import open_indexer
from bindery.domain.legs import FetchLink
from bindery.domain.transfers import Payload
from bindery.runtime.mailbox import ActorGone, Mailbox, MailboxFull
from bindery.store.indexers import IndexerFields, IndexerRow

MailboxOf: TypeAlias = Callable[[str], Mailbox[Any]]
"""`Supervisor.mailbox`."""


def config_of(row: IndexerRow | IndexerFields) -> IndexerConfig:
    """The adapter's settings. A catalogue's sign-in is `user:password` in the key."""
    if row.type == "opds":
        username, _, password = row.api_key.partition(":")
        return OpdsConfig(
            url=row.url, username=username, password=password, timeout_s=float(row.timeout_s)
        )
    return NewznabConfig(
        url=row.url,
        api_key=row.api_key,
        flavour="torznab" if row.type == "torznab" else "newznab",
        timeout_s=float(row.timeout_s),
    )


def opener(outbound: Outbound) -> OpenIndexer:
    """Makes adapters for rows."""

    def open_row(row: IndexerRow) -> Indexer:
        return open_indexer(config_of(row), outbound)

    return open_row


def unsaved_opener(outbound: Outbound) -> Callable[[IndexerFields], Indexer]:
    """Makes adapters for configurations that are being tested."""

    def open_fields(fields: IndexerFields) -> Indexer:
        return open_indexer(config_of(fields), outbound)

    return open_fields


def fetcher(
    mailbox_of: MailboxOf, outbound: Outbound
) -> Callable[[int | None, str], Awaitable[Payload]]:
    """Fetch a link through the indexer it came from; without one, or when it was deleted, under
    the policy of plain download links. Raises `OutsideError`s.
    """
    plain = outbound.client(outbound.release_policy())

    async def fetch(indexer_id: int | None, link: str) -> Payload:
        mailbox = _mailbox(mailbox_of, indexer_id)
        if mailbox is None:
            return await fetch_payload(plain, link, threads=outbound.threads, clock=outbound.clock)
        try:
            payload: Payload = await mailbox.ask(FetchLink(link))
        except (ActorGone, MailboxFull) as error:
            raise Unavailable("indexer_busy", retry_after_s=5.0) from error
        return payload

    return fetch


def _mailbox(mailbox_of: MailboxOf, indexer_id: int | None) -> Mailbox[Any] | None:
    if indexer_id is None:
        return None
    try:
        mailbox = mailbox_of(f"indexer:{indexer_id}")
    except ActorGone:
        return None
    return None if mailbox.closed else mailbox
