"""From rows and settings to the adapters' own configurations."""

from pathlib import Path
from typing import Literal, cast

from bindery.adapters.configs import (
    BlackholeConfig,
    ClientConfig,
    DelugeConfig,
    DirectConfig,
    NotifierConfig,
    NzbgetConfig,
    QBittorrentConfig,
    RTorrentConfig,
    SabnzbdConfig,
    TransmissionConfig,
    WebhookConfig,
)
from bindery.adapters.outbound import OutboundConfig
from bindery.domain.addresses import Reach
from bindery.domain.pathmap import PathMap, parse_spec
from bindery.operations.clients import base_url
from bindery.settings import Settings
from bindery.store import clients, indexers
from bindery.store.clients import ClientFields, ClientRow
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.tx import Reader


def outbound_config(settings: Settings) -> OutboundConfig:
    """What the operator decided about outgoing traffic."""
    private = settings.notifications_allow_private
    return OutboundConfig(
        contact=settings.contact,
        download_allow_loopback=settings.download_allow_loopback,
        notifications=Reach.LAN if private else Reach.STRICT,
    )


def client_config(
    row: ClientRow | ClientFields,
    *,
    download_dir: Path,
    trusted_urls: tuple[str, ...],
    maps: tuple[PathMap, ...] = (),
) -> ClientConfig:
    """The adapter's settings of a download client; `maps` are the path mappings for all of them.
    Raises LookupError for a kind without one.
    """
    match row.type:
        case "direct":
            folder = row.download_dir or str(download_dir.absolute())
            return DirectConfig(download_dir=folder, trusted_urls=trusted_urls)
        case "qbittorrent":
            return QBittorrentConfig(
                url=base_url(row),
                username=row.username,
                password=row.password,
                api_key=row.api_key,
                category=row.category,
                category_audiobook=row.category_audiobook,
                save_path=row.download_dir,
            )
        case "transmission":
            return TransmissionConfig(
                url=base_url(row),
                username=row.username,
                password=row.password,
                category=row.category,
                category_audiobook=row.category_audiobook,
                save_path=row.download_dir,
            )
        case "deluge":
            return DelugeConfig(
                url=base_url(row),
                password=row.password,
                category=row.category,
                category_audiobook=row.category_audiobook,
                save_path=row.download_dir,
            )
        case "torrentblackhole" | "usenetblackhole":
            return BlackholeConfig(
                transport="torrent" if row.type == "torrentblackhole" else "usenet",
                drop_dir=row.url_base,
                watch_dir=row.download_dir,
            )
        case "rtorrent":
            return RTorrentConfig(
                url=base_url(row),
                username=row.username,
                password=row.password,
                category=row.category,
                category_audiobook=row.category_audiobook,
                save_path=row.download_dir,
                maps=(*parse_spec(row.path_remap), *maps),
            )
        case "sabnzbd":
            return SabnzbdConfig(
                url=base_url(row),
                api_key=row.api_key,
                category=row.category,
                category_audiobook=row.category_audiobook,
            )
        case "nzbget":
            return NzbgetConfig(
                url=base_url(row),
                username=row.username,
                password=row.password,
                category=row.category,
                category_audiobook=row.category_audiobook,
            )
        case other:
            message = f"there is no adapter for {other} yet"
            raise LookupError(message)


def notifier_config(row: NotifierRow | NotifierFields) -> NotifierConfig:
    """The adapter's settings of a notification target; an unknown method is POST."""
    method = {"PUT": "PUT", "GET": "GET"}.get(row.method, "POST")
    return WebhookConfig(
        url=row.url,
        method=cast("Literal['POST', 'PUT', 'GET']", method),
        headers=row.headers,
        topic=row.topic,
    )


def trusted_urls(reader: Reader) -> tuple[str, ...]:
    """Addresses of configured indexers: the built-in client may fetch from exactly these hosts."""
    return tuple(row.url for row in indexers.list_enabled(reader))


def client_rev(reader: Reader, row: ClientRow) -> int:
    """What must change for a client's actor to be replaced.

    The built-in client also depends on the addresses of the indexers, which it may fetch from.
    """
    if row.type != "direct":
        return row.rev
    return hash((row.rev, trusted_urls(reader)))


def wanted_clients(reader: Reader) -> list[tuple[int, int]]:
    """Enabled clients: (id, revision)."""
    return [(row.id, client_rev(reader, row)) for row in clients.list_enabled(reader)]
