"""A book's file over HTTP: which one, where it really lies, file or archive (catalogue.md 2.2).

Shared by `/api/v1/book/{id}/file` and the OPDS catalogue. What the rows say is not believed: the
root must carry its marker, and the path must lie in it after links were followed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from quart import Request, Response

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.archives import Part, archive_response
from bindery.http.call import Call
from bindery.http.files import file_response
from bindery.runtime.rootpath import marker_problem, resolve_inside
from bindery.runtime.threads import RootUnreachable, in_thread
from bindery.store import books, roots
from bindery.store.books import FileRow
from bindery.store.roots import RootRow
from bindery.store.tx import Reader

log = structlog.get_logger()

FORMATS = ("ebook", "audiobook")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the book: a format, one file by its id, or whatever there is, ebook first."""

    format: str = ""
    file_id: int | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class _Chosen:
    files: Sequence[FileRow]
    roots: dict[int, RootRow]


async def book_file_response(
    call: Call, request: Request, book_id: int, asked: Asked
) -> Response | Refusal:
    """Answer with the file, or with an archive of an audiobook's files.

    Refusals: `not_found` (no such book in scope), `no_file`, `file_missing`,
    `file_outside_root` (403), `root_unavailable`.
    """
    if asked.format and asked.format not in FORMATS:
        return Refusal(code=Code.INVALID, field="format")

    def work(reader: Reader) -> _Chosen | Refusal:
        return _choose(reader, call, book_id, asked)

    chosen = call.services.store.read(work)
    if isinstance(chosen, Refusal):
        return chosen
    parts: list[Part] = []
    names = archive_names([row.rel_path for row in chosen.files])
    for row, name in zip(chosen.files, names, strict=True):
        root = chosen.roots[row.root_id]
        limiter = call.services.threads.root(root.path)
        try:
            place = await in_thread(limiter, locate, root.path, root.marker, row.rel_path)
        except RootUnreachable:
            place = refuse(Code.ROOT_UNAVAILABLE)
        if isinstance(place, Refusal):
            log.warning("file not handed out", file=row.id, code=place.code)
            return place
        parts.append(Part(place, name, limiter))
    if len(parts) == 1:
        only = parts[0]
        name = os.path.basename(chosen.files[0].rel_path)  # noqa: PTH119 - a row's text
        return await file_response(
            request, only.path, limiter=only.limiter, name=name, inline=asked.inline
        )
    return await archive_response(request, parts, name=f"{archive_title(chosen.files)}.zip")


def locate(root: str, marker: str, rel_path: str) -> str | Refusal:
    """Where a row's file really lies. Blocking; for a place of the root."""
    if marker_problem(root, marker):
        return refuse(Code.ROOT_UNAVAILABLE)
    found = resolve_inside(root, os.path.join(root, rel_path))  # noqa: PTH118 - a row's text
    return found if found is not None else refuse(Code.FILE_OUTSIDE_ROOT)


def _choose(reader: Reader, call: Call, book_id: int, asked: Asked) -> _Chosen | Refusal:
    if books.find_book(reader, call.scope, book_id) is None:
        return refuse(Code.NOT_FOUND)
    known = books.files_of(reader, [book_id])
    if asked.file_id is not None:
        known = [row for row in known if row.id == asked.file_id]
    elif asked.format:
        known = [row for row in known if row.format == asked.format]
    if not known:
        return refuse(Code.NO_FILE)
    held = [row for row in known if row.missing_since is None]
    if not held:
        return refuse(Code.FILE_MISSING)
    # `files_of` lists ebooks before audiobooks.
    files = [row for row in held if row.format == held[0].format]
    if asked.file_id is None and files[0].format == "ebook":
        files = [max(files, key=lambda row: row.id)]
    found: dict[int, RootRow] = {}
    for root_id in {row.root_id for row in files}:
        root = roots.find_root(reader, root_id)
        if root is None:
            return refuse(Code.ROOT_UNAVAILABLE)
        found[root_id] = root
    return _Chosen(files, found)


def archive_title(files: Sequence[FileRow]) -> str:
    """The folder that holds them all; `audiobook` when they lie in the root itself."""
    folder = common_folder([row.rel_path for row in files])
    return folder.rpartition("/")[2] or "audiobook"


def archive_names(paths: Sequence[str]) -> list[str]:
    """Names inside an archive: below the common folder, every one of them once."""
    folder = common_folder(paths)
    taken: set[str] = set()
    names: list[str] = []
    for path in paths:
        name = wanted = path[len(folder) :].lstrip("/")
        stem, dot, extension = wanted.rpartition(".")
        times = 1
        while name in taken:
            times += 1
            name = f"{stem} ({times}).{extension}" if dot else f"{wanted} ({times})"
        taken.add(name)
        names.append(name)
    return names


def common_folder(paths: Sequence[str]) -> str:
    """The longest folder that holds all of these relative paths; empty when there is none."""
    folders = [path.split("/")[:-1] for path in paths]
    shared: list[str] = []
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)
