"""Addresses inside the catalogue: absolute, below the URL base, with the caller's key.

Scheme and host are the effective ones (a forwarded name counts from a trusted proxy alone,
security-rulings.md 3). Without a usable host the addresses begin at the root, which every reader
understands as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from quart import Request

from bindery.domain.peers import split_host
from bindery.domain.principal import Via
from bindery.http.call import Call
from bindery.http.credentials import secure


@dataclass(frozen=True, slots=True)
class Addresses:
    """Makes the links of one answer. `key` is the one that came in the query, else empty."""

    origin: str
    base: str
    key: str = ""

    def to(self, path: str, **query: str | int | None) -> str:
        """The address of a path below the base; a query value of None is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        if self.key:
            given["apikey"] = self.key
        text = f"?{urlencode(given, quote_via=quote)}" if given else ""
        return f"{self.origin}{self.base}{quote(path)}{text}"

    def template(self) -> str:
        """The search address with OpenSearch's placeholders."""
        key = f"&apikey={quote(self.key, safe='')}" if self.key else ""
        start = f"{self.origin}{self.base}/opds/search"
        return f"{start}?q={{searchTerms}}&page={{startPage?}}{key}"


def addresses_of(call: Call, request: Request) -> Addresses:
    """How this caller reaches us. A key is repeated only when the query carried it."""
    host = call.browser.host
    scheme = "https" if secure(call.peer) else "http"
    origin = f"{scheme}://{host}" if split_host(host) is not None else ""
    keys = {text for text in request.args.getlist("apikey") if text}
    by_key = call.principal.via in {Via.INSTALL_KEY, Via.NAMED_KEY}
    key = keys.pop() if by_key and len(keys) == 1 else ""
    return Addresses(origin, call.base, key)
