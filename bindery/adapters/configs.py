"""Settings of every kind of adapter, apart from what carries them out.

Who only stores, checks or passes on a configuration imports this and no implementation.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from bindery.domain.pathmap import PathMap


class NewznabConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="newznab"):
    """Settings of one indexer. `flavour` decides how releases travel unless they say so."""

    url: str
    api_key: str = ""
    flavour: Literal["newznab", "torznab"] = "newznab"
    timeout_s: float = 30.0


class OpdsConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="opds"):
    """Settings of one catalogue; `url` is its root feed."""

    url: str
    username: str = ""
    password: str = ""
    search_template: str = ""
    """An address with `{searchTerms}`, for catalogues that do not tell theirs."""
    timeout_s: float = 30.0


class QBittorrentConfig(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="qbittorrent"
):
    """Settings of one client; `url` comes from `domain.client_address.client_url`."""

    url: str
    username: str = ""
    password: str = ""
    api_key: str = ""
    """Key of 5.2 and later; replaces user and password."""
    category: str = ""
    category_audiobook: str = ""
    save_path: str = ""
    """Where to save when no category is used, as the client names it; empty = its default."""
    timeout_s: float = 15.0


class TransmissionConfig(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="transmission"
):
    """Settings of one client; `url` comes from `domain.client_address.client_url`."""

    url: str
    username: str = ""
    password: str = ""
    category: str = ""
    """Label, and name of a folder inside the program's own; a category that begins with `/` is the
    folder itself."""
    category_audiobook: str = ""
    save_path: str = ""
    """Where to save whatever the category, as the client names it."""
    timeout_s: float = 15.0


class DelugeConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="deluge"):
    """Settings of one client; `url` is that of its Web UI, which asks for a password only."""

    url: str
    password: str = ""
    category: str = ""
    """Label; needs the plug-in of that name."""
    category_audiobook: str = ""
    save_path: str = ""
    """Where to save, as the client names it; empty = its default."""
    timeout_s: float = 15.0


class RTorrentConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="rtorrent"):
    """Settings of one client; `url` comes from `domain.client_address.rtorrent_url`: HTTP to a
    gateway, `scgi://host:port`, or `scgi:///path/of/a/socket`.
    """

    url: str
    username: str = ""
    password: str = ""
    """For the gateway's Basic authentication; the program itself has none."""
    category: str = ""
    """Label, as ruTorrent shows it."""
    category_audiobook: str = ""
    save_path: str = ""
    """Where to save, as the client names it; empty = its default."""
    maps: tuple[PathMap, ...] = ()
    """How its folders are called here: it does not delete data, so we do."""
    timeout_s: float = 30.0


class SabnzbdConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="sabnzbd"):
    """Settings of one client; `url` comes from `domain.client_address.client_url`."""

    url: str
    api_key: str = ""
    """The full API key; the one for NZBs only may add but not look."""
    category: str = ""
    category_audiobook: str = ""
    timeout_s: float = 15.0


class NzbgetConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="nzbget"):
    """Settings of one client; `url` comes from `domain.client_address.client_url`."""

    url: str
    username: str = ""
    password: str = ""
    category: str = ""
    category_audiobook: str = ""
    timeout_s: float = 15.0


class DirectConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="direct"):
    """Settings of the built-in client."""

    download_dir: str
    trusted_urls: tuple[str, ...] = ()
    """Addresses of configured indexers: files on exactly their host and port may be fetched even
    when that is this machine (security-rulings.md 8)."""
    parallel: int = 2
    stall_s: float = 60.0
    """A transfer without a byte for so long is broken off and tried again."""
    max_bytes: int = 8 * 1024**3


class BlackholeConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="blackhole"):
    """Settings of a client that is two folders, both as they are called here."""

    transport: Literal["torrent", "usenet"]
    drop_dir: str
    """Where torrents, magnets or NZBs are dropped for a program."""
    watch_dir: str
    """Where that program puts results."""


class OpenLibraryConfig(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="openlibrary"
):
    """Addresses; an operator's own mirror is trusted even inside the LAN."""

    base_url: str = "https://openlibrary.org"
    covers_url: str = "https://covers.openlibrary.org"
    timeout_s: float = 15.0


class GoogleBooksConfig(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="googlebooks"
):
    """Settings; without a key the free quota is a few requests a day."""

    base_url: str = "https://www.googleapis.com/books/v1"
    api_key: str = ""
    country: str = ""
    """Two letters; empty = Google decides by our address."""
    timeout_s: float = 10.0


class HardcoverConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="hardcover"):
    """Settings; without a token nothing can be asked."""

    base_url: str = "https://api.hardcover.app/v1"
    token: str = ""
    timeout_s: float = 15.0


class DnbConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="dnb"):
    """Addresses of the German National Library: its SRU service and its cover server."""

    base_url: str = "https://services.dnb.de/sru/dnb"
    covers_url: str = "https://portal.dnb.de/opac/mvb/cover"
    timeout_s: float = 15.0


class AudnexConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="audnex"):
    """Settings; `region` is Audible's (us, uk, de, fr, jp, it, es, au, in, ca)."""

    base_url: str = "https://api.audnex.us"
    region: str = "us"
    timeout_s: float = 15.0


class AudibleConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="audible"):
    """Settings; `region` as in `AudnexConfig`. `base_url` empty = the region's own address."""

    base_url: str = ""
    region: str = "us"
    timeout_s: float = 15.0


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook"):
    """Settings of one target."""

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: Mapping[str, str] = {}
    topic: str = ""
    """ntfy topic: the request then goes to the root of the URL."""


IndexerConfig: TypeAlias = NewznabConfig | OpdsConfig
ClientConfig: TypeAlias = (
    QBittorrentConfig
    | TransmissionConfig
    | DelugeConfig
    | RTorrentConfig
    | SabnzbdConfig
    | NzbgetConfig
    | DirectConfig
    | BlackholeConfig
)
ProviderConfig: TypeAlias = OpenLibraryConfig
"""General providers: what opens as a `MetadataProvider`."""
NotifierConfig: TypeAlias = WebhookConfig
