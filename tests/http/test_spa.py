"""Serving the built app (ui.md 5.1)."""

import gzip
from pathlib import Path

import pytest

from bindery.http.services import WebSettings
from bindery.http.spa import BuiltApp
from tests.http.world import KEY, open_app

PAGE = {"Accept": "text/html,application/xhtml+xml"}
INDEX = '<!doctype html><html><head><base href="/"><script src="./assets/app-Ab12Cd34.js">'


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "favicon.svg").write_text("<svg/>")
    script = folder / "assets" / "app-Ab12Cd34.js"
    script.write_text("let a = 1;" * 50)
    Path(f"{script}.gz").write_bytes(gzip.compress(script.read_bytes()))
    Path(f"{script}.br").write_bytes(b"brotli bytes")
    return folder


async def test_pages_assets_and_what_is_not_there(tmp_path: Path, build: Path) -> None:
    async with open_app(tmp_path, built=BuiltApp.load(build, "")) as world:
        for path in ("/", "/index.html", "/authors/7", "/queue"):
            answer = await world.ask("GET", path, headers=PAGE)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "no-cache, no-store, must-revalidate"
            assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]
            assert await answer.get_data(as_text=True) == INDEX
        assert (await world.ask("GET", "/")).status_code == 200
        for path, headers in (
            ("/assets/gone-12345678.js", PAGE),
            ("/robots.txt", PAGE),
            ("/queue", {"Accept": "*/*"}),
            ("/queue", {"Accept": "application/json"}),
            ("/assets/../index.html", {}),
        ):
            answer = await world.ask("GET", path, headers=headers)
            assert answer.status_code == 404, path
            assert answer.mimetype == "application/json"
        assert (await world.ask("POST", "/queue", headers=PAGE)).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("*", "br"),
        ("identity", None),
        ("zstd", None),
    ],
)
async def test_encodings_have_their_own_tags(tmp_path: Path, build, accept, encoding) -> None:
    path = "/assets/app-Ab12Cd34.js"
    async with open_app(tmp_path, built=BuiltApp.load(build, "")) as world:
        headers = {"Accept-Encoding": accept} if accept else {}
        answer = await world.ask("GET", path, headers=headers)
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        tag = answer.headers["ETag"]
        same = await world.ask("GET", path, headers={**headers, "If-None-Match": tag})
        assert same.status_code == 304
        other = {"Accept-Encoding": "br" if encoding != "br" else "gzip"}
        changed = await world.ask("GET", path, headers={**other, "If-None-Match": tag})
        assert changed.status_code == 200


async def test_the_base_is_written_into_the_page(tmp_path: Path, build: Path) -> None:
    settings = WebSettings(url_base="/books")
    built = BuiltApp.load(build, "/books")
    async with open_app(tmp_path, built=built, settings=settings) as world:
        page = await (await world.ask("GET", "/", headers=PAGE)).get_data(as_text=True)
        assert page.count("<base ") == 1
        assert '<head><base href="/books/"><script' in page
        script = await world.ask("GET", "/__bindery_base.js")
        assert await script.get_data(as_text=True) == 'window.__BINDERY_BASE__="/books";'


async def test_without_a_build_a_plain_page_says_so(tmp_path: Path) -> None:
    async with open_app(tmp_path, built=BuiltApp.load(tmp_path / "nothing", "")) as world:
        answer = await world.ask("GET", "/", headers=PAGE)
        text = await answer.get_data(as_text=True)
        assert "has not been built" in text
        assert "style=" not in text
        assert KEY not in text
