"""The table of security-rulings.md 8, row by row."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.addresses import (
    NotAllowed,
    Policy,
    Reach,
    Target,
    judge_addresses,
    judge_name,
    parse_target,
    trusting,
)

REACHES = (Reach.STRICT, Reach.LAN, Reach.LAN_LOOPBACK)


def verdicts(url: str) -> str:
    """One letter per reach: o = allowed, n = refused, i = invalid."""
    target = parse_target(url)
    if isinstance(target, NotAllowed):
        return "iii"
    return "".join("n" if judge_name(target, Policy(reach)) else "o" for reach in REACHES)


PUBLIC, LAN, LOOP, NEVER, INVALID = "ooo", "noo", "nno", "nnn", "iii"

HOSTS = [
    ("8.8.8.8", PUBLIC),
    ("192.0.2.1", PUBLIC),
    ("198.51.100.1", PUBLIC),
    ("203.0.113.9", PUBLIC),
    ("[2001:db8::1]", PUBLIC),
    ("[2606:4700::1]", PUBLIC),
    ("172.15.255.255", PUBLIC),
    ("172.32.0.1", PUBLIC),
    ("100.63.255.255", PUBLIC),
    ("100.128.0.1", PUBLIC),
    ("10.0.0.1", LAN),
    ("10.255.255.255", LAN),
    ("172.16.0.1", LAN),
    ("172.31.255.255", LAN),
    ("192.168.1.1", LAN),
    ("100.64.0.1", LAN),
    ("198.18.0.1", LAN),
    ("198.19.255.255", LAN),
    ("[fc00::1]", LAN),
    ("[fdff::1]", LAN),
    ("127.0.0.1", LOOP),
    ("127.255.255.254", LOOP),
    ("[::1]", LOOP),
    ("localhost", LOOP),
    ("LOCALHOST", LOOP),
    ("localhost.", LOOP),
    ("a.localhost", LOOP),
    ("0.0.0.0", NEVER),
    ("0.1.2.3", NEVER),
    ("[::]", NEVER),
    ("169.254.1.1", NEVER),
    ("[fe80::1]", NEVER),
    ("[fec0::1]", NEVER),
    ("192.0.0.1", NEVER),
    ("192.88.99.1", NEVER),
    ("224.0.0.1", NEVER),
    ("239.255.255.255", NEVER),
    ("240.0.0.1", NEVER),
    ("255.255.255.255", NEVER),
    ("[ff02::1]", NEVER),
    ("[100::1]", NEVER),
    ("[2001:0:1::1]", NEVER),
    ("[64:ff9b:1::1]", NEVER),
    ("[::8.8.8.8]", NEVER),
    ("[::2]", NEVER),
    ("169.254.169.254", NEVER),
    ("[fd00:ec2::254]", NEVER),
    ("100.100.100.200", NEVER),
    ("168.63.129.16", NEVER),
    ("metadata.google.internal", NEVER),
    ("Metadata.Google.Internal.", NEVER),
    ("[::ffff:8.8.8.8]", PUBLIC),
    ("[::ffff:10.0.0.1]", LAN),
    ("[::ffff:127.0.0.1]", LOOP),
    ("[::ffff:169.254.169.254]", NEVER),
    ("[64:ff9b::8.8.8.8]", PUBLIC),
    ("[64:ff9b::192.168.0.1]", LAN),
    ("[64:ff9b::127.0.0.1]", LOOP),
    ("[2002:808:808::1]", PUBLIC),
    ("[2002:a00:1::1]", LAN),
    ("[2002:7f00:1::]", LOOP),
    ("[2002:a9fe:a9fe::]", NEVER),
    ("2130706433", INVALID),
    ("0177.0.0.1", INVALID),
    ("0x7f.1", INVALID),
    ("0x7f000001", INVALID),
    ("127.1", INVALID),
    ("1.2.3", INVALID),
    ("1.2.3.4.5", INVALID),
    ("256.1.1.1", INVALID),
    ("user@example.com", INVALID),
    ("user:pw@example.com", INVALID),
    ("[fe80::1%25eth0]", INVALID),
    ("[fe80::1%eth0]", INVALID),
    ("exa\\mple.com", INVALID),
    ("exa mple.com", INVALID),
    ("exa\tmple.com", INVALID),
    ("exam\nple.com", INVALID),
    ("example.com:0", INVALID),
    ("example.com:99999", INVALID),
    ("ex%61mple.com", INVALID),
    ("a..b", INVALID),
    ("", INVALID),
    ("１２７.0.0.1", LOOP),
    ("127。0。0。1", LOOP),
    ("ｌｏｃａｌｈｏｓｔ", LOOP),
    ("bücher.example", PUBLIC),
    ("my_service", PUBLIC),
    ("sonarr:8989", PUBLIC),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS)
def test_host_table(host: str, expected: str) -> None:
    assert verdicts(f"http://{host}/x") == expected


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "gopher://a/", "javascript:1", "//a/", "a", ""],
)
def test_other_schemes_are_invalid(url: str) -> None:
    assert parse_target(url) == NotAllowed("invalid")


def test_a_target_is_normalised() -> None:
    target = parse_target("HTTPS://BÜCHER.example.:443/a?b=c#frag")
    assert isinstance(target, Target)
    assert target.url == "https://xn--bcher-kva.example/a?b=c"
    assert target.origin == ("https", "xn--bcher-kva.example", 443)


def test_one_bad_address_among_several_refuses_the_name() -> None:
    both = [ip_address("8.8.8.8"), ip_address("127.0.0.1")]
    assert judge_addresses(both, "a.example", 80, Policy(Reach.LAN)) == NotAllowed("loopback")
    assert judge_addresses(both, "a.example", 80, Policy(Reach.LAN_LOOPBACK)) is None


def test_trust_is_for_exactly_one_host_and_port() -> None:
    policy = trusting(Reach.STRICT, "http://127.0.0.1:9696/1/api")
    same = parse_target("http://127.0.0.1:9696/download")
    other = parse_target("http://127.0.0.1:9697/download")
    assert isinstance(same, Target)
    assert isinstance(other, Target)
    assert judge_name(same, policy) is None
    assert judge_name(other, policy) == NotAllowed("loopback")


def test_trust_never_reaches_metadata() -> None:
    url = "http://169.254.169.254/"
    target = parse_target(url)
    assert isinstance(target, Target)
    assert judge_name(target, trusting(Reach.LAN_LOOPBACK, url)) == NotAllowed("metadata")


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    for url in (text, f"http://{text}/", f"https://[{text}]:1/"):
        target = parse_target(url)
        if isinstance(target, Target):
            again = parse_target(target.url)
            assert isinstance(again, Target)
            assert again.origin == target.origin
