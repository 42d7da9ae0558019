"""What side-cars say of the book beside them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.media import MediaKind
from bindery.files.probe.inspect import probe_file
from bindery.files.probe.sidecar import MAX_BYTES, reader_of

OPF = b"""<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:title>The Lamp Room</dc:title><dc:creator opf:role="aut">Ada Quill</dc:creator>
<dc:identifier opf:scheme="ISBN">978-0-306-40615-7</dc:identifier>
<meta name="calibre:series" content="Harbour"/><meta name="calibre:series_index" content="2.0"/>
</metadata></package>"""
CUE = b"""REM DATE 2014
PERFORMER "Ada Quill"
TITLE "The Lamp Room"
FILE "lamp.mp3" MP3
  TRACK 01 AUDIO
    TITLE "Opening"
    PERFORMER "Somebody Else"
"""
NFO = """\u2554\u2550\u2550\u2557
 Title..........: The Lamp Room
 Author.........: Ada Quill
 Read By........: Bo Reader
 Series.........: Harbour #2
 Copyright......: 2014
 ASIN...........: B00LAMP123
 Size...........: 310 MB
""".encode()
ABS: dict[str, Any] = {
    "title": "The Lamp Room",
    "subtitle": "A Novel",
    "authors": ["Ada Quill", "Cy Penn"],
    "narrators": ["Bo Reader"],
    "series": ["Harbour #2"],
    "publishedYear": "2014",
    "isbn": "9780306406157",
    "asin": None,
    "language": "English",
    "chapters": [{"title": "Opening"}],
}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "metadata.opf",
            OPF,
            {"authors": ("Ada Quill",), "series": "Harbour", "isbns": ("9780306406157",)},
        ),
        ("lamp.cue", CUE, {"authors": ("Ada Quill",), "published": "2014"}),
        (
            "lamp.nfo",
            NFO,
            {
                "authors": ("Ada Quill",),
                "narrators": ("Bo Reader",),
                "series": "Harbour",
                "position": "2",
                "published": "2014",
                "asin": "B00LAMP123",
            },
        ),
        ("old.NFO", "Title: The Lamp Room\r\nAuthor: Jos\u00e9 Quill".encode("latin-1"), {}),
        (
            "metadata.json",
            msgspec.json.encode(ABS),
            {
                "authors": ("Ada Quill", "Cy Penn"),
                "subtitle": "A Novel",
                "position": "2",
                "language": "en",
            },
        ),
        (
            "metadata.json",
            msgspec.json.encode(ABS | {"series": [{"name": "Harbour", "sequence": "2"}]}),
            {"series": "Harbour", "position": "2"},
        ),
    ],
)
def test_what_side_cars_say(tmp_path: Path, name: str, data: bytes, said: dict[str, Any]) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = probe_file(str(path))
    assert (found.title, found.kind, found.size) == ("The Lamp Room", MediaKind.UNKNOWN, len(data))
    assert found.format == "other"
    assert {field: getattr(found, field) for field in said} == said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("metadata.opf", b"<html><title>x</title></html>"),
        ("metadata.json", b"[1, 2]"),
        ("metadata.json", b'{"title": 3, "authors": {"a": 1}}'),
        ("metadata.json", b"[" * 5_000),
        ("lamp.cue", b"  TRACK 01 AUDIO\n  TITLE x"),
        ("lamp.nfo", b"visit us"),
        ("other.json", msgspec.json.encode(ABS)),
    ],
)
def test_what_says_nothing_stays_silent(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    found = probe_file(str(tmp_path / name))
    assert (found.title.strip("3"), found.authors) == ("", ())


def test_a_huge_side_car_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.nfo").write_bytes(NFO + b" " * MAX_BYTES)
    assert probe_file(str(tmp_path / "x.nfo")).title == ""


@given(st.sampled_from(["a.opf", "metadata.json", "a.cue", "a.nfo"]), st.binary(max_size=400))
def test_any_bytes_are_read(name: str, data: bytes) -> None:
    read = reader_of(name)
    assert read is not None
    read(data)
