"""Who is at the other end: peer address, forwarding headers, effective host.

Pure part of security-rulings.md 2.3 and 3. One resolver serves every consumer; whether a proxy
may name an identity is decided by the TCP peer alone (`Peer.trusted`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_HOPS = 64
MAX_FORWARDED_BYTES = 8192

EVIDENCE = frozenset(
    {
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-client-ip",
        "via",
    }
)
"""Lower-case names of headers that say a proxy stands between (security-rulings.md 3)."""

_LOCAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_LOCAL_SUFFIXES = (".local", ".lan", ".home", ".home.arpa", ".internal")


class PeerClass(StrEnum):
    """`unknown` is never local: a proxy nobody configured may stand between."""

    local = "local"
    remote = "remote"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Trusted:
    """The configured proxies: networks, and whether a unix socket counts as one."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def __contains__(self, address: Address) -> bool:
        return any(address.version == net.version and address in net for net in self.networks)


@dataclass(frozen=True, slots=True)
class Peer:
    """The resolved other end.

    `address` is canonical text, empty for a unix socket. `trusted`: the TCP peer is a configured
    proxy. `stripped`: an untrusted peer sent forwarding headers. `proto` and `host` come from a
    trusted proxy only.
    """

    address: str
    kind: PeerClass
    tcp: str
    trusted: bool = False
    stripped: bool = False
    proto: str = ""
    host: str = ""

    @property
    def limiter_key(self) -> str:
        """IPv4 /32, IPv6 /64; an unknown client counts as its TCP peer."""
        text = self.tcp if self.kind is PeerClass.unknown else self.address
        return network_key(text, 32, 64)


def network_key(text: str, bits4: int, bits6: int) -> str:
    """The network of an address as a limiter key; other text stands for itself."""
    address = parse_address(text)
    if address is None:
        return text
    bits = bits4 if address.version == 4 else bits6
    return str(ip_network((address, bits), strict=False))


def parse_trusted(text: str) -> Trusted:
    """Read `BINDERY_TRUSTED_PROXY`; a bad entry raises ValueError naming it."""
    networks: list[Network] = []
    unix = False
    for entry in (part.strip() for part in text.split(",")):
        if not entry:
            continue
        if entry == "unix":
            unix = True
            continue
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            raise ValueError(f"not an address or network: {entry!r}") from None
    return Trusted(tuple(networks), unix)


def parse_address(text: str) -> Address | None:
    """One IP literal: zone cut, IPv4-mapped unwrapped; anything else is None."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def classify(address: Address | None) -> PeerClass:
    """Local means exactly the private ranges of security-rulings.md 3, nothing else."""
    if address is None:
        return PeerClass.unknown
    local = any(address.version == net.version and address in net for net in _LOCAL)
    return PeerClass.local if local else PeerClass.remote


def resolve(tcp: str, headers: Iterable[tuple[str, str]], trusted: Trusted) -> Peer:
    """Find the client behind a TCP peer (empty text = unix socket) and its headers.

    Header names are matched case-insensitively; repeated headers are joined in order.
    """
    found: dict[str, list[str]] = {}
    for name, value in headers:
        if (lower := name.lower()) in EVIDENCE:
            found.setdefault(lower, []).append(value)
    address = parse_address(tcp) if tcp else None
    text = str(address) if address is not None else tcp
    known = trusted.unix if not tcp else address is not None and address in trusted
    if not known:
        kind = PeerClass.unknown if found else classify(address)
        return Peer(text, kind, text, stripped=bool(found))
    proto, host = _single(found, "x-forwarded-proto").lower(), _single(found, "x-forwarded-host")
    if not found:
        return Peer(text, classify(address), text, trusted=True)
    client = _walk(",".join(found.get("x-forwarded-for", ())), trusted)
    if client is None:
        return Peer(text, PeerClass.unknown, text, trusted=True, proto=proto, host=host)
    return Peer(str(client), classify(client), text, trusted=True, proto=proto, host=host)


def _single(found: dict[str, list[str]], name: str) -> str:
    """The one value of a header; several values are ignored."""
    values = [v.strip() for line in found.get(name, ()) for v in line.split(",") if v.strip()]
    return values[0] if len(values) == 1 else ""


def _walk(joined: str, trusted: Trusted) -> Address | None:
    entries = [part.strip() for part in joined.split(",") if part.strip()]
    if not entries or len(entries) > MAX_HOPS or len(joined) > MAX_FORWARDED_BYTES:
        return None
    last: Address | None = None
    for entry in reversed(entries):
        last = parse_address(_bare(entry))
        if last is None or last not in trusted:
            return last
    return last


def _bare(entry: str) -> str:
    """Cut brackets and port from one forwarded entry."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    if entry.count(":") == 1:
        return entry.partition(":")[0]
    return entry


def split_host(text: str) -> tuple[str, int | None] | None:
    """Split `host[:port]` into lower-case host (no brackets) and port; None if unparsable."""
    text = text.strip().lower()
    if not text or any(c in text for c in "/\\@?# \t,") or not text.isascii():
        return None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or parse_address(host) is None or (rest and not rest.startswith(":")):
            return None
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
        if ":" in port:
            return None
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        return None
    return host.rstrip(".") or host, int(port) if port else None


def split_origin(text: str) -> tuple[str, str, int | None] | None:
    """Split an `Origin` into scheme, host, port (default ports removed); None for `null`."""
    scheme, sep, rest = text.strip().lower().partition("://")
    parts = split_host(rest) if sep and scheme in {"http", "https"} else None
    if parts is None:
        return None
    return scheme, parts[0], without_default(scheme, parts[1])


def without_default(scheme: str, port: int | None) -> int | None:
    """The port, or None when it is the scheme's own."""
    return None if port == {"http": 80, "https": 443}.get(scheme) else port


def effective_host(hosts: Sequence[str], peer: Peer) -> str:
    """The forwarded host of a trusted peer, else the only `Host`; empty when there is none."""
    if peer.trusted and peer.host:
        return peer.host
    return hosts[0] if len(hosts) == 1 else ""


def host_allowed(host: str, allowed: Iterable[str]) -> bool:
    """May a mode grant be given under this host name? Stops DNS rebinding (2.3)."""
    parts = split_host(host)
    if parts is None:
        return False
    name = parts[0]
    if parse_address(name) is not None or "." not in name or name.endswith(_LOCAL_SUFFIXES):
        return True
    return any((entry := split_host(text)) is not None and entry[0] == name for text in allowed)
