"""Books, what is wanted, series over HTTP (catalogue.md 2.2-2.4, 9)."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from PIL import Image

from bindery.domain.principal import SYSTEM, Role
from bindery.http.services import WebSettings
from bindery.store import books, files, roots, users
from bindery.store.files import NewFile
from bindery.store.tx import NewEvent, Tx
from tests.http.catalogue_world import Library, open_library, person, work
from tests.http.world import UI, Session, session_of


async def shelved(world: Library, book_id: int, name: str = "Quill/Lantern.epub") -> str:
    """Put a file on the shelf for a book's ebook slot; its path."""

    def put(tx: Tx) -> None:
        known = roots.list_roots(tx)
        root = known[0].id if known else roots.add_root_in(tx, "/shelf", "m" * 32, by=SYSTEM)
        slot = books.slots_of(tx, [book_id])[0]
        new = NewFile(
            root_id=root, rel_path=name, size=11, mtime_ns=1, inode=1, sha256="a" * 64,
            quality="epub",
        )  # fmt: skip
        files.fill_in(tx, slot.id, files.put_in(tx, new))

    await world.store.write(put)
    return f"/shelf/{name}"


async def titles(world: Library, query: str) -> list[str]:
    page = await world.get(f"/api/v1/book?{query}")
    assert page["total"] == len(page["items"])
    return [item["title"] for item in page["items"]]


async def test_every_filter_combines(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        ada = await world.author("Ada Quill", "OL1A")
        bo = await world.author("Bo Reed", "OL2A")
        lantern = await world.book(ada, "Lantern", released="2001")
        await world.book(ada, "Ledger", released="2031", wanted=("audiobook",))
        await world.book(bo, "Lamp", monitored=False)
        await world.book(bo, "Hidden")
        await world.key("POST", "/api/v1/book/bulk", json={"ids": [4], "action": "exclude"})
        await shelved(world, lantern)
        assert await titles(world, "") == ["Lamp", "Lantern", "Ledger"]
        assert await titles(world, "includeExcluded=true&search=hid") == ["Hidden"]
        assert await titles(world, "status=imported") == ["Lantern"]
        assert await titles(world, "status=wanted") == ["Ledger"]
        assert await titles(world, "status=wanted&status=imported&sort=title-za") == [
            "Ledger",
            "Lantern",
        ]
        assert await titles(world, f"authorId={ada}&mediaType=audiobook") == ["Ledger"]
        assert await titles(world, "monitored=false") == ["Lamp"]
        assert await titles(world, "search=quill&sort=date-new") == ["Ledger", "Lantern"]
        assert await titles(world, "releaseFrom=2030-01-01") == ["Ledger"]


async def test_detail_has_formats_files_and_history(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        author_id = await world.author()
        book_id = await world.book(author_id, "Lantern", released="2001-05", language="en")
        path = await shelved(world, book_id)
        await world.key("PUT", f"/api/v1/book/{book_id}", json={"title": "The Lantern"})
        shown = await world.get(f"/api/v1/book/{book_id}")
    assert (shown["status"], shown["releaseDate"]) == ("imported", "2001-05-01T00:00:00Z")
    assert (shown["releasePrecision"], shown["lockedFields"]) == ("month", ["title"])
    assert (shown["filePath"], shown["ebookFilePath"], shown["audiobookFilePath"]) == (
        path,
        path,
        "",
    )
    assert shown["author"]["authorName"] == "Ada Quill"
    assert [file["sizeBytes"] for file in shown["bookFiles"]] == [11]
    ebook, audio = shown["formats"]
    assert (ebook["state"], ebook["wanted"], ebook["quality"]) == ("available", True, "epub")
    assert (audio["state"], audio["wanted"], audio["files"]) == ("missing", False, [])
    assert shown["history"] == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"status": "reading"}, 400, "status"),
        ({"status": "imported"}, 400, "status"),
        ({"mediaType": "film"}, 400, "mediaType"),
        ({"title": "  "}, 400, "title"),
        ({"releaseDate": "2001"}, 400, "releaseDate"),
        ({"releaseDate": "2001-02-30"}, 400, "releaseDate"),
        ({"lockedFields": ["colour"]}, 400, "lockedFields"),
        ({"asin": "nope"}, 400, "asin"),
        ({"formats": [{"format": "scroll"}]}, 422, "formats[0].format"),
        ({"monitored": "yes"}, 422, "monitored"),
    ],
)
async def test_wrong_values_name_their_field(
    tmp_path: Path, body: dict[str, Any], status: int, field: str
) -> None:
    async with open_library(tmp_path) as world:
        book_id = await world.book(await world.author(), "Lantern")
        answer = await world.key("PUT", f"/api/v1/book/{book_id}", json=body)
        said = await answer.get_json()
    assert (answer.status_code, said["field"]) == (status, field)


