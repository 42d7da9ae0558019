"""Derived states: slot and book status are computed from facts, never stored (architecture.md 6a).

Source of the book status: catalogue.md 3.1-3.3 (Better).
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from bindery.domain.downloads import is_live
from bindery.domain.offers import BookFormat

SlotState = Literal[
    "skipped", "upgrading", "importing", "downloading", "available", "pending", "failed", "missing"
]
BookStatus = Literal["wanted", "downloading", "downloaded", "imported", "skipped"]
_AFTER_CLIENT = frozenset(
    (
        "completed",
        "importPending",
        "importing",
        "importFailed",
        "importHeld",
        "importExternal",
        "importBlocked",
    )
)
_WITH_CLIENT = frozenset(("grabbed", "downloading"))


class SlotStatusFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``download_state`` and ``download_code`` of the newest download not removed; '' = none."""

    format: BookFormat
    wanted: bool = True
    skipped: bool = False
    has_file: bool = False
    pending: bool = False
    download_state: str = ""
    download_code: str | None = None

    @property
    def live(self) -> bool:
        """Is a download under way for this slot?"""
        return bool(self.download_state) and is_live(self.download_state, self.download_code)


def slot_state(facts: SlotStatusFacts) -> SlotState:
    """The first that fits (architecture.md 6a, `Slot`)."""
    if facts.skipped:
        return "skipped"
    if facts.has_file and facts.live:
        return "upgrading"
    if facts.live:
        return "importing" if facts.download_state in _AFTER_CLIENT else "downloading"
    if facts.has_file:
        return "available"
    if facts.pending:
        return "pending"
    return "failed" if facts.download_state in ("failed", "importBlocked") else "missing"


def book_status(slots: Sequence[SlotStatusFacts], *, skipped: bool = False) -> BookStatus:
    """Skipped by the person; imported when every wanted slot has its file; then downloads."""
    if skipped:
        return "skipped"
    wanted = [slot for slot in slots if slot.wanted]
    if wanted and all(slot.has_file for slot in wanted):
        return "imported"
    states = {slot.download_state for slot in slots if slot.live}
    if states & _WITH_CLIENT:
        return "downloading"
    return "downloaded" if states & _AFTER_CLIENT else "wanted"


def media_type(slots: Sequence[SlotStatusFacts]) -> str:
    """`ebook`, `audiobook`, `both` or '': what the wire calls mediaType (catalogue.md 3.2)."""
    formats = {slot.format for slot in slots if slot.wanted}
    return "both" if len(formats) == 2 else next(iter(formats), "")


def needs(slot: SlotStatusFacts) -> bool:
    """Wanted and without a file."""
    return slot.wanted and not slot.has_file


def is_searchable(slot: SlotStatusFacts, *, monitored: bool, excluded: bool, skipped: bool) -> bool:
    """Does the automatic search look for this slot now? Per format, unlike its sibling's state."""
    return needs(slot) and monitored and not excluded and not skipped and not slot.live
