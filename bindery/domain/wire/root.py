"""Root folders (catalogue.md 1.8)."""

from bindery.domain.wire import Wire


class RootFolder(Wire, frozen=True, kw_only=True):
    """Where books are shelved. Sizes in bytes; `code` says why it cannot be used now."""

    id: int
    path: str
    free_space: int
    total_space: int
    accessible: bool
    code: str
    filesystem: str
    network: bool
    created_at: str
