"""The peer table of security-rulings.md 3, row by row, and the host check of 2.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.peers import (
    EVIDENCE,
    PeerClass,
    host_allowed,
    parse_trusted,
    resolve,
    split_host,
    split_origin,
)

T = "203.0.113.7"
XFF = "X-Forwarded-For"
LOCAL, REMOTE, UNKNOWN = PeerClass.local, PeerClass.remote, PeerClass.unknown

ROWS = [
    ("1", "", "8.8.8.8", [], "8.8.8.8", REMOTE),
    ("2", "", "8.8.8.8", [(XFF, "10.0.0.5")], "8.8.8.8", UNKNOWN),
    ("3", "", "192.168.1.5", [], "192.168.1.5", LOCAL),
    ("4", "", "172.17.0.1", [(XFF, "8.8.8.8")], "172.17.0.1", UNKNOWN),
    ("5", "", "127.0.0.1", [("Forwarded", "for=10.0.0.1")], "127.0.0.1", UNKNOWN),
    ("6", "", "::ffff:192.168.1.5", [], "192.168.1.5", LOCAL),
    ("7", "", "::ffff:8.8.8.8", [], "8.8.8.8", REMOTE),
    ("8", "", "100.64.3.2", [], "100.64.3.2", REMOTE),
    ("9a", "", "fe80::1%eth0", [], "fe80::1", LOCAL),
    ("9b", "", "fd12::1", [], "fd12::1", LOCAL),
    ("10a", "", "64:ff9b::a00:1", [], "64:ff9b::a00:1", REMOTE),
    ("10b", "", "2002:a00:1::", [], "2002:a00:1::", REMOTE),
    ("10c", "", "::10.0.0.1", [], "::a00:1", REMOTE),
    ("11", T, T, [(XFF, "10.0.0.5, 8.8.8.8")], "8.8.8.8", REMOTE),
    ("12", T, T, [(XFF, "192.168.1.50")], "192.168.1.50", LOCAL),
    ("13", f"{T}, 203.0.113.8", "203.0.113.8", [(XFF, f"8.8.4.4, {T}")], "8.8.4.4", REMOTE),
    (
        "14",
        "203.0.113.0/24",
        "203.0.113.8",
        [(XFF, "203.0.113.1, 203.0.113.2")],
        "203.0.113.1",
        REMOTE,
    ),
    ("15a", T, T, [(XFF, "10.0.0.5, garbage")], T, UNKNOWN),
    ("15b", T, T, [(XFF, "unknown")], T, UNKNOWN),
    ("16", T, T, [(XFF, "10.0.0.5"), (XFF, "8.8.8.8")], "8.8.8.8", REMOTE),
    ("17a", T, T, [(XFF, "[2606:4700::1]:443")], "2606:4700::1", REMOTE),
    ("17b", T, T, [(XFF, "1.2.3.4:5")], "1.2.3.4", REMOTE),
    ("18", "10.0.0.1", "10.0.0.1", [("X-Real-IP", "192.168.1.9")], "10.0.0.1", UNKNOWN),
    ("19", "10.0.0.0/8", "10.0.0.1", [], "10.0.0.1", LOCAL),
    ("20", "10.0.0.1", "::ffff:10.0.0.1", [(XFF, "::ffff:192.168.1.5")], "192.168.1.5", LOCAL),
    ("hops", T, T, [(XFF, ", ".join(["10.0.0.1"] * 65))], T, UNKNOWN),
    ("size", T, T, [(XFF, "10.0.0.1" + " " * 9000)], T, UNKNOWN),
    ("empty", T, T, [(XFF, " , ")], T, UNKNOWN),
    ("unix", "", "", [], "", UNKNOWN),
    ("unix trusted", "unix", "", [(XFF, "10.1.1.1")], "10.1.1.1", LOCAL),
]


@pytest.mark.parametrize(
    ("trusted", "peer", "headers", "address", "kind"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_the_client_behind_a_peer(trusted, peer, headers, address, kind) -> None:
    found = resolve(peer, headers, parse_trusted(trusted))
    assert (found.address, found.kind) == (address, kind)


@pytest.mark.parametrize("name", sorted(EVIDENCE))
def test_no_header_of_a_stranger_makes_it_local(name) -> None:
    for peer in ("8.8.8.8", "::ffff:8.8.8.8", "192.168.1.9"):
        found = resolve(peer, [(name.title(), "127.0.0.1")], parse_trusted(""))
        assert found.kind is UNKNOWN
        assert found.stripped
        assert (found.proto, found.host) == ("", "")


def test_several_values_of_proto_or_host_are_ignored() -> None:
    trusted = parse_trusted(T)
    one = resolve(T, [("x-forwarded-proto", "HTTPS"), ("x-forwarded-host", "b.example")], trusted)
    assert (one.proto, one.host) == ("https", "b.example")
    two = resolve(T, [("x-forwarded-proto", "https,http"), ("x-forwarded-host", "a")], trusted)
    assert (two.proto, two.host) == ("", "a")


def test_limiter_keys_are_networks_and_the_peer_when_the_client_is_unknown() -> None:
    trusted = parse_trusted(T)
    assert resolve("8.8.8.8", [], trusted).limiter_key == "8.8.8.8/32"
    assert resolve("2606:4700:1:2:3::1", [], trusted).limiter_key == "2606:4700:1:2::/64"
    assert resolve("8.8.8.8", [(XFF, "1.1.1.1")], trusted).limiter_key == "8.8.8.8/32"
    assert resolve(T, [(XFF, "1.1.1.1")], trusted).limiter_key == "1.1.1.1/32"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.local", "10.0.0.1, nonsense", "1.2.3"])
def test_a_bad_trusted_entry_is_an_error(text) -> None:
    with pytest.raises(ValueError, match="not an address or network"):
        parse_trusted(text)


@given(st.lists(st.text(max_size=40), max_size=70))
def test_hostile_forwarding_never_raises(values) -> None:
    headers = [(XFF, value) for value in values]
    assert resolve("8.8.8.8", headers, parse_trusted("")).kind is not LOCAL
    resolve(T, headers, parse_trusted(T))


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("192.168.1.5:8787", True),
        ("[::1]:8787", True),
        ("localhost", True),
        ("nas", True),
        ("books.local", True),
        ("books.LAN:80", True),
        ("books.home.arpa", True),
        ("svc.internal", True),
        ("books.example.org", True),
        ("evil.example", False),
        ("local", True),
        ("evillocal.example", False),
        ("", False),
        ("a b", False),
        ("books.local/x", False),
        ("[zz]", False),
    ],
)
def test_grants_are_given_under_known_hosts_only(host, good) -> None:
    assert host_allowed(host, ("books.example.org",)) is good


def test_origins_lose_their_default_port() -> None:
    assert split_origin("https://A.example:443") == ("https", "a.example", None)
    assert split_origin("http://a.example:8787") == ("http", "a.example", 8787)
    assert split_origin("null") is None
    assert split_host("a.example:0") is None
    assert split_host("[::1]:80") == ("::1", 80)
