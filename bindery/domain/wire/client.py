"""Download clients as the wire shows them: secrets masked (downloads-and-import.md 1.1)."""

from bindery.domain.wire import Reason, Wire


class ClientHealth(Wire, frozen=True, kw_only=True):
    """What the poller saw last: unknown, ok, failing or disabled."""

    status: str
    message: str
    version: str
    reason: Reason | None


class DownloadClient(Wire, frozen=True, kw_only=True):
    """`password` and `apiKey` are eight asterisks when there is one; sent back, they change
    nothing. `protocol` is what the client can carry: torrent, usenet or http.
    """

    id: int
    name: str
    type: str
    protocol: str
    host: str
    port: int
    use_ssl: bool
    url_base: str
    username: str
    password: str
    password_configured: bool
    api_key: str
    api_key_configured: bool
    category: str
    category_audiobook: str
    path_remap: str
    download_dir: str
    remove_completed: bool
    priority: int
    enabled: bool
    created_at: str
    updated_at: str
    rev: int
    health: ClientHealth


class PathVisibility(Wire, frozen=True, kw_only=True):
    """Whether we can see the folder that the client saves to."""

    status: str
    path: str
    message: str


class ClientTest(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to *Test*: the connection works; what is odd beside it."""

    message: str
    version: str = ""
    warnings: tuple[str, ...] = ()
    path_visibility: PathVisibility | None = None
