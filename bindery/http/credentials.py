"""What a request presents, read but not verified: peer, keys, Basic, cookies; and digests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from quart import Request, Websocket

from bindery.domain.door import Tree, key_sources
from bindery.domain.peers import Peer, resolve
from bindery.http import cookies
from bindery.http.services import Services

Asked = Request | Websocket


@dataclass(frozen=True, slots=True)
class Presented:
    """The credentials of one request as sent: texts, nothing verified."""

    keys: tuple[str, ...]
    key_in_query: bool
    basic: tuple[str, str] | None
    cookies: tuple[str, ...]


def peer_of(asked: Asked, services: Services) -> Peer:
    """The resolved other end of this connection."""
    client = asked.scope["client"]
    tcp = client[0] if client else ""
    headers = ((name, value) for name, value in asked.headers.items())
    return resolve(tcp, headers, services.settings.trusted_proxy)


def present(asked: Asked, tree: Tree) -> Presented:
    """Read the credentials, nothing verified; sources and order by the door's rules."""
    headers = asked.headers
    authorization = headers.getlist("Authorization")
    method = asked.method if isinstance(asked, Request) else "GET"
    query = asked.args.getlist("apikey")
    keys = key_sources(tree, method, headers.getlist("X-Api-Key"), authorization, query)
    return Presented(keys, bool(query), _basic(authorization), cookies.session_values(asked))


def _basic(authorization: list[str]) -> tuple[str, str] | None:
    if len(authorization) != 1 or authorization[0][:6].lower() != "basic ":
        return None
    try:
        text = base64.b64decode(authorization[0][6:].strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon and len(password) <= 4096 else None


def secure(peer: Peer) -> bool:
    """Did the client come over TLS, as far as a trusted proxy says? There is no own TLS yet."""
    return peer.trusted and peer.proto == "https"


def digest(text: str) -> bytes:
    """SHA-256 of a key or session value: the form in which rows keep it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def csrf_token(secret: str, cookie: str) -> str:
    """base64url HMAC-SHA256(session secret, `csrf:` + session cookie value), no padding."""
    mac = hmac.new(secret.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
