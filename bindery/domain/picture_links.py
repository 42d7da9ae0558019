"""Addresses of covers on the wire: always ours, so that no browser asks a provider."""

from urllib.parse import parse_qs, quote, urlsplit

IMAGES = "/api/v1/images"


def proxied(base: str, url: str | None) -> str:
    """`https://covers...` -> `<base>/api/v1/images?url=...`; '' and our own paths stay."""
    if not url or url.startswith("/"):
        return url or ""
    return f"{base}{IMAGES}?url={quote(url, safe='')}"


def unwrapped(url: str) -> str:
    """The provider's address behind one of ours; anything else stays."""
    parts = urlsplit(url)
    if not parts.path.endswith(IMAGES):
        return url
    return parse_qs(parts.query).get("url", [url])[0]