async def test_edits_are_locked_and_kept_and_can_be_unlocked(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        book_id = await world.book(await world.author(), "Lantern", released="2001")
        path = f"/api/v1/book/{book_id}"
        body = {
            "title": "Lamp",
            "genres": ["Light", " Light ", ""],
            "releaseDate": "",
            "language": "ger",
            "asin": "b00ABCDEF1",
        }
        said = await (await world.key("PUT", path, json=body)).get_json()
        freed = await (await world.key("PUT", path, json={"lockedFields": []})).get_json()
    assert (said["title"], said["sortTitle"], said["genres"]) == ("Lamp", "Lamp", ["Light"])
    assert (said["releaseDate"], said["language"], said["asin"]) == (None, "de", "B00ABCDEF1")
    assert said["lockedFields"] == ["genres", "language", "releaseDate", "title"]
    assert freed["lockedFields"] == []
    assert freed["title"] == "Lamp"


async def test_wanting_a_book_searches_it_unless_that_is_off(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        author_id = await world.author()
        for title, grab in (("Lantern", "true"), ("Ledger", "false")):
            await world.key("PUT", "/api/v1/setting/autoGrab.enabled", json={"value": grab})
            book_id = await world.book(author_id, title, monitored=False)
            await world.key("PUT", f"/api/v1/book/{book_id}", json={"monitored": True})
        keys = world.store.read(
            lambda r: r.values("SELECT key FROM command WHERE kind = 'slot.search'")
        )
        first = (await world.get("/api/v1/book/1"))["formats"][0]["slotId"]
    assert keys == [str(first)]


async def test_formats_are_wanted_and_watched_one_by_one(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        book_id = await world.book(await world.author(), "Lantern")
        path = f"/api/v1/book/{book_id}"
        body = {"formats": [{"format": "audiobook", "wanted": True, "monitored": False}]}
        said = await (await world.key("PUT", path, json=body)).get_json()
        await shelved(world, book_id)
        half = await world.get(path)
    assert (said["mediaType"], said["monitored"]) == ("both", True)
    assert [f["monitored"] for f in said["formats"]] == [True, False]
    assert half["status"] == "wanted"


async def test_skip_exclude_delete(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        book_id = await world.book(await world.author(), "Lantern")
        path = f"/api/v1/book/{book_id}"
        skipped = await (await world.key("PUT", path, json={"status": "skipped"})).get_json()
        toggled = await (await world.key("PUT", f"{path}/exclude")).get_json()
        same = await (await world.key("PUT", f"{path}/exclude", json={"excluded": True})).get_json()
        hidden = await world.get("/api/v1/book")
        assert (await world.key("DELETE", path)).status_code == 204
        assert (await world.key("GET", path)).status_code == 404
    assert skipped["status"] == "skipped"
    assert toggled["excluded"] is same["excluded"] is True
    assert hidden["total"] == 0


async def test_files_go_to_the_bin_by_themselves_or_with_their_book(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        author = await world.author()
        book_id = await world.book(author, "Lantern")
        path = await shelved(world, book_id)
        url = f"/api/v1/book/{book_id}"
        odd = await world.key("DELETE", f"{url}/file?format=vhs")
        other = await world.key("DELETE", f"{url}/file?format=audiobook")
        gone = await (await world.key("DELETE", f"{url}/file?format=ebook")).get_json()
        again = await world.key("DELETE", f"{url}/file")
        second = await world.book(author, "Ledger")
        await shelved(world, second, "Quill/Ledger.epub")
        deleted = await world.key("DELETE", f"/api/v1/book/{second}?deleteFiles=true")
        orders = world.store.read(
            lambda r: r.values("SELECT src FROM file_op WHERE kind = 'trash' ORDER BY id")
        )
    assert [odd.status_code, other.status_code, again.status_code] == [400, 400, 400]
    assert (await again.get_json())["error"] == "book has no file to delete"
    assert (gone["status"], gone["bookFiles"]) == ("wanted", [])
    assert deleted.status_code == 204
    assert orders == [path, "/shelf/Quill/Ledger.epub"]


async def test_files_are_forgotten_but_stay_on_the_disk(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        book_id = await world.book(await world.author(), "Lantern")
        path = await shelved(world, book_id)
        url = f"/api/v1/book/{book_id}"
        unknown = await world.key("DELETE", f"{url}/file?path=/etc/passwd")
        gone = await (await world.key("DELETE", f"{url}/file?path={path}")).get_json()
    assert unknown.status_code == 404
    assert (gone["status"], gone["bookFiles"]) == ("wanted", [])


async def test_bulk_has_an_outcome_per_id(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        author_id = await world.author()
        ids = [await world.book(author_id, title) for title in ("Lantern", "Ledger")]
        answer = await world.key(
            "POST", "/api/v1/book/bulk", json={"ids": [*ids, 77], "action": "unmonitor"}
        )
        results = (await answer.get_json())["results"]
        await world.key("POST", "/api/v1/wanted/bulk", json={"ids": ids, "action": "blocklist"})
        shown = await world.get(f"/api/v1/book/{ids[0]}")
        refused = await world.key(
            "POST", "/api/v1/wanted/bulk", json={"ids": ids, "action": "delete"}
        )
    assert [results[str(one)]["ok"] for one in (*ids, 77)] == [True, True, False]
    assert results["77"]["error"] == "book not found"
    assert (shown["status"], shown["monitored"]) == ("skipped", False)
    assert refused.status_code == 400


async def test_wanted_is_an_array_or_a_page(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        author_id = await world.author()
        for title in ("Ledger", "Lantern"):
            await world.book(author_id, title)
        await world.book(author_id, "Unwatched", monitored=False)
        old = await world.get("/api/v1/wanted/missing")
        page = await world.get("/api/v1/wanted/missing?envelope=1&limit=1")
    assert [book["title"] for book in old] == ["Lantern", "Ledger"]
    assert (page["total"], len(page["items"])) == (2, 1)
    assert page["nextCursor"]


async def test_one_book_without_its_authors_other_works(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        world.ports.lookup.catalogue = [work(5, "Lantern", authors=(person(),))]
        path = "/api/v1/author/book"
        body = {"foreignBookId": "OL5W", "searchOnAdd": True, "mediaType": "both"}
        first = await world.key("POST", path, json=body)
        again = await world.key("POST", path, json=body)
        book = await first.get_json()
        author = await world.get(f"/api/v1/author/{book['authorId']}")
        found = await world.get("/api/v1/search/book?q=lantern")
        unknown = await world.key("POST", path, json={"foreignBookId": "OL404W"})
        searches = world.store.read(
            lambda r: r.value("SELECT count(*) FROM command WHERE kind = 'slot.search'")
        )
    assert (first.status_code, again.status_code) == (201, 200)
    assert (book["monitored"], book["mediaType"]) == (True, "both")
    assert author["monitored"] is False
    assert searches == 2
    assert [row["libraryId"] for row in found] == [book["id"]]
    assert unknown.status_code == 422


async def test_an_event_carries_the_cover_of_its_book(tmp_path: Path) -> None:
    settings = WebSettings(url_base="/books")
    async with open_library(tmp_path, settings=settings) as world:
        author_id = await world.author()
        drawn = await world.book(author_id, "Lantern", cover_url="https://covers.test/b/1.jpg")
        plain = await world.book(author_id, "Harbour")

        def record(tx: Tx) -> None:
            for book in (drawn, plain, None):
                tx.record(NewEvent(type="bookImported", source_title="release", book_id=book))

        await world.store.write(record)
        answer = await world.key("GET", "/api/v1/history?eventType=bookImported")
        told = await answer.get_json()
    urls = {event["bookId"]: event["imageUrl"] for event in told["items"]}
    link = "/books/api/v1/images?url=https%3A%2F%2Fcovers.test%2Fb%2F1.jpg"
    assert urls == {drawn: link, plain: "", None: ""}


async def test_a_cover_on_its_way_is_stood_in_for_and_not_kept(tmp_path: Path) -> None:
    url = "/api/v1/images?url=https://covers.test/b/1.jpg"
    async with open_library(tmp_path) as world:
        picture = tmp_path / "picture"
        picture.write_bytes(b"picture")
        world.ports.covers.path = str(picture)
        world.ports.covers.slow = True
        waiting = await world.key("GET", url)
        shown = await waiting.get_data(as_text=False)
        world.ports.covers.slow = False
        there = await world.key("GET", url)
        data = await there.get_data()
    assert (waiting.status_code, waiting.content_type) == (200, "image/png")
    assert waiting.headers["Cache-Control"] == "no-store"
    assert "ETag" not in waiting.headers
    assert waiting.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    with Image.open(BytesIO(shown)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (2, 3))
    assert (there.status_code, data) == (200, b"picture")


async def test_covers_go_through_us_safely(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        picture = tmp_path / "picture"
        picture.write_bytes(b"picture")
        world.ports.covers.path = str(picture)
        author_id = await world.author()
        await world.book(author_id, "Lantern", cover_url="https://covers.test/b/1 x.jpg")
        url = (await world.get("/api/v1/book"))["items"][0]["imageUrl"]
        answer = await world.key("GET", url)
        small = await world.key("GET", f"{url}&w=320")
        same = await world.key("GET", url, headers={"If-None-Match": answer.headers["ETag"]})
        strange = await world.key("GET", "/api/v1/images?url=https://elsewhere.test/x.jpg")
        script = await world.key("GET", "/api/v1/images?url=javascript:alert(1)")
        data = await answer.get_data()
    assert url == "/api/v1/images?url=https%3A%2F%2Fcovers.test%2Fb%2F1%20x.jpg"
    assert (answer.status_code, data) == (200, b"picture")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert small.content_type == "image/webp"
    assert same.status_code == 304
    assert strange.status_code == script.status_code == 400


async def test_roots_are_added_marked_and_kept_while_in_use(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        world.ports.roots.codes = {"/gone": "root_missing", "/ro": "root_read_only"}
        path = "/api/v1/rootfolder"
        made = await world.key("POST", path, json={"path": "/books/"})
        root = await made.get_json()
        codes = [
            (await (await world.key("POST", path, json={"path": at})).get_json())["code"]
            for at in ("", "books", "/gone", "/ro", "/books", "/books/more", "/data/x")
        ]
        await world.author(root_id=root["id"])
        used = await world.key("DELETE", f"{path}/{root['id']}")
        listed = await world.get(path)
    assert (made.status_code, root["path"], root["freeSpace"]) == (201, "/books", 5)
    assert codes == [
        "required",
        "invalid",
        "path_not_found",
        "path_not_writable",
        "duplicate",
        "path_nested",
        "path_reserved",
    ]
    assert used.status_code == 409
    assert [row["accessible"] for row in listed] == [True]


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("author.default_monitor_mode", "latest", 200),
        ("author.default_monitor_mode", "series", 400),
        ("author.default_monitor_latest_count", "0", 400),
        ("search.interval", "30m", 400),
        ("search.interval", "90m", 200),
        ("search.interval", "soon", 400),
        ("ui.theme", "dark", 200),
        ("auth.api_key", "x", 404),
        ("made.up", "x", 404),
    ],
)
async def test_settings_are_declared(tmp_path: Path, key: str, value: str, status: int) -> None:
    async with open_library(tmp_path) as world:
        answer = await world.key("PUT", f"/api/v1/setting/{key}", json={"value": value})
        assert answer.status_code == status
        if status == 200:
            assert (await world.get(f"/api/v1/setting/{key}"))["value"] == value
            assert key in [row["key"] for row in await world.get("/api/v1/setting")]
            assert (await world.key("DELETE", f"/api/v1/setting/{key}")).status_code == 204


async def test_profiles_and_series_can_be_read(tmp_path: Path) -> None:
    async with open_library(tmp_path) as world:
        names = [row["name"] for row in await world.get("/api/v1/qualityprofile")]
        standard = await world.get("/api/v1/metadataprofile")
        assert await world.get("/api/v1/series") == []
        missing = await world.key("GET", "/api/v1/series/1")
    assert names == ["Any", "E-Book", "Audiobook"]
    assert standard[0]["allowedLanguages"] == "eng"
    assert missing.status_code == 404


async def test_under_a_url_base_pictures_carry_it(tmp_path: Path) -> None:
    async with open_library(tmp_path, settings=WebSettings(url_base="/bindery")) as world:
        author_id = await world.author()
        await world.book(author_id, "Lantern", cover_url="https://covers.test/b/1.jpg")
        page = await world.get("/api/v1/book")
    assert page["items"][0]["imageUrl"].startswith("/bindery/api/v1/images?url=")


async def test_isolation_shows_each_person_their_own_and_the_household(tmp_path: Path) -> None:
    async with open_library(tmp_path, settings=WebSettings(enforce_tenancy=True)) as world:
        admin = await world.set_up()
        people = [await member(world, name) for name in ("bea", "cal")]
        shared = await world.author("Ada Quill", "OL1A")
        everyone = await world.book(shared, "Shared")
        own: list[int] = []
        for n, (_session, library) in enumerate(people):
            author_id = await world.author(f"Author {n}", f"OL{n + 5}A", library=library)
            own.append(await world.book(author_id, f"Own {n}", library=library))
        for n, (session, _library) in enumerate(people):
            for query in ("", "?includeExcluded=true", "?status=wanted", "?search=own"):
                page = await world.ask("GET", f"/api/v1/book{query}", headers=session.headers)
                titles = {row["title"] for row in (await page.get_json())["items"]}
                assert f"Own {1 - n}" not in titles
            foreign = f"/api/v1/book/{own[1 - n]}"
            for method in ("GET", "PUT", "DELETE"):
                body: dict[str, Any] = {"json": {"monitored": False}} if method == "PUT" else {}
                answer = await world.ask(method, foreign, headers=session.writing, **body)
                assert answer.status_code == 404
            mine = await world.ask("GET", f"/api/v1/book/{own[n]}", headers=session.headers)
            ours = await world.ask("GET", f"/api/v1/book/{everyone}", headers=session.headers)
            assert mine.status_code == ours.status_code == 200
            bulk = await world.ask(
                "POST",
                "/api/v1/book/bulk",
                json={"ids": own, "action": "unmonitor"},
                headers=session.writing,
            )
            results = (await bulk.get_json())["results"]
            assert [results[str(one)]["ok"] for one in own] == [n == 0, n == 1]
        listed = await world.ask("GET", "/api/v1/book", headers=admin.headers)
        assert (await listed.get_json())["total"] == 3


async def member(world: Library, name: str) -> tuple[Session, int]:
    """An account without the admin role, signed in, and its library."""
    password_hash = PasswordHasher(1, 8, 1).hash("correct horse")

    def work(tx: Tx) -> int:
        user_id = users.add_in(tx, name=name, password_hash=password_hash, role=Role.USER)
        return users.library_of(tx, user_id)

    library = await world.store.write(work)
    body = {"username": name, "password": "correct horse"}
    answer = await world.ask("POST", "/api/v1/auth/login", json=body, headers=UI)
    assert answer.status_code == 200, await answer.get_data(as_text=True)
    return await session_of(answer), library
