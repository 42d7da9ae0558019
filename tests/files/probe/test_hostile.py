"""Random and mutated bytes: every parser answers, in bounded time, and never raises."""

import io
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bindery.domain.media import MediaKind
from bindery.files.probe import opf
from bindery.files.probe.audio import probe_audio
from bindery.files.probe.inspect import probe_file
from bindery.files.probe.mobi import probe_mobi
from bindery.files.probe.mp4 import read_mp4
from bindery.files.probe.pdf import probe_pdf
from bindery.files.probe.torrent import list_torrent
from tests.files.probe import samples

SEEDS: dict[str, bytes] = {
    "x.epub": samples.epub(),
    "x.pdf": samples.pdf(b"/Title (a) /Author <FEFF0041>"),
    "x.mobi": samples.mobi(exth={100: b"A", 503: b"T"}),
    "x.mp3": samples.mp3(20),
    "x.m4b": samples.m4b(),
}


def mutated(seed: bytes, rng: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 1:
                data[at : at + 4] = rng.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")
                )
            case 2:
                del data[at : at + rng.randint(1, 40)]
            case _:
                data[at:at] = data[: rng.randint(1, 40)]
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_get_an_answer(tmp_path: Path, name: str) -> None:
    rng = random.Random(name)
    path = tmp_path / name
    for _ in range(150):
        path.write_bytes(mutated(SEEDS[name], rng))
        began = time.perf_counter()
        found = probe_file(str(path))
        assert time.perf_counter() - began < 2
        assert len(found.title) <= 1000
        assert all(ord(c) >= 32 for c in found.title)


PARSERS: list[Callable[[bytes], object]] = [
    lambda d: probe_pdf(io.BytesIO(d), len(d)),
    lambda d: probe_mobi(io.BytesIO(d), len(d)),
    lambda d: read_mp4(io.BytesIO(d), len(d)),
    lambda d: [
        probe_audio(io.BytesIO(d), kind, len(d)) for kind in (MediaKind.MP3, MediaKind.FLAC)
    ],
    lambda d: probe_audio(io.BytesIO(d), MediaKind.OGG, len(d)),
    opf.parse_package,
    list_torrent,
]


@settings(max_examples=150)
@given(
    data=st.one_of(
        st.binary(max_size=2000),
        st.binary(max_size=200).map(lambda b: b"\0\0\0\x10ftypM4B \0\0\0\0" + b),
        st.binary(max_size=400).map(lambda b: bytes(60) + b"BOOKMOBI" + bytes(8) + b),
        st.text(alphabet="diel0123456789:abe-", max_size=200).map(str.encode),
    )
)
def test_random_bytes_get_an_answer(data: bytes) -> None:
    for parse in PARSERS:
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-" + b"(" * 900_000,
        b"%PDF-" + b"/Type /Pages " * 70_000,
        b"%PDF-" + b"/Encrypt " * 100_000,
        b"%PDF-" + b"<x:xmpmeta" * 90_000 + b"</x:xmpmeta>",
        b"%PDF-/Info 1 0 R\n1 0 obj" + b"/Title (" + b"\\" * 900_000,
    ],
    ids=["parentheses", "pages", "encrypt", "xmp", "backslashes"],
)
def test_no_pattern_of_the_pdf_reader_explodes(data: bytes) -> None:
    began = time.perf_counter()
    probe_pdf(io.BytesIO(data), len(data))
    assert time.perf_counter() - began < 3


def test_deep_and_wide_xml_is_bounded() -> None:
    began = time.perf_counter()
    opf.parse_package(b"<package>" + b"<a>" * 300_000)
    opf.parse_package(samples.package("<dc:title>x</dc:title>" * 50_000).encode())
    opf.parse_package(samples.package(items="<manifest>" + "<item href='a'/>" * 90_000).encode())
    assert time.perf_counter() - began < 5
