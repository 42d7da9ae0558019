"""Foreign ids as the wire spells them: the prefix names the provider (catalogue.md 1.1)."""

_PREFIXES = {
    "gb": "googlebooks",
    "hc": "hardcover",
    "dnb": "dnb",
    "calibre": "calibre",
    "abs": "audiobookshelf",
    "audible": "audible",
    "local": "local",
}
_REPLACEABLE = frozenset(("", "calibre", "audiobookshelf", "local"))


def provider_of(ref: str | None) -> str:
    """`hc:123` -> hardcover; without a prefix openlibrary; without an id ''."""
    if not ref:
        return ""
    prefix, colon, _rest = ref.partition(":")
    return _PREFIXES.get(prefix, "openlibrary") if colon else "openlibrary"


def is_replaceable(ref: str | None) -> bool:
    """Whether this identity came from files alone, so that a provider's may take its place."""
    return provider_of(ref) in _REPLACEABLE
