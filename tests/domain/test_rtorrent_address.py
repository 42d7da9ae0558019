"""How the sub-path of an rTorrent selects the way to it (downloads-and-import.md 2.6)."""

import pytest

from bindery.domain.addresses import NotAllowed
from bindery.domain.client_address import rtorrent_url


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", "http://nas:8080/RPC2"),
        ("  ", "http://nas:8080/RPC2"),
        ("/plugins/rpc/rpc.php", "http://nas:8080/plugins/rpc/rpc.php"),
        ("plugins/rpc/rpc.php", "http://nas:8080/plugins/rpc/rpc.php"),
        ("http://other/RPC3", "http://nas:8080/RPC3"),
        ("/scgi", "http://nas:8080/scgi"),
        ("scgi", "scgi://nas:8080"),
        ("SCGI:", "scgi://nas:8080"),
        ("scgi://", "scgi://nas:8080"),
        ("scgi://h:5000", "scgi://h:5000"),
        ("scgi://[fd00::1]:5000", "scgi://[fd00::1]:5000"),
        ("scgi:///run/rtorrent.sock", "scgi:///run/rtorrent.sock"),
    ],
)
def test_ways(base: str, expected: str) -> None:
    assert rtorrent_url("nas", 8080, url_base=base) == expected


@pytest.mark.parametrize(
    ("host", "port", "base"),
    [
        ("nas", 8080, "scgi://justahost"),
        ("nas", 8080, "scgi://myhost:"),
        ("nas", 8080, "scgi://:5000"),
        ("nas", 8080, "scgi://h:70000"),
        ("nas", 8080, "scgi://h:50x"),
        ("nas", 8080, "scgi://user@h:5000"),
        ("nas", 8080, "scgi:///run/../etc/sock"),
        ("nas", 8080, "scgi:///" + "x" * 120),
        ("nas", 8080, "scgi:///run/"),
        ("nas", 0, "scgi"),
        ("", 8080, "scgi"),
        ("", 8080, ""),
        ("nas", 0, ""),
        ("a b", 8080, ""),
    ],
)
def test_what_is_refused(host: str, port: int, base: str) -> None:
    assert isinstance(rtorrent_url(host, port, url_base=base), NotAllowed)


def test_tls_is_for_http_only() -> None:
    assert rtorrent_url("nas", 443, ssl=True) == "https://nas/RPC2"
    assert rtorrent_url("nas", 5000, ssl=True, url_base="scgi") == "scgi://nas:5000"
