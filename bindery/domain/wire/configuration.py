"""Profiles and settings (catalogue.md 1.8)."""

from bindery.domain.wire import Wire


class ProfileQuality(Wire, frozen=True, kw_only=True):
    """One quality of a profile."""

    quality: str
    allowed: bool


class QualityProfile(Wire, frozen=True, kw_only=True):
    """Which qualities are allowed, in order, and where upgrading stops. No items = everything."""

    id: int
    name: str
    upgrade_allowed: bool
    cutoff: str
    items: list[ProfileQuality]
    created_at: str


class MetadataProfile(Wire, frozen=True, kw_only=True):
    """Which works of an author are worth a place in the library."""

    id: int
    name: str
    min_popularity: int = 0
    min_pages: int = 0
    skip_missing_date: bool = False
    skip_missing_isbn: bool = False
    skip_part_books: bool = False
    allowed_languages: str
    unknown_language_behavior: str
    created_at: str


class Setting(Wire, frozen=True, kw_only=True):
    """One setting; values are text, as old clients read them."""

    key: str
    value: str
    updated_at: str | None
