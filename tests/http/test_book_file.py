"""A book's file over the API: which one, from where, and never from elsewhere (catalogue.md 2.2)."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.http.shelf_files import archive_names, common_folder
from bindery.http.zip_layout import Member, archive_size, descriptor, directory, local_header
from bindery.store import Tx
from tests.http.world import World, open_app
from tests.kit.library import add_author, add_book
from tests.kit.shelf import add_marked_root, shelve

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


async def add(world: World, folder: Path, files: dict[str, bytes], format_: str = "ebook") -> int:
    def work(tx: Tx) -> int:
        found = tx.value("SELECT id FROM root WHERE path = :path", {"path": str(folder)})
        root = found or add_marked_root(tx, folder)
        book = add_book(tx, author_id=add_author(tx), wanted=("ebook", "audiobook"))
        shelve(tx, root, book, files, "audiobook" if format_ == "audiobook" else "ebook")
        return book

    return await world.store.write(work)


async def status_and_code(world: World, path: str) -> tuple[int, str]:
    answer = await world.key("GET", path)
    body = await answer.get_json()
    return answer.status_code, body["code"] if body else ""


async def test_which_file_is_chosen(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = tmp_path / "shelf"
        book = await add(world, shelf, {"A/a.mobi": b"mobi", "A/a.epub": b"epub"})
        sound = await add(world, shelf, {"B/b.m4b": b"m4b"}, "audiobook")
        path = f"/api/v1/book/{book}/file"
        newest = await world.key("GET", path)
        assert await newest.get_data() == b"epub"
        ids = [row for (row,) in world.store.read(lambda r: r.tuples("SELECT id FROM file"))]
        chosen = await world.key("GET", f"{path}?fileId={ids[0]}")
        assert await chosen.get_data() == b"mobi"
        assert chosen.headers["Content-Disposition"] == 'attachment; filename="a.mobi"'
        alone = await world.key("GET", f"/api/v1/book/{sound}/file")
        assert await alone.get_data() == b"m4b", "one track is no archive"
        assert alone.headers["Content-Type"] == "audio/mp4"
        assert await status_and_code(world, f"{path}?format=paper") == (400, "invalid")
        assert await status_and_code(world, f"{path}?format=audiobook") == (404, "no_file")
        assert await status_and_code(world, f"{path}?fileId={ids[2]}") == (404, "no_file")
        assert await status_and_code(world, "/api/v1/book/999/file") == (404, "not_found")


async def test_inline_is_for_sound_alone(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        text = await add(world, tmp_path / "shelf", {"A/a.epub": b"epub"})
        sound = await add(world, tmp_path / "shelf", {"B/b.m4b": b"m4b"}, "audiobook")
        for book, kind in ((text, "attachment"), (sound, "inline")):
            answer = await world.key("GET", f"/api/v1/book/{book}/file?inline=1")
            assert answer.headers["Content-Disposition"].startswith(kind)
            assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_nothing_outside_a_present_root_is_handed_out(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        shelf = tmp_path / "shelf"
        secret = tmp_path / "secret.epub"
        secret.write_bytes(b"secret")
        (tmp_path / "shelf-secret").mkdir()
        (tmp_path / "shelf-secret" / "x.epub").write_bytes(b"secret")
        book = await add(world, shelf, {"A/a.epub": b"epub"})
        path = f"/api/v1/book/{book}/file"
        place = shelf / "A" / "a.epub"
        place.unlink()
        assert await status_and_code(world, path) == (404, "file_missing")
        place.symlink_to(secret)
        assert await status_and_code(world, path) == (403, "file_outside_root")
        for hostile in (
            "../secret.epub",
            "../shelf-secret/x.epub",
            str(secret),
            "A/../../secret.epub",
        ):
            await world.store.write(
                lambda tx, to=hostile: tx.run("UPDATE file SET rel_path = :to", {"to": to})
            )
            assert await status_and_code(world, path) == (403, "file_outside_root"), hostile
        await world.store.write(lambda tx: tx.run("UPDATE file SET rel_path = 'A/b.epub'"))
        (shelf / "A" / "b.epub").write_bytes(b"again")
        assert (await world.key("GET", path)).status_code == 200
        (shelf / ".bindery-root").write_text("another\n")
        assert await status_and_code(world, path) == (503, "root_unavailable")
        (shelf / ".bindery-root").unlink()
        assert await status_and_code(world, path) == (503, "root_unavailable")


async def test_tracks_in_two_places_keep_their_names(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        files = {"X/CD1/01.mp3": b"a", "X/CD2/01.mp3": b"b"}
        book = await add(world, tmp_path / "shelf", files, "audiobook")
        answer = await world.key("HEAD", f"/api/v1/book/{book}/file")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="X.zip"'
        assert answer.headers["Accept-Ranges"] == "none"
        known = {"If-None-Match": answer.headers["ETag"]}
        again = await world.key("GET", f"/api/v1/book/{book}/file", headers=known)
        assert again.status_code == 304


@pytest.mark.parametrize("sizes", [(3, 0), (0xFFFFFFFF, 5), (0x1_0000_0001, 5), (7, 0xFFFFFFFE, 5)])
def test_archives_beyond_four_gigabytes_open(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Sparse files: only the seams are written, and the last member's bytes are read back."""
    members = [Member(f"Tïtle/{n:02d}.mp3", size) for n, size in enumerate(sizes)]
    data = b"x" * sizes[-1]
    crcs = [0] * (len(members) - 1) + [zlib.crc32(data)]
    path = tmp_path / "big.zip"
    with path.open("wb") as file:
        for member, crc in zip(members, crcs, strict=True):
            file.write(local_header(member))
            if member is members[-1]:
                file.write(data)
            else:
                file.seek(member.size, 1)
            file.write(descriptor(member, crc))
        file.write(directory(members, crcs))
    assert path.stat().st_size == archive_size(members)
    with zipfile.ZipFile(path) as archive:
        assert [(i.filename, i.file_size) for i in archive.infolist()] == [
            (member.name, member.size) for member in members
        ]
        assert archive.read(members[-1].name) == data


@given(st.lists(PATHS, min_size=1, max_size=6))
def test_names_in_an_archive_are_below_its_folder_and_unique(paths: list[str]) -> None:
    names = archive_names(paths)
    assert len(set(names)) == len(names)
    assert not any(name.startswith("/") or not name for name in names)
    folder = common_folder(paths)
    assert all(path.startswith(f"{folder}/" if folder else "") for path in paths)
