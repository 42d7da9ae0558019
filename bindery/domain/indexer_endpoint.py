"""Where a Newznab or Torznab indexer is really asked (acquisition.md 2.2)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

import msgspec

_OURS = {"t", "q", "cat", "limit", "offset", "title", "author", "apikey"}
_SLASHES = re.compile(r"/{2,}")


class Endpoint(msgspec.Struct, frozen=True):
    """The API address without query, the key, and the parameters the operator added."""

    url: str
    api_key: str
    extra: tuple[tuple[str, str], ...] = ()


def endpoint(configured: str, api_key: str = "") -> Endpoint:
    """Normalise a configured address; an empty one stays empty. A key in the URL is used when the
    key field is blank.
    """
    text = configured.strip()
    if not text:
        return Endpoint("", api_key.strip())
    parts = urlsplit(text)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    in_url = next((value for name, value in pairs if name.lower() == "apikey"), "")
    extra = tuple((name, value) for name, value in pairs if name.lower() not in _OURS)
    path = parts.path
    if "torznab" not in path.lower():
        path = _SLASHES.sub("/", path).rstrip("/")
        if not path.endswith("/api"):
            path += "/api"
    return Endpoint(
        urlunsplit((parts.scheme, parts.netloc, path, "", "")), api_key.strip() or in_url, extra
    )


def request_url(where: Endpoint, params: Mapping[str, str]) -> str:
    """The URL of one request: parameters sorted by name, blanks as `+`, the key included."""
    pairs = [*where.extra, *((name, value) for name, value in params.items() if value)]
    if where.api_key:
        pairs.append(("apikey", where.api_key))
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in sorted(pairs))
    return f"{where.url}?{query}"
