"""Plain data the decision looks at: slot, profile, rules, history (judgement.md 7)."""

from typing import Literal

import msgspec

from bindery.domain.offers import BookFormat, Release, Transport
from bindery.domain.release import ParsedRelease
from bindery.domain.wanted import Match, RivalWork, WantedWork

Klass = Literal["H", "S", "A", "T"]
"""H never without override, S a person may grab, A needs approval, T temporary."""
Verdict = Literal["grab", "acceptable", "soft", "hard"]
"""No rejection; only T or A; some S; some H."""

DEFAULT_ORDER: dict[str, tuple[str, ...]] = {
    "ebook": (
        "txt",
        "rtf",
        "lit",
        "djvu",
        "docx",
        "html",
        "pdf",
        "fb2",
        "azw",
        "mobi",
        "azw3",
        "kepub",
        "epub",
    ),
    "audiobook": ("wma", "aac", "ogg", "opus", "mp3", "flac", "m4a", "m4b"),
}
"""Order (worst to best) when a profile lists nothing; it ranks, it never rejects."""


class QualityProfile(msgspec.Struct, frozen=True, kw_only=True):
    """``items`` worst to best, each (format, allowed); empty = everything allowed.

    ``cutoff`` is a format, or `any`: the first file is good enough.
    """

    items: tuple[tuple[str, bool], ...] = ()
    cutoff: str = "any"
    upgrade_allowed: bool = True
    minimum_score: int = 0
    cutoff_score: int | None = None

    def index(self, format_: str, media: str) -> int:
        """Place of a format, higher is better; -1 unknown or unlisted."""
        order = tuple(name for name, _ in self.items) or DEFAULT_ORDER.get(media, ())
        return order.index(format_) if format_ in order else -1

    def allows(self, format_: str, media: str) -> bool:
        """Is this format (or `unknown`) wanted? A list without `unknown` lets it pass.

        Items of the other medium only do not forbid this one (one list serves both slots).
        """
        listed = dict(self.items)
        if not format_ or format_ == "unknown":
            return listed.get("unknown", True)
        same_medium = any(name in DEFAULT_ORDER.get(media, ()) for name in listed)
        return listed.get(format_, not same_medium)


class CurrentFile(msgspec.Struct, frozen=True, kw_only=True):
    """What fills the slot now (or is on its way)."""

    format: str = ""
    revision: int = 1
    custom_score: int = 0


class SlotFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One (book, format) as the decision and the import plan see it."""

    slot_id: int
    format: BookFormat
    wanted: WantedWork
    rivals: tuple[RivalWork, ...] = ()
    profile: QualityProfile = QualityProfile()
    is_wanted: bool = True
    monitored: bool = True
    current: CurrentFile | None = None
    queued: tuple[CurrentFile, ...] = ()
    last_grab_at: int | None = None
    """µs; automatic searches leave a slot alone for 12 h after a grab."""
    released_at: int | None = None


class IndexerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The indexer whose answer is judged. Higher ``priority`` wins."""

    id: int = 0
    priority: int = 25
    blocked: bool = False
    minimum_seeders: int = 1
    freeleech: Literal["off", "prefer", "require"] = "off"
    early_days: int | None = None


class DelayRule(msgspec.Struct, frozen=True, kw_only=True):
    """Delay profile: minutes per transport; which one is preferred and enabled."""

    usenet_min: int = 0
    torrent_min: int = 0
    preferred: Transport | None = None
    enabled: tuple[Transport, ...] = tuple(Transport)
    bypass_score: int | None = None


class SizeLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes; None = no limit."""

    least: int | None = None
    most: int | None = None


class FormatCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a custom format; ``value`` is folded text, a format, a transport or MB."""

    kind: Literal["title", "group", "format", "transport", "language", "flag", "retail", "narrator"]
    value: str
    negate: bool = False
    required: bool = False


class CustomFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions grouped by kind; every group must hold. ``score`` may be negative."""

    name: str
    score: int
    conditions: tuple[FormatCondition, ...]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything else that decides. Times are µs since the epoch, UTC."""

    now_us: int
    by_person: bool = False
    indexer: IndexerFacts = IndexerFacts()
    transports: frozenset[Transport] = frozenset(Transport)
    """Transports that an enabled download client takes."""
    delay: DelayRule = DelayRule()
    threshold: float = 0.75
    unknown_language_fails: bool = False
    sizes: dict[str, SizeLimit] = {}
    """By medium (`ebook`, `audiobook`) or by format, the latter first."""
    minimum_bitrate: int | None = None
    required_terms: tuple[str, ...] = ()
    ignored_terms: tuple[str, ...] = ()
    custom_formats: tuple[CustomFormat, ...] = ()
    retention_days: int | None = None
    minimum_age_min: int = 0
    free_bytes: int | None = None
    comics: bool = False


class BlockEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One blocklist row."""

    guid: str = ""
    info_hash: str = ""
    title_key: str = ""
    size: int | None = None
    indexer_id: int | None = None


class BlockFacts(msgspec.Struct, frozen=True, kw_only=True):
    """History that speaks against a release."""

    blocked: tuple[BlockEntry, ...] = ()
    imported_hashes: frozenset[str] = frozenset()
    imported_titles: frozenset[str] = frozenset()
    """Folded titles of releases already imported into this slot."""
    oldest_pending_at: int | None = None


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """One failing rule: its stable code (judgement.md 7), its class, both values compared."""

    code: str
    klass: Klass
    wanted: str = ""
    found: str = ""
    params: dict[str, str | int | float] = {}

    @property
    def hard(self) -> bool:
        """Never without override."""
        return self.klass == "H"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One release judged against a slot.

    ``release_index`` is its place in the judged answer. ``score`` condenses the comparator chain
    for display and for an ORDER BY; `decision.rank` is the order itself.
    """

    release_index: int
    release: Release
    parsed: ParsedRelease
    match: Match
    verdict: Verdict
    score: float
    score_parts: dict[str, float]
    rejections: tuple[Rejection, ...]
    quality: str = "unknown"
    rank_key: tuple[float, ...] = ()
