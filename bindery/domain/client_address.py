"""Addresses of download clients as people type them (downloads-and-import.md 1.1, 1.2)."""

import re

from bindery.domain.addresses import NotAllowed, Target, parse_target

LONGEST_SOCKET = 107
"""Bytes that the path of a socket may have on Linux."""
_SCGI = re.compile(r"scgi(?:$|:(?://)?(?P<place>.*))", re.IGNORECASE | re.DOTALL)
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


def rtorrent_url(
    host: str, port: int, *, ssl: bool = False, url_base: str = ""
) -> str | NotAllowed:
    """Where rTorrent is spoken to; `url_base` selects how (downloads-and-import.md 2.6).

    Empty or a path: HTTP to a gateway, `/RPC2` unless said otherwise. `scgi`: SCGI at host and
    port; `scgi://host:port` elsewhere; `scgi:///path` a socket of this machine.
    """
    base = url_base.strip()
    scgi = _SCGI.fullmatch(base)
    if scgi is None:
        path = base if base.startswith("/") else clean_url_base(base)
        target = _at(host, port, "https" if ssl else "http", path or "/RPC2")
        return target if isinstance(target, NotAllowed) else target.url
    place = scgi["place"] or ""
    if place.startswith("/"):
        too_long = len(place.encode()) > LONGEST_SOCKET
        odd = place.endswith("/") or "\0" in place or ".." in place.split("/")
        return NotAllowed("invalid") if too_long or odd else f"scgi://{place}"
    if place:
        host, _, digits = place.rstrip("/").rpartition(":")
        port = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 6 else 0
    target = _at(host.removeprefix("[").removesuffix("]"), port, "http", "/")
    if isinstance(target, NotAllowed):
        return target
    shown = f"[{target.host}]" if ":" in target.host else target.host
    return f"scgi://{shown}:{target.port}"


def _at(host: str, port: int, scheme: str, path: str) -> Target | NotAllowed:
    bare = re.sub(r"^https?://", "", host.strip(), flags=re.IGNORECASE).rstrip("/")
    if not bare or not 0 < port < 65536:
        return NotAllowed("invalid")
    if ":" in bare and not bare.startswith("["):
        bare = f"[{bare}]"
    return parse_target(f"{scheme}://{bare}:{port}{path}")
