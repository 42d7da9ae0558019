"""Files over HTTP: every range case of recipes.md B5, on a real socket."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.http.files import content_type, disposition
from bindery.http.ranges import Span, Unsatisfiable, parse_range
from tests.http.kernel_routes import KERNEL
from tests.http.live_server import serving
from tests.http.world import KEY, open_app

DATA = b"0123456789"


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=2-4", 10, Span(2, 5)),
        ("bytes=5-", 10, Span(5, 10)),
        ("bytes=-3", 10, Span(7, 10)),
        ("bytes=-30", 10, Span(0, 10)),
        ("bytes=2-400", 10, Span(2, 10)),
        ("bytes=0-0", 10, Span(0, 1)),
        ("bytes=9-", 10, Span(9, 10)),
        ("Bytes = 1 - 2", 10, Span(1, 3)),
        ("bytes=10-", 10, Unsatisfiable(10)),
        ("bytes=-0", 10, Unsatisfiable(10)),
        ("bytes=0-", 0, Unsatisfiable(0)),
        ("bytes=5-2", 10, None),
        ("bytes=0-1,4-5", 10, None),
        ("bytes=-", 10, None),
        ("items=0-1", 10, None),
        ("nonsense", 10, None),
        ("bytes=²-", 10, None),
    ],
)
def test_ranges(header, size, expected) -> None:
    assert parse_range(header, size) == expected


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d*-\d*"), st.integers(0, 1 << 40))
def test_a_span_lies_inside_the_file(header, size) -> None:
    found = parse_range(header, size)
    if isinstance(found, Span):
        assert 0 <= found.start < found.stop <= size


async def test_answers_on_the_wire(tmp_path: Path) -> None:
    path = tmp_path / "Bóok: one.epub"
    path.write_bytes(DATA)
    url = "/api/v1/probe/file" + str(path).replace(" ", "%20").replace("ó", "%C3%B3")
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        whole = await server.get(url)
        assert (whole.status, whole.body) == (200, DATA)
        assert whole.headers["content-type"] == "application/epub+zip"
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["cache-control"] == "private, no-cache"
        assert "sandbox" in whole.headers["content-security-policy"]
        tag, modified = whole.headers["etag"], whole.headers["last-modified"]
        for header, expected in (
            ("Range: bytes=2-4", (206, b"234", "bytes 2-4/10")),
            ("Range: bytes=-3", (206, b"789", "bytes 7-9/10")),
            ("Range: bytes=2-400", (206, b"23456789", "bytes 2-9/10")),
            ("Range: bytes=20-", (416, b"", "bytes */10")),
            ("Range: bytes=0-1,3-4", (200, DATA, None)),
            (f"Range: bytes=2-4\r\nIf-Range: {tag}", (206, b"234", "bytes 2-4/10")),
            (f"Range: bytes=2-4\r\nIf-Range: {modified}", (206, b"234", "bytes 2-4/10")),
            ('Range: bytes=2-4\r\nIf-Range: "other"', (200, DATA, None)),
            (f"If-None-Match: {tag}", (304, b"", None)),
            (f"If-None-Match: W/{tag}", (304, b"", None)),
            (f"If-Modified-Since: {modified}", (304, b"", None)),
            (f'If-None-Match: "x"\r\nIf-Modified-Since: {modified}', (200, DATA, None)),
        ):
            reply = await server.get(url, header)
            found = (reply.status, reply.body, reply.headers.get("content-range"))
            assert found == expected, header
            assert reply.headers["etag"] == tag
            if reply.status == 304:
                assert "content-type" not in reply.headers
        line = f"HEAD {url} HTTP/1.1\r\nX-Api-Key: {KEY}"
        head = await server.ask(line)
        assert (head.status, head.headers["content-length"], head.body) == (200, "10", b"")
        part = await server.ask(f"{line}\r\nRange: bytes=2-4")
        assert (part.status, part.headers["content-length"]) == (206, "3")


async def test_a_missing_file_is_an_error_not_a_broken_200(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        reply = await server.get(f"/api/v1/probe/file{tmp_path}/gone.epub")
        assert reply.status == 404
        assert b"file_missing" in reply.body
        assert b"gone" not in reply.body
        folder = await server.get(f"/api/v1/probe/file{tmp_path}")
        assert folder.status == 503


def open_files() -> set[str]:
    return {str(entry.resolve()) for entry in Path("/proc/self/fd").iterdir()}


async def test_files_are_closed_when_the_answer_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(DATA * 100_000)
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        await server.get(f"/api/v1/probe/file{path}")
        await server.get(f"/api/v1/probe/file{path}", "Range: bytes=5-9")
    assert str(path) not in open_files()


@pytest.mark.parametrize(
    ("name", "inline", "expected"),
    [
        ("a.epub", False, 'attachment; filename="a.epub"'),
        ("a.epub", True, 'attachment; filename="a.epub"'),
        ("a.mp3", True, 'inline; filename="a.mp3"'),
        ('x"\r\n../y.pdf', False, 'attachment; filename="x___.._y.pdf"'),
        ("Émile.pdf", False, "attachment; filename=\"Emile.pdf\"; filename*=UTF-8''%C3%89mile.pdf"),
        ("本.pdf", False, "attachment; filename=\".pdf\"; filename*=UTF-8''%E6%9C%AC.pdf"),
        ("a\u202egpj.exe", False, 'attachment; filename="a_gpj.exe"'),
    ],
)
def test_names_of_downloads(name, inline, expected) -> None:
    assert disposition(name, inline=inline) == expected


def test_active_types_are_bytes() -> None:
    for name in ("a.html", "a.svg", "a.xml", "a", "a.js"):
        assert content_type(name) == "application/octet-stream"
