"""The OPDS catalogue as readers see it: feeds, links, paging, sign-in, files (catalogue.md 7)."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - lxml has no stubs
from quart import Response

from bindery.demo import shelf as demo
from bindery.demo.epub import make_epub
from bindery.domain.peers import parse_trusted
from bindery.domain.principal import Role
from bindery.http.services import WebSettings
from bindery.operations.ports import CoverFile, Ports
from bindery.store import Tx, catalogue, opds, users
from bindery.store.catalogue import Contribution, EditionFields, PersonFields
from bindery.store.paging import Slice
from tests.http.atom import ENTRY, Node, check_acquisition, read_feed
from tests.http.live_server import serving
from tests.http.world import ADMIN, KEY, REMOTE, World, open_app
from tests.kit.library import add_author, add_book
from tests.kit.shelf import add_marked_root, add_shelved, put_in_series, shelve

ACQUISITION = "http://opds-spec.org/acquisition"
TRACKS = {f"Le Guin/Lathe/{n:02d}.mp3": bytes([n]) * (300_000 + n) for n in (1, 2, 3)}
EPUB = make_epub(demo.WORKS[0])


@dataclass
class Ids:
    author: int = 0
    lathe: int = 0
    word: int = 0
    series: int = 0
    root: int = 0


async def stocked(world: World, tmp_path: Path) -> Ids:
    """One author: a book in both formats, one only as an ebook, one only wanted; one series."""
    ids = Ids()

    def work(tx: Tx) -> None:
        ids.root = add_marked_root(tx, tmp_path / "shelf")
        ids.author = add_author(tx)
        wanted = ("ebook", "audiobook")
        ids.lathe = add_book(
            tx, "The Lathe", author_id=ids.author, wanted=wanted, released="1971-03"
        )
        shelve(tx, ids.root, ids.lathe, {"Le Guin/Lathe/Lathe é.epub": EPUB})
        shelve(tx, ids.root, ids.lathe, TRACKS, "audiobook")
        ids.word = add_book(tx, "The Word", author_id=ids.author, wanted=wanted, released="1972")
        shelve(tx, ids.root, ids.word, {"Le Guin/Word/Word.azw3": b"azw3 bytes"})
        add_book(tx, "Never Found", author_id=ids.author)
        ids.series = put_in_series(tx, "Hainish", [(ids.word, "10", 10.0), (ids.lathe, "2", 2.0)])
        details_in(tx, ids)

    await world.store.write(work)
    return ids


def details_in(tx: Tx, ids: Ids) -> None:
    """Everything an entry can show of the first book, with characters that XML escapes or bans."""
    work: int = tx.value("SELECT work_id FROM book WHERE id = :id", {"id": ids.lathe})
    person: int = tx.value("SELECT person_id FROM author WHERE id = :id", {"id": ids.author})
    fields = PersonFields(name="Nora & Co", sort_name="Nora", primary_ref=None, provider="test")
    narrator = catalogue.put_person_in(tx, None, fields)
    parts = [Contribution(person), Contribution(narrator, "narrator", 1)]
    catalogue.set_contributions_in(tx, work, parts)
    edition = EditionFields(
        primary_ref="OL1M", format="EPUB", is_ebook=True, title="The Lathe", publisher="Scribner"
    )
    edition_id = catalogue.put_edition_in(tx, work, edition)
    numbers = [("isbn13", "9780306406157")]
    catalogue.put_identifiers_in(tx, "edition", edition_id, numbers, "test")
    tx.run(
        "UPDATE work SET description = :text, genres = :genres, language = 'eng', cover_id = :cover"
        " WHERE id = :id",
        {
            "text": "<p>Dreams &amp; <script>alert(1)</script>\x00]]> more</p>",
            "genres": '["Fiction & \\"Dreams\\""]',
            "cover": catalogue.cover_in(tx, "https://covers.test/1 a.png?x=1&y=2"),
            "id": work,
        },
    )


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def body_of(answer: Response) -> bytes:
    return await answer.get_data(as_text=False)


async def feed(world: World, path: str, kind: str, **more: Any) -> Node:
    answer = await world.key("GET", path, **more)
    body = await body_of(answer)
    assert answer.status_code == 200, body
    expected = "application/atom+xml;profile=opds-catalog;charset=utf-8"
    assert answer.headers["Content-Type"] == expected
    return read_feed(body, kind)


async def test_the_way_from_the_root_to_every_book(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        ids = await stocked(world, tmp_path)
        assert (await world.key("GET", "/opds")).status_code == 200
        root = await feed(world, "/opds/", "navigation")
        assert root.titles == ["Authors", "Series", "Recently Added"]
        assert root.link("http://opds-spec.org/crawlable")["href"].endswith("/opds/recent")
        authors = await feed(world, "/opds/authors", "navigation")
        assert authors.titles == ["Ursula K. Le Guin"]
        assert authors.number("totalResults") == 1
        by_author = await feed(world, f"/opds/authors/{ids.author}", "acquisition")
        assert by_author.titles == ["The Lathe", "The Word"], "by release; nothing without a file"
        listed = await feed(world, "/opds/series", "navigation")
        assert listed.titles == ["Hainish"]
        in_series = await feed(world, f"/opds/series/{ids.series}", "acquisition")
        assert in_series.titles == ["2. The Lathe", "10. The Word"], "numbers, not texts"
        recent = await feed(world, "/opds/recent", "acquisition")
        assert sorted(recent.titles) == ["The Lathe", "The Word"]
        one = await feed(world, f"/opds/book/{ids.word}", "acquisition")
        assert one.titles == ["The Word"]


async def test_an_entry_tells_what_is_known(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        ids = await stocked(world, tmp_path)
        one = await feed(world, f"/opds/book/{ids.lathe}", "acquisition")
        (entry,) = one.entries
        alone = await world.key("GET", f"/opds/book/{ids.lathe}/entry")
        document = Node(etree.fromstring(await body_of(alone)))
    assert entry.xml.findtext("{*}author/{*}name") == "Ursula K. Le Guin"
    assert entry.xml.findtext("{*}author/{*}uri").endswith(f"/opds/authors/{ids.author}")
    assert entry.xml.findtext("{*}contributor/{*}name") == "Nora & Co"
    assert entry.dc("identifier") == ["urn:isbn:9780306406157"]
    assert entry.dc("publisher") == ["Scribner"]
    assert (entry.dc("language"), entry.dc("issued")) == (["eng"], ["1971-03"])
    assert entry.text("summary") == "Dreams & alert(1)]]> more", "markup and NUL are gone"
    assert "Series: Hainish (2)" in entry.text("content")
    (genre,) = entry.xml.findall("{*}category")
    assert genre.get("term") == genre.get("label") == 'Fiction & "Dreams"'
    assert entry.link("related")["href"].endswith(f"/opds/series/{ids.series}")
    image = entry.link("http://opds-spec.org/image")
    assert image["href"].endswith(
        "/opds/images?url=https%3A%2F%2Fcovers.test%2F1%20a.png%3Fx%3D1%26y%3D2"
    )
    assert image["type"] == "image/png"
    assert entry.link("http://opds-spec.org/image/thumbnail")["href"].endswith("&w=160")
    assert document.xml.tag.endswith("entry")
    check_acquisition(document)
    assert alone.headers["Content-Type"].startswith(ENTRY)


async def test_a_book_in_both_formats_has_a_link_for_each(tmp_path: Path) -> None:
    # The test client's channel holds ten pieces: an archive needs a real socket.
    async with open_app(tmp_path) as world, serving(world) as server:
        ids = await stocked(world, tmp_path)
        one = await feed(world, f"/opds/book/{ids.lathe}", "acquisition")
        text, sound = one.entries[0].links(ACQUISITION)
        partial = await feed(world, f"/opds/book/{ids.word}", "acquisition")
        (only,) = partial.entries[0].links(ACQUISITION)
        book = await server.get(text["href"].partition("localhost")[2])
        zipped = await server.get(sound["href"].partition("localhost")[2])
        assert book.body == EPUB
        data = zipped.body
    assert (text["type"], int(text["length"])) == ("application/epub+zip", len(EPUB))
    assert "/file/Lathe%20%C3%A9.epub?format=ebook" in text["href"]
    assert sound["type"] == "application/zip" and "length" not in sound
    assert sound["title"].startswith("Audiobook ZIP · 900.0 KB")
    assert only["type"] == "application/vnd.amazon.mobi8-ebook", "listed although audio is missing"
    assert int(zipped.headers["content-length"]) == len(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {
            f"Le Guin/Lathe/{i.filename}": archive.read(i) for i in archive.infolist()
        } == TRACKS
        assert all(item.compress_type == zipfile.ZIP_STORED for item in archive.infolist())


async def test_pages_are_complete_and_typed(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:

        def work(tx: Tx) -> None:
            root = add_marked_root(tx, tmp_path / "shelf")
            for n in range(7):
                author = add_author(tx, f"Author {chr(65 + n)}")
                book = add_shelved(tx, root, f"Book {n}", author_id=author)
                put_in_series(tx, f"Series {n}", [(book, "1", 1.0)])

        await world.store.write(work)
        for path, kind in (
            ("/opds/authors", "navigation"),
            ("/opds/series", "navigation"),
            ("/opds/recent", "acquisition"),
            ("/opds/search?q=book", "acquisition"),
        ):
            joint = "&" if "?" in path else "?"
            seen: list[str] = []
            href = f"{path}{joint}limit=3"
            pages: list[Node] = []
            while href:
                page = await feed(world, href, kind)
                pages.append(page)
                seen += page.titles
                following = page.links("next")
                href = following[0]["href"].partition("localhost")[2] if following else ""
            assert [len(page.entries) for page in pages] == [3, 3, 1], path
            assert len(set(seen)) == 7, path
            assert {page.number("totalResults") for page in pages} == {7}
            assert [page.number("startIndex") for page in pages] == [1, 4, 7]
            assert pages[1].link("first")["href"] == pages[0].link("self")["href"]
            assert pages[1].link("last")["href"] == pages[2].link("self")["href"]
            assert pages[1].link("previous")["href"] == pages[0].link("self")["href"]
            beyond = await feed(world, f"{path}{joint}limit=3&page=9", kind)
            assert (beyond.entries, beyond.links("next")) == ([], [])
        first = await feed(world, "/opds/authors?page=-4&limit=x", "navigation")
        assert len(first.entries) == 7


async def test_the_number_of_statements_does_not_grow_with_the_page(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        ids = await stocked(world, tmp_path)

        def more(tx: Tx) -> None:
            for n in range(20):
                book = add_shelved(tx, ids.root, f"More {n}", author_id=ids.author)
                put_in_series(tx, "Hainish", [(book, str(n), float(n))])
                add_author(tx, f"Somebody {n}")

        def counts() -> list[int]:
            scope, part = (1,), Slice(limit=50)
            found: list[int] = []
            for ask in (
                lambda r: opds.page_of_authors(r, scope, part),
                lambda r: opds.page_of_series(r, scope, part),
                lambda r: opds.books_of_author(r, scope, ids.author, part),
                lambda r: opds.books_of_series(r, scope, ids.series, part),
                lambda r: opds.recent_books(r, scope, part),
                lambda r: opds.search_books(r, scope, "le guin", part),
                lambda r: opds.find_book(r, scope, ids.lathe),
            ):
                with world.store.counted() as statements:
                    world.store.read(ask)
                found.append(len(statements))
            return found

        before = counts()
        await world.store.write(more)
        assert counts() == before
        assert max(before) <= 3


async def test_links_know_base_proxy_and_key(tmp_path: Path) -> None:
    settings = WebSettings(url_base="/shelf", trusted_proxy=parse_trusted("10.0.0.1"))
    forwarded = {
        "X-Forwarded-For": "10.0.0.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "books.example",
    }
    async with open_app(tmp_path, settings=settings) as world:
        await stocked(world, tmp_path)

        async def hrefs(path: str, **more: Any) -> set[str]:
            answer = await world.ask("GET", path, **more)
            assert answer.status_code == 200
            nodes = etree.fromstring(await body_of(answer)).iter("{*}link")
            return {node.get("href") for node in nodes}

        key = {"X-Api-Key": KEY}
        trusted = await hrefs("/opds/recent", headers={**key, **forwarded}, peer=("10.0.0.1", 1))
        assert all(href.startswith("https://books.example/shelf/") for href in trusted)
        stranger = await hrefs("/opds/recent", headers={**key, **forwarded})
        assert all(href.startswith("http://localhost/shelf/") for href in stranger)
        assert not any("apikey" in href for href in stranger)
        asked = await world.ask("GET", f"/opds/recent?apikey={KEY}")
        assert asked.headers["Cache-Control"] == "no-store"
        kept = await hrefs(f"/opds/recent?apikey={KEY}")
        inside = {href for href in kept if "/shelf/opds" in href}
        assert inside and all(href.endswith(f"apikey={KEY}") for href in inside)
        description = await world.key("GET", "/opds/search.xml")
        template = etree.fromstring(await body_of(description)).find("{*}Url").get("template")
        assert template == ("http://localhost/shelf/opds/search?q={searchTerms}&page={startPage?}")


async def test_an_unusable_host_gives_addresses_from_the_root(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await stocked(world, tmp_path)
        answer = await world.key("GET", "/opds/", headers={"Host": 'evil"/<x>'})
        found = read_feed(await body_of(answer), "navigation")
    assert found.link("start")["href"] == "/opds"


async def test_who_may_read(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()

        async def ask(**more: Any) -> Response:
            return await world.ask("GET", "/opds/", peer=REMOTE, **more)

        closed = await ask()
        assert closed.status_code == 401
        assert closed.headers["WWW-Authenticate"] == 'Basic realm="Bindery OPDS"'
        assert (await closed.get_json())["error"] == "unauthorized"
        account = basic(ADMIN["username"], ADMIN["password"])
        assert (await ask(headers=account)).status_code == 200
        assert (await ask(headers=basic("whoever", KEY))).status_code == 200
        wrong = await ask(headers=basic(ADMIN["username"], "wrong password"))
        assert wrong.status_code == 401
        assert "WWW-Authenticate" in wrong.headers
        last = wrong
        for _ in range(6):
            last = await ask(headers=basic(ADMIN["username"], "wrong password"))
        assert last.status_code == 429
        assert "WWW-Authenticate" in last.headers
        elsewhere = await world.ask("GET", "/api/v1/system/status", headers=account, peer=REMOTE)
        assert elsewhere.status_code == 401, "Basic opens the catalogue alone"


async def test_what_another_household_owns_does_not_exist(tmp_path: Path) -> None:
    settings = WebSettings(enforce_tenancy=True)
    async with open_app(tmp_path, settings=settings) as world:
        own = await stocked(world, tmp_path)
        other = Ids()

        def work(tx: Tx) -> None:
            for name in ("bob", "eve"):
                users.add_in(tx, name=name, password_hash="", role=Role.USER)
                digest = hashlib.sha256(f"bnd_{name}".encode()).digest()
                tx.insert(
                    "INSERT INTO api_key (user_id, name, digest, prefix, scope, created_at)"
                    " SELECT id, 'k', :digest, 'bnd_', 'opds', 0 FROM user WHERE username = :name",
                    {"digest": digest, "name": name},
                )
            library: int = tx.value(
                "SELECT l.id FROM library l JOIN user u ON u.id = l.user_id"
                " WHERE u.username = 'bob'"
            )
            other.author = add_author(tx, "Secret Person", library=library)
            other.lathe = add_shelved(
                tx, own.root, "Secret Book", author_id=other.author, library=library
            )
            other.series = put_in_series(tx, "Secret Series", [(other.lathe, "1", 1.0)])

        await world.store.write(work)
        private = (
            f"/opds/authors/{other.author}",
            f"/opds/series/{other.series}",
            f"/opds/book/{other.lathe}",
            f"/opds/book/{other.lathe}/entry",
            f"/opds/book/{other.lathe}/file",
            f"/opds/book/{other.lathe}/file/x.epub",
        )
        for name, status in (("bob", 200), ("eve", 404)):
            headers = basic("any", f"bnd_{name}")
            for path in private:
                answer = await world.ask("GET", path, headers=headers, peer=REMOTE)
                assert answer.status_code == status, (name, path)
            shown = b""
            for path in ("/opds/authors", "/opds/series", "/opds/recent", "/opds/search?q=secret"):
                answer = await world.ask("GET", path, headers=headers, peer=REMOTE)
                shown += (await body_of(answer)).replace(b"Search: secret", b"")
            assert (b"Secret" in shown) == (name == "bob")
        api = await world.ask(
            "GET", f"/api/v1/book/{other.lathe}/file", headers={"X-Api-Key": "bnd_eve"}, peer=REMOTE
        )
        assert api.status_code == 403, "a key for the catalogue opens nothing else"


async def test_excluded_and_deleted_books_leave_the_catalogue(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        ids = await stocked(world, tmp_path)
        await world.store.write(
            lambda tx: tx.run("UPDATE book SET excluded = 1 WHERE id = :id", {"id": ids.lathe})
        )
        for path in ("/opds/recent", f"/opds/authors/{ids.author}", "/opds/search?q=the"):
            assert (await feed(world, path, "acquisition")).titles == ["The Word"], path
        hidden = await world.key("GET", f"/opds/book/{ids.lathe}")
        assert hidden.status_code == 404
        assert (await hidden.get_json())["error"] == "not found"


async def test_search_finds_titles_authors_and_series(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await stocked(world, tmp_path)
        for text, expected in (
            ("lathe", ["The Lathe"]),
            ("GUIN w%C3%B4rd", ["The Word"]),
            ("la", ["The Lathe"]),
            ("guin", ["The Lathe", "The Word"]),
            ("100%25_", []),
            ("", []),
        ):
            found = await feed(world, f"/opds/search?q={text}", "acquisition")
            assert found.titles == expected, text


async def test_an_unchanged_feed_is_not_sent_again(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        ids = await stocked(world, tmp_path)
        path = f"/opds/authors/{ids.author}"
        first = await world.key("GET", path)
        known = {"If-None-Match": first.headers["ETag"]}
        again = await world.key("GET", path, headers=known)
        assert again.status_code == 304
        by_query = await world.ask("GET", f"{path}?apikey={KEY}", headers=known)
        assert by_query.status_code == 200, "other links, another document"
        head = await world.key("HEAD", path)
        assert head.status_code == 200
        assert head.headers["ETag"] == first.headers["ETag"]
        old = read_feed(await body_of(first), "acquisition").text("updated")
        world.clock.advance(60)

        def add(tx: Tx) -> None:
            add_shelved(tx, ids.root, "A Newer One", author_id=ids.author, released="1999")

        await world.store.write(add)
        changed = await world.key("GET", path, headers=known)
        assert changed.status_code == 200
        new = read_feed(await body_of(changed), "acquisition")
        assert new.text("updated") > old
        assert new.titles[-1] == "A Newer One"


class _Covers:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[str, int | None]] = []

    async def get(self, url: str, width: int | None = None) -> CoverFile:
        self.asked.append((url, width))
        return CoverFile(path=str(self.path), mime="image/webp", tag="t1")


async def test_covers_come_through_the_catalogue(tmp_path: Path) -> None:
    picture = tmp_path / "cover.webp"
    picture.write_bytes(b"picture")
    covers = _Covers(picture)
    nobody: Any = None
    others = {name: nobody for name in Ports.__dataclass_fields__ if name != "covers"}
    async with open_app(tmp_path, ports=Ports(covers=covers, **others)) as world:
        await stocked(world, tmp_path)
        found = await feed(world, "/opds/recent", "acquisition")
        (href,) = [
            link["href"].partition("localhost")[2]
            for entry in found.entries
            for link in entry.links("http://opds-spec.org/image/thumbnail")
        ]
        answer = await world.key("GET", href)
        assert await body_of(answer) == b"picture"
        assert covers.asked == [("https://covers.test/1 a.png?x=1&y=2", 160)]
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        known = await world.key("GET", href, headers={"If-None-Match": '"t1"'})
        assert known.status_code == 304
        assert (await world.key("GET", "/opds/images")).status_code == 400
        assert (await world.ask("GET", href, peer=REMOTE)).status_code == 401


async def test_a_book_in_pieces_over_a_socket(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        ids = await stocked(world, tmp_path)
        for path in (f"/api/v1/book/{ids.lathe}/file", f"/opds/book/{ids.lathe}/file/x.epub"):
            part = await server.get(path, "Range: bytes=0-1")
            assert (part.status, part.body) == (206, b"PK")
            assert part.headers["content-range"] == f"bytes 0-1/{len(EPUB)}"
            rest = await server.get(path, "Range: bytes=2-")
            assert part.body + rest.body == EPUB
        sound = f"/api/v1/book/{ids.lathe}/file?format=audiobook"
        whole = await server.get(sound)
        assert whole.headers["content-length"] == str(len(whole.body))
        head = await server.ask(f"HEAD {sound} HTTP/1.1\r\nX-Api-Key: {KEY}")
        assert (head.headers["content-length"], head.body) == (str(len(whole.body)), b"")
        top = await server.ask(f"HEAD /opds/recent HTTP/1.1\r\nX-Api-Key: {KEY}")
        assert (top.status, top.body) == (200, b"")
        ranged = await server.get(sound, "Range: bytes=0-1")
        assert (ranged.status, len(ranged.body)) == (200, len(whole.body))
        assert whole.headers["content-disposition"] == 'attachment; filename="Lathe.zip"'


@pytest.mark.parametrize("path", ["/opds/authors/x", "/opds/book/1%27/file", "/opds/series/1.5"])
async def test_a_bad_id_is_a_bad_request(tmp_path: Path, path: str) -> None:
    async with open_app(tmp_path) as world:
        assert (await world.key("GET", path)).status_code == 400
