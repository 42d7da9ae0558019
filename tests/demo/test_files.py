"""The generated books are what readers and players accept."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from tinytag import TinyTag

from bindery.demo.audio import MP3_FRAME, make_m4b, make_mp3s
from bindery.demo.epub import make_epub
from bindery.demo.shelf import AUTHORS, WORKS, Work

OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
LEDGER, ALIBI = WORKS[0], WORKS[4]


def test_ids_and_isbns_are_unique_and_valid() -> None:
    numbers = [*(author.number for author in AUTHORS), *(work.number for work in WORKS)]
    assert len(set(numbers)) == len(numbers)
    for work in WORKS:
        weighed = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(work.isbn))
        assert len(work.isbn) == 13
        assert weighed % 10 == 0


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.title)
def test_an_epub_is_whole(work: Work) -> None:
    with zipfile.ZipFile(io.BytesIO(make_epub(work))) as archive:
        assert archive.testzip() is None
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        package = ET.fromstring(archive.read("OEBPS/content.opf"))
        assert package.findtext(f".//{DC}title") == work.title
        assert package.findtext(f".//{DC}creator") == work.author.name
        assert package.findtext(f".//{DC}identifier") == f"urn:isbn:{work.isbn}"
        items = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
        names = set(archive.namelist())
        assert {f"OEBPS/{href}" for href in items.values()} <= names
        assert {ref.get("idref") for ref in package.iter(f"{OPF}itemref")} <= set(items)
        for name in names:
            if name.endswith((".xhtml", ".ncx", ".opf", ".xml")):
                ET.fromstring(archive.read(name))
        with Image.open(io.BytesIO(archive.read("OEBPS/cover.png"))) as cover:
            assert cover.size == (400, 600)


def test_a_book_is_the_same_bytes_each_time() -> None:
    assert make_epub(ALIBI) == make_epub(ALIBI)


def test_padding_makes_a_book_heavy() -> None:
    assert 1_900_000 < len(make_epub(LEDGER)) < 2_200_000


def test_mp3_parts_are_tagged_numbered_and_long_enough(tmp_path: Path) -> None:
    parts = make_mp3s(LEDGER)
    assert len(parts) == 3
    for place, (name, data) in enumerate(sorted(parts.items()), 1):
        (tmp_path / name).write_bytes(data)
        tag = TinyTag.get(tmp_path / name)
        assert (tag.artist, tag.album) == ("Ingrid Halvorsen", "The Lantern Ledger")
        assert (tag.track, tag.track_total, tag.title) == (place, 3, f"Chapter {place}")
        assert tag.duration == pytest.approx(60, abs=0.1)


def test_mp3_audio_is_frame_after_frame() -> None:
    for data in make_mp3s(ALIBI).values():
        size = int.from_bytes(bytes(10)) + sum(
            byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)
        )
        audio = data[10 + size :]
        assert len(audio) % len(MP3_FRAME) == 0
        assert audio.startswith(MP3_FRAME)


def test_an_m4b_has_tags_length_and_boxes_that_add_up(tmp_path: Path) -> None:
    ((name, data),) = make_m4b(ALIBI).items()
    (tmp_path / name).write_bytes(data)
    tag = TinyTag.get(tmp_path / name)
    assert (tag.artist, tag.title) == ("Tobias Okereke", "The Clockmaker's Alibi")
    assert tag.duration == pytest.approx(120, abs=0.1)
    kinds: list[bytes] = []
    at = 0
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4])
    assert at == len(data)
    assert kinds == [b"ftyp", b"moov", b"mdat"]
