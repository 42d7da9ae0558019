"""`/api/v1/book/{id}/file`: a book's file for a browser or a script (catalogue.md 2.2)."""

from __future__ import annotations

from quart import Blueprint, Response, request

from bindery.domain.media_types import BYTES
from bindery.domain.refusal import Refusal
from bindery.http.call import Call
from bindery.http.route import route
from bindery.http.shelf_files import Asked, book_file_response
from bindery.http.wire import Wire

blueprint = Blueprint("book_file", __name__)


class FileQuery(Wire):
    """`format` is ebook or audiobook; `inline` plays audio instead of saving it."""

    format: str = ""
    file_id: int | None = None
    inline: bool = False


@route(blueprint, "GET", "/api/v1/book/<id:book_id>/file", query=FileQuery, media=BYTES)
async def book_file(call: Call, book_id: int, query: FileQuery) -> Response | Refusal:
    """The book's file; several tracks come as one zip."""
    asked = Asked(query.format, query.file_id, query.inline)
    return await book_file_response(call, request, book_id, asked)
