"""Which configuration makes which adapter: the only module that knows all implementations.

Whoever needs an adapter knows `configs` and `protocols` and gets these functions.
"""

from collections.abc import Awaitable, Callable

from bindery.adapters.configs import (
    BlackholeConfig,
    ClientConfig,
    DelugeConfig,
    DirectConfig,
    IndexerConfig,
    NewznabConfig,
    NotifierConfig,
    NzbgetConfig,
    OpdsConfig,
    ProviderConfig,
    QBittorrentConfig,
    RTorrentConfig,
    SabnzbdConfig,
    TransmissionConfig,
)
from bindery.adapters.downloaders.blackhole import CAPABILITIES as BLACKHOLE
from bindery.adapters.downloaders.blackhole import Blackhole
from bindery.adapters.downloaders.deluge import Deluge
from bindery.adapters.downloaders.direct import Direct
from bindery.adapters.downloaders.nzbget import Nzbget
from bindery.adapters.downloaders.qbittorrent import QBittorrent
from bindery.adapters.downloaders.rtorrent import RTorrent
from bindery.adapters.downloaders.sabnzbd import Sabnzbd
from bindery.adapters.downloaders.transmission import Transmission
from bindery.adapters.indexers.newznab import Newznab
from bindery.adapters.indexers.opds import Opds
from bindery.adapters.metadata.openlibrary import OpenLibrary
from bindery.adapters.notifiers.webhook import Webhook
from bindery.adapters.outbound import Outbound
from bindery.adapters.protocols import DownloadClient, Indexer, MetadataProvider, Notifier
from bindery.domain.offers import Transport
from bindery.domain.transfers import ClientCapabilities

INDEXER_TRANSPORT = {
    "newznab": Transport.USENET,
    "torznab": Transport.TORRENT,
    "opds": Transport.HTTP,
}
"""Kinds of indexers a person can add, and how their releases travel."""

CLIENT_CAPABILITIES: dict[str, ClientCapabilities] = {
    "qbittorrent": QBittorrent.capabilities,
    "transmission": Transmission.capabilities,
    "deluge": Deluge.capabilities,
    "rtorrent": RTorrent.capabilities,
    "sabnzbd": Sabnzbd.capabilities,
    "nzbget": Nzbget.capabilities,
    "torrentblackhole": BLACKHOLE["torrent"],
    "usenetblackhole": BLACKHOLE["usenet"],
    "direct": Direct.capabilities,
}
"""Kinds of download clients a person can add, and what each can do."""


def open_indexer(config: IndexerConfig, outbound: Outbound) -> Indexer:
    """An indexer; use it with `async with`."""
    match config:
        case NewznabConfig():
            return Newznab(config, outbound)
        case OpdsConfig():
            return Opds(config, outbound)


def open_client(config: ClientConfig, outbound: Outbound) -> DownloadClient:
    """A download client; use it with `async with`. If it is `Running`, also run its `run()` in a
    nursery for as long as it is open.
    """
    match config:
        case QBittorrentConfig():
            return QBittorrent(config, outbound)
        case TransmissionConfig():
            return Transmission(config, outbound)
        case DelugeConfig():
            return Deluge(config, outbound)
        case RTorrentConfig():
            return RTorrent(config, outbound)
        case SabnzbdConfig():
            return Sabnzbd(config, outbound)
        case NzbgetConfig():
            return Nzbget(config, outbound)
        case DirectConfig():
            return Direct(config, outbound)
        case BlackholeConfig():
            return Blackhole(config, outbound)


def open_provider(
    config: ProviderConfig,
    outbound: Outbound,
    before_request: Callable[[], Awaitable[None]] | None = None,
) -> MetadataProvider:
    """A metadata provider; `before_request` is awaited before every single request."""
    return OpenLibrary(config, outbound, before_request)


def open_notifier(config: NotifierConfig, outbound: Outbound) -> Notifier:
    """A target of notifications."""
    return Webhook(config, outbound)
