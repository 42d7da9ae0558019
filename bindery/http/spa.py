"""The built browser app: in memory, precompressed, hashed names immutable (ui.md 5.1)."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Self

import msgspec
from quart import Blueprint, Request, Response

from bindery.http.call import Call
from bindery.http.errors import NOT_FOUND, problem_response
from bindery.http.headers import shell_policy
from bindery.http.route import route

blueprint = Blueprint("spa", __name__)

IMMUTABLE = "public, max-age=31536000, immutable"
NEVER = "no-cache, no-store, must-revalidate"
_BASE = re.compile(rb"<base\s[^>]*>")
_HASHED = re.compile(r"assets/.+-[A-Za-z0-9_-]{6,}\.[A-Za-z0-9]+")
_SUFFIXES = {".gz": "gzip", ".br": "br"}
_ORDER = ("br", "gzip", "identity")

NOT_BUILT = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><base href="/"><title>Bindery</title></head>
<body><h1>Bindery is running</h1>
<p>The browser app has not been built. Run <code>make setup</code>, then start Bindery again.</p>
<p>The API answers under <a href="api/v1/health">api/v1/health</a>.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the app in every encoding it exists in, with a tag for each."""

    media: str
    bodies: Mapping[str, bytes]
    tags: Mapping[str, str]
    caching: str

    @classmethod
    def of(cls, media: str, bodies: Mapping[str, bytes], caching: str) -> Self:
        """Tags are made from the bytes."""
        tags = {name: hashlib.sha256(body).hexdigest()[:24] for name, body in bodies.items()}
        return cls(media, bodies, tags, caching)


class BuiltApp:
    """Everything below `static/`, read once at start. About a megabyte."""

    def __init__(self, assets: Mapping[str, Asset], shell: Asset, frame_ancestors: str) -> None:
        self._assets = assets
        self._shell = shell
        self._policy = shell_policy(frame_ancestors)

    @classmethod
    def empty(cls, base: str, frame_ancestors: str = "") -> Self:
        """An app that was not built: a plain page that says so."""
        return cls({}, _shell(NOT_BUILT, base), frame_ancestors)

    @classmethod
    def load(cls, folder: Path, base: str, frame_ancestors: str = "") -> Self:
        """Read a build; without `index.html` in it the plain page stands in. Blocking."""
        index = folder / "index.html"
        if not index.is_file():
            return cls.empty(base, frame_ancestors)
        bodies: dict[str, dict[str, bytes]] = {}
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.name.startswith("."):  # the build stamp
                continue
            encoding = _SUFFIXES.get(path.suffix)
            plain = path.with_suffix("") if encoding else path
            name = plain.relative_to(folder).as_posix()
            bodies.setdefault(name, {})[encoding or "identity"] = path.read_bytes()
        assets = {
            name: Asset.of(
                _media(name), found, IMMUTABLE if _HASHED.fullmatch(name) else "no-cache"
            )
            for name, found in bodies.items()
            if "identity" in found and name != "index.html"
        }
        return cls(assets, _shell(index.read_bytes(), base), frame_ancestors)

    def respond(self, request: Request) -> Response:
        """Answer a GET or HEAD outside the trees: an asset, the shell, or 404.

        404 for what is under `/assets/`, looks like a file, or is not asked for as a page.
        """
        name = request.path.lstrip("/")
        asset = self._assets.get(name)
        if asset is not None:
            return self._send(request, asset)
        home = name in {"", "index.html"}
        page = not name.startswith("assets/") and "." not in name.rpartition("/")[2]
        if home or (page and "html" in request.headers.get("Accept", "")):
            return self._send(request, self._shell)
        return problem_response(NOT_FOUND)

    def _send(self, request: Request, asset: Asset) -> Response:
        encoding = _choose(request, asset)
        tag = asset.tags[encoding]
        headers = {"Vary": "Accept-Encoding", "Cache-Control": asset.caching, "ETag": f'"{tag}"'}
        if asset is self._shell:
            headers["Content-Security-Policy"] = self._policy
        if encoding != "identity":
            headers["Content-Encoding"] = encoding
        if request.if_none_match.contains_weak(tag):
            return Response(b"", 304, headers)
        return Response(asset.bodies[encoding], 200, headers, content_type=asset.media)


def _choose(request: Request, asset: Asset) -> str:
    if not request.headers.get("Accept-Encoding"):
        return "identity"
    accepted = request.accept_encodings
    for encoding in _ORDER:
        if encoding in asset.bodies and accepted.quality(encoding) > 0:
            return encoding
    return "identity"


def _shell(html: bytes, base: str) -> Asset:
    tag = f'<base href="{escape(base, quote=True)}/">'.encode()
    page = _BASE.sub(lambda _: tag, html, count=1)
    bodies = {"identity": page, "gzip": gzip.compress(page, 9, mtime=0)}
    return Asset.of("text/html; charset=utf-8", bodies, NEVER)


_MEDIA = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def _media(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return _MEDIA.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


@route(blueprint, "GET", "/__bindery_base.js", media="application/javascript")
async def base_script(call: Call) -> Response:
    """The URL base as a one-line script; our own app reads it from the document instead."""
    text = f"window.__BINDERY_BASE__={msgspec.json.encode(call.base).decode()};"
    return Response(
        text,
        content_type="application/javascript; charset=utf-8",
        headers={"Cache-Control": NEVER},
    )
