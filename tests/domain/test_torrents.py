"""Info-hashes: the tables of downloads-and-import.md 2.0."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.torrents import Hashes, magnet_hashes, read_torrent
from tests.fixtures_dir import fixture

INFO = b"d6:lengthi5e4:name8:test.txt12:piece lengthi16384e6:pieces20:" + bytes(range(1, 21)) + b"e"
KNOWN = "9ca9aea0e4d50429f039ca828f52ec49283f36bb"
BARE = b"d4:info" + INFO + b"e"
HEX = "0102030405060708090a0b0c0d0e0f1011121314"
V2 = "ab" * 32


@pytest.mark.parametrize(
    "data",
    [
        BARE,
        b"d8:announce3:abc4:info" + INFO + b"e",
        b"d8:announcel1:ald1:bi1eeee4:info" + INFO + b"e",
        b"d4:info" + INFO + b"5:zzzzz3:abce",
    ],
)
def test_the_hash_is_of_the_exact_info_slice(data: bytes) -> None:
    facts = read_torrent(data)
    assert facts is not None
    assert facts.hashes == Hashes(v1=KNOWN)
    assert (facts.name, facts.size) == ("test.txt", 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"le",
        b"i5e",
        b"d3:fooi1ee",
        BARE[:-40],
        b"d4:infod4:name9999:xee",
        b"d4:info" + b"l" * 70 + b"e" * 70 + b"e",
        b"d" * 5000,
        b"l" * 100_000,
        b"d4:infoi5ee",
        b"<!DOCTYPE html>",
    ],
)
def test_what_is_no_torrent_is_none(data: bytes) -> None:
    assert read_torrent(data) is None


def test_v2_and_hybrid() -> None:
    only = b"d9:file treede12:meta versioni2e4:name1:ae"
    facts = read_torrent(b"d4:info" + only + b"e")
    assert facts is not None
    assert facts.hashes == Hashes(v2=hashlib.sha256(only).hexdigest())
    hybrid = b"d12:meta versioni2e4:name1:a6:pieces0:e"
    facts = read_torrent(b"d4:info" + hybrid + b"e")
    assert facts is not None
    assert facts.hashes == Hashes(
        hashlib.sha1(hybrid).hexdigest(), hashlib.sha256(hybrid).hexdigest()
    )


@pytest.mark.parametrize(
    ("magnet", "expected"),
    [
        (f"magnet:?xt=urn:btih:{HEX}", Hashes(HEX)),
        (f"magnet:?xt=URN:BTIH:{HEX.upper()}&dn=a", Hashes(HEX)),
        ("magnet:?xt=urn:btih:AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYU", Hashes(HEX)),
        ("magnet:?xt=urn:btih:aebagbafaydqqcikbmga2dqpcaireeyu", Hashes(HEX)),
        (f"magnet:?xt=urn:btmh:1220{V2}&xt=urn:btih:{HEX}", Hashes(HEX, V2)),
        (f"magnet:?xt=urn:btih:{HEX}&xt=urn:btmh:1220{V2}", Hashes(HEX, V2)),
        (f"magnet:?xt=urn:btih:&xt=urn:btih:{HEX}", Hashes(HEX)),
        (f"magnet:?xt=urn:btmh:1220{V2}", Hashes(None, V2)),
        (f"magnet:?xt=urn%3Abtih%3A{HEX}", Hashes(HEX)),
        ("magnet:?xt=urn:sha1:abc", Hashes()),
        ("magnet:?dn=a", Hashes()),
        ("magnet:?xt=", Hashes()),
        (f"magnet:?xt=urn:btih:{V2}", Hashes()),
        ("magnet:", Hashes()),
    ],
)
def test_magnets(magnet: str, expected: Hashes) -> None:
    assert magnet_hashes(magnet) == expected


def test_all_spellings_of_a_v2_torrent() -> None:
    assert Hashes(None, V2).known_as() == {V2, V2[:40]}


@pytest.mark.parametrize(
    ("name", "v1", "size"),
    [
        ("alice_in_wonderland_librivox_archive", "", None),
        ("root_folder", "a14553bd936a6d496402082454a70ea7a9521adc", 15),
        ("dup_files", "3a7ff66a756f377dc3f119750308be1a181db92e", 3 * (1 << 23)),
        ("bad_utf8_path", "6c519c6ad9f461fd3755dff7f6392bf65118815b", 24),
        ("missing_pieces_key", "1af426a9ed2fc386d3fe28278bc8f413f4ba5ad2", 3_800_051_954),
    ],
)
def test_recorded_torrents(name: str, v1: str, size: int | None) -> None:
    """The hashes were computed apart, as SHA-1 of the bencoded `info` cut out of the file."""
    facts = read_torrent(fixture("torrent", f"{name}.torrent").read_bytes())
    assert facts is not None
    assert re.fullmatch("[0-9a-f]{40}", facts.hashes.v1 or "")
    assert facts.size
    if v1:
        assert (facts.hashes.v1, facts.size) == (v1, size)


def test_a_recorded_magnet() -> None:
    text = fixture("torrent", "archlinux_2025.magnet.txt").read_text().strip()
    assert magnet_hashes(text).v1 is not None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    read_torrent(data)
    read_torrent(b"d4:info" + data)
    read_torrent(b"d4:infod" + data + b"ee")


@given(st.text(max_size=100))
def test_any_magnet_is_read_without_an_exception(text: str) -> None:
    magnet_hashes(text)
    magnet_hashes(f"magnet:?xt=urn:btih:{text}")
