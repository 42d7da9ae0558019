"""Torrents: names, sizes, hashes; refused when malformed, deep, huge or leading out."""

import hashlib

import pytest

from bindery.files.probe.torrent import list_torrent
from tests.files.probe import samples
from tests.fixtures_dir import fixture


def test_one_file() -> None:
    data = samples.torrent(length=5, private=1)
    listing = list_torrent(data)
    raw = data[data.index(b"4:info") + 6 : -1]
    assert listing.info_hash_v1 == hashlib.sha1(raw).hexdigest()
    assert (listing.info_hash_v2, listing.private, listing.trackers) == ("", True, 1)
    assert [(f.path, f.size) for f in listing.files] == [("n", 5)]
    assert listing.code == ""


def test_several_files_without_padding() -> None:
    files = [
        {b"length": 3, b"path": [b"a", b"b.epub"]},
        {b"length": 9, b"path": [b".pad", b"9"], b"attr": b"p"},
    ]
    listing = list_torrent(samples.torrent(files=files))
    assert [(f.path, f.size) for f in listing.files] == [("n/a/b.epub", 3)]
    assert listing.total_size == 3


def test_version_2_and_hybrid() -> None:
    tree = {b"a.epub": {b"": {b"length": 7}}, b"d": {b"b.epub": {b"": {b"length": 1}}}}
    info = {b"name": b"n", b"meta version": 2, b"piece length": 16384, b"file tree": tree}
    listing = list_torrent(samples.bencode({b"info": info}))
    assert (listing.info_hash_v1, listing.code) == ("", "")
    assert listing.info_hash_v2 == hashlib.sha256(samples.bencode(info)).hexdigest()
    assert [f.path for f in listing.files] == ["n/a.epub", "n/d/b.epub"]
    hybrid = list_torrent(samples.torrent(meta_version=2, file_tree=tree, length=7))
    assert hybrid.info_hash_v1
    assert hybrid.info_hash_v2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "torrent_malformed"),
        (b"<html>", "torrent_malformed"),
        (samples.torrent(length=1)[:-1], "torrent_malformed"),
        (samples.torrent(length=1) + b"trailing", "torrent_malformed"),
        (b"d4:infod4:name1:a4:name1:bee", "torrent_malformed"),
        (b"l" * 10_000 + b"e" * 10_000, "torrent_malformed"),
        (b"99999999999:a", "torrent_malformed"),
        (b"i" + b"9" * 5000 + b"e", "torrent_malformed"),
        (bytes(33 << 20), "torrent_too_large"),
        (samples.torrent(), "torrent_no_files"),
        (samples.torrent(length=-5), "torrent_malformed"),
        (samples.torrent(name=b"../x", length=1), "torrent_unsafe_name"),
        (samples.torrent(files=[{b"length": 1, b"path": [b"..", b"x"]}]), "torrent_unsafe_name"),
        (samples.torrent(files=[{b"length": 1, b"path": [b"a/../../x"]}]), "torrent_unsafe_name"),
        (samples.torrent(files=[{b"length": 1, b"path": [b"a\\x"]}]), "torrent_unsafe_name"),
        (samples.torrent(files=[{b"length": 1, b"path": [b"", b"x"]}]), "torrent_unsafe_name"),
        (samples.torrent(files=[{b"length": 1, b"path": []}]), "torrent_malformed"),
        (
            samples.torrent(files=[{b"length": 1, b"path": [b"x"]}] * 50_001),
            "torrent_too_many_files",
        ),
    ],
)
def test_each_defect_has_its_code(data: bytes, code: str) -> None:
    listing = list_torrent(data)
    assert listing.code == code
    assert listing.files == ()


def test_recorded_torrents() -> None:
    librivox = fixture("torrent", "alice_in_wonderland_librivox_archive.torrent")
    listing = list_torrent(librivox.read_bytes())
    assert listing.info_hash_v1 == "55e5f8c36e7cb3208b164f31d3e0b28b0e687d04"
    assert (len(listing.files), listing.code) == (106, "")
    broken = list_torrent(fixture("torrent", "missing_pieces_key.torrent").read_bytes())
    assert broken.code == "torrent_malformed"
