"""Which addresses Bindery may speak to (security-rulings.md 8). Pure: no resolver, no socket.

The standard library's `is_global` is not used: it lets NAT64, 6to4 and site-local pass.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import msgspec

Address: TypeAlias = IPv4Address | IPv6Address


class Zone(StrEnum):
    """What kind of neighbour an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    RESERVED = "reserved"
    """Link-local, multicast, unspecified, tunnels ...: never dialled."""
    METADATA = "metadata"
    """Cloud metadata services: never dialled."""


class Reach(StrEnum):
    """How far a feature may reach."""

    STRICT = "strict"
    LAN = "lan"
    LAN_LOOPBACK = "lan_loopback"


class Policy(msgspec.Struct, frozen=True):
    """A reach, and the exact (host, port) pairs that are trusted beyond it."""

    reach: Reach
    trusted: frozenset[tuple[str, int]] = frozenset()


class Target(msgspec.Struct, frozen=True):
    """A URL that parsed: host in A-labels and lower case, port always known."""

    url: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    literal: Address | None = None

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port


class NotAllowed(msgspec.Struct, frozen=True):
    """Why a URL is refused; `reason` is a stable word, never resolver text."""

    reason: Literal["invalid", "private", "loopback", "reserved", "metadata"]


_ALLOWED = {
    Reach.STRICT: {Zone.PUBLIC},
    Reach.LAN: {Zone.PUBLIC, Zone.PRIVATE},
    Reach.LAN_LOOPBACK: {Zone.PUBLIC, Zone.PRIVATE, Zone.LOOPBACK},
}
_NEVER = {Zone.RESERVED, Zone.METADATA}

_METADATA_V4 = {
    IPv4Address("169.254.169.254"),
    IPv4Address("100.100.100.200"),
    IPv4Address("168.63.129.16"),
}
_METADATA_V6 = IPv6Address("fd00:ec2::254")
_METADATA_NAME = "metadata.google.internal"

_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_PRIVATE_V4 = tuple(
    IPv4Network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15")
)
_RESERVED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PRIVATE_V6 = IPv6Network("fc00::/7")
_EMBEDDED_LOW = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_6TO4 = IPv6Network("2002::/16")
_RESERVED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "::/96",  # unspecified and the old IPv4-compatible form; ::1 is judged before
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "100::/64",
        "2001::/32",
        "64:ff9b:1::/48",
    )
)

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBERISH = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_PORTS = {"http": 80, "https": 443}


def zone_of(address: Address) -> Zone:
    """The zone of one address; an IPv4 address inside an IPv6 one is judged as itself."""
    if isinstance(address, IPv4Address):
        return _zone_of_v4(address)
    embedded = _embedded(address)
    if embedded is not None:
        return _zone_of_v4(embedded)
    if address == _METADATA_V6:
        return Zone.METADATA
    if address == IPv6Address(1):
        return Zone.LOOPBACK
    if any(address in net for net in _RESERVED_V6):
        return Zone.RESERVED
    return Zone.PRIVATE if address in _PRIVATE_V6 else Zone.PUBLIC


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if any(address in net for net in _EMBEDDED_LOW):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address((int(address) >> 80) & 0xFFFF_FFFF)
    return None


def _zone_of_v4(address: IPv4Address) -> Zone:
    if address in _METADATA_V4:
        return Zone.METADATA
    if address in _LOOPBACK_V4:
        return Zone.LOOPBACK
    if any(address in net for net in _RESERVED_V4):
        return Zone.RESERVED
    return Zone.PRIVATE if any(address in net for net in _PRIVATE_V4) else Zone.PUBLIC


def parse_target(url: str) -> Target | NotAllowed:
    """Read a URL. Everything that two parsers could read differently is refused as `invalid`:
    userinfo, zone ids, backslashes, blanks, control characters, odd spellings of IPv4.
    """
    invalid = NotAllowed("invalid")
    if len(url) > 8192 or "\\" in url or _BLANK_OR_CONTROL.search(url):
        return invalid
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return invalid
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or "@" in parts.netloc or "%" in parts.netloc or port == 0:
        return invalid
    read = _read_host(parts.hostname or "", bracketed="[" in parts.netloc)
    if read is None:
        return invalid
    host, literal = read
    shown = f"[{host}]" if isinstance(literal, IPv6Address) else host
    if port is not None and port != _PORTS[scheme]:
        shown = f"{shown}:{port}"
    clean = urlunsplit((scheme, shown, parts.path or "/", parts.query, ""))
    return Target(
        clean, "https" if scheme == "https" else "http", host, port or _PORTS[scheme], literal
    )


def _read_host(raw: str, *, bracketed: bool) -> tuple[str, Address | None] | None:
    if bracketed:
        try:
            literal = IPv6Address(raw)
        except ValueError:
            return None
        return str(literal), literal
    try:
        host = raw.lower() if raw.isascii() else raw.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    host = host.removesuffix(".")
    if not host or len(host) > 253 or not _HOST.fullmatch(host):
        return None
    if _NUMBERISH.fullmatch(host.rpartition(".")[2]):
        try:
            return host, IPv4Address(host)
        except ValueError:
            return None
    return host, None


def judge_name(target: Target, policy: Policy) -> NotAllowed | None:
    """What can be said without asking a resolver: literals and names with a fixed meaning."""
    if target.literal is not None:
        return judge_addresses([target.literal], target.host, target.port, policy)
    if target.host == _METADATA_NAME:
        return NotAllowed("metadata")
    if target.host == "localhost" or target.host.endswith(".localhost"):
        return _judge_zone(Zone.LOOPBACK, target.host, target.port, policy)
    return None


def judge_addresses(
    addresses: list[Address], host: str, port: int, policy: Policy
) -> NotAllowed | None:
    """All addresses of a name must pass; one bad one refuses the name."""
    for address in addresses:
        refused = _judge_zone(zone_of(address), host, port, policy)
        if refused is not None:
            return refused
    return None


def _judge_zone(zone: Zone, host: str, port: int, policy: Policy) -> NotAllowed | None:
    if zone in _ALLOWED[policy.reach]:
        return None
    if zone not in _NEVER and (host, port) in policy.trusted:
        return None
    match zone:
        case Zone.PRIVATE:
            return NotAllowed("private")
        case Zone.LOOPBACK:
            return NotAllowed("loopback")
        case Zone.METADATA:
            return NotAllowed("metadata")
        case _:
            return NotAllowed("reserved")


def trusting(reach: Reach, *urls: str) -> Policy:
    """A policy that also trusts exactly the hosts and ports of these URLs."""
    pairs: set[tuple[str, int]] = set()
    for url in urls:
        target = parse_target(url)
        if isinstance(target, Target):
            pairs.add((target.host, target.port))
    return Policy(reach, frozenset(pairs))


def read_address(text: str) -> Address | None:
    """An address as a resolver prints it; a zone id makes it none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
