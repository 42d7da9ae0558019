"""Addresses of download clients as people type them (downloads-and-import.md 1.1, 1.2)."""

import re

from bindery.domain.addresses import NotAllowed, parse_target

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)


def clean_url_base(text: str) -> str:
    """A reverse-proxy path: leading slash, none at the end; of a pasted URL only the path."""
    path = _SCHEME.sub("", text.strip()).strip("/ ")
    return f"/{path}" if path else ""


def client_url(host: str, port: int, *, ssl: bool = False, url_base: str = "") -> str | NotAllowed:
    """The base URL without a trailing slash; port 0 is 8080. A pasted scheme is dropped."""
    bare = re.sub(r"^https?://", "", host.strip(), flags=re.IGNORECASE).rstrip("/")
    if ":" in bare and not bare.startswith("[") and bare.count(":") > 1:
        bare = f"[{bare}]"
    url = f"{'https' if ssl else 'http'}://{bare}:{port or 8080}{clean_url_base(url_base)}"
    target = parse_target(url)
    return target if isinstance(target, NotAllowed) else target.url.rstrip("/")
