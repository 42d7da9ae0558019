"""The servers of the demo world speak what the real ones speak, and fail on request."""

import hashlib
from collections.abc import AsyncGenerator
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import trio
import trio.testing

from bindery.demo.knobs import Bucket
from bindery.demo.web import Answer, Request, part_of
from bindery.demo.world import World, open_world, world_in_thread

ATOM = "{http://www.w3.org/2005/Atom}"
ATTR = "{http://torznab.com/schemas/2015/feed}attr"
LEDGER = "The Lantern Ledger"


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def web() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        yield client


def parse(data: bytes) -> Any:
    return ET.fromstring(data)


async def get(client: httpx.AsyncClient, url: str, **query: str) -> httpx.Response:
    with trio.fail_after(10):
        return await client.get(url, params=query or None)


async def items(client: httpx.AsyncClient, world: World, **query: str) -> list[Any]:
    answer = await get(client, world.torznab_url, apikey=world.api_key, **query)
    return parse(answer.content).findall(".//item")


def attributes(item: Any) -> dict[str, str]:
    return {attr.get("name"): attr.get("value") for attr in item.iter(ATTR)}


# -- indexer --------------------------------------------------------------------------------


async def test_caps_need_no_key_and_name_the_book_search(
    world: World, web: httpx.AsyncClient
) -> None:
    caps = parse((await get(web, world.torznab_url, t="caps")).content)
    assert caps.find("searching/book-search").get("supportedParams") == "q,title,author"
    assert caps.find(".//subcat[@id='7020']") is not None


async def test_a_book_search_finds_the_book_and_its_decoys(
    world: World, web: httpx.AsyncClient
) -> None:
    found = await items(web, world, t="book", title=LEDGER, author="halvorsen", cat="7020")
    titles = [item.findtext("title") for item in found]
    assert f"Ingrid Halvorsen - {LEDGER} (1903) [English] [EPUB]" in titles
    assert any(title.startswith("Study Guide") for title in titles)
    assert len({attributes(item)["infohash"] for item in found}) == len(found)


async def test_categories_and_paging_narrow(world: World, web: httpx.AsyncClient) -> None:
    audio = await items(web, world, t="search", q="lantern ledger", cat="3030")
    assert [attributes(item)["category"] for item in audio] == ["3030"]
    everything = await items(web, world, t="search", q="")
    second = await items(web, world, t="search", q="", offset="1", limit="2")
    assert [i.findtext("guid") for i in second] == [i.findtext("guid") for i in everything[1:3]]


async def test_the_torrent_is_the_announced_one(world: World, web: httpx.AsyncClient) -> None:
    (item,) = await items(web, world, t="search", q="lantern ledger", cat="3030")
    answer = await get(web, item.find("enclosure").get("url"))
    offer = next(o for o in world.offers(world.work(LEDGER)) if o.kind == "mp3")
    torrent = world.torrent(offer)
    assert answer.headers["content-type"] == "application/x-bittorrent"
    assert answer.content == torrent.meta
    assert attributes(item)["infohash"] == hashlib.sha1(torrent.info).hexdigest()
    seeded = [
        (await get(web, f"{world.seed.url}/seed/{offer.guid}/{offer.name}/{name}")).content
        for name in offer.files
    ]
    assert b"".join(seeded) == torrent.content


async def test_a_wrong_key_is_refused(world: World, web: httpx.AsyncClient) -> None:
    answer = await get(web, world.torznab_url, t="search", q="x", apikey="wrong")
    assert parse(answer.content).get("code") == "100"
    guid = world.offers(world.work(LEDGER))[0].guid
    assert (await get(web, f"{world.torznab.url}/torznab/dl/{guid}.torrent")).status_code == 403


async def test_an_error_document_on_request(world: World, web: httpx.AsyncClient) -> None:
    world.newznab.knobs.error = (500, "Request limit reached. Retry in 5 minutes.")
    answer = await get(web, f"{world.newznab_url}/api", t="search", apikey=world.api_key)
    assert parse(answer.content).get("code") == "500"
    world.newznab.knobs.reset()
    answer = await get(web, f"{world.newznab_url}/api", t="search", apikey=world.api_key)
    enclosure = parse(answer.content).find(".//enclosure")
    assert b"nzb" in (await get(web, enclosure.get("url"))).content


# -- catalogue ------------------------------------------------------------------------------


async def test_the_catalogue_is_walked_searched_and_downloaded(
    world: World, web: httpx.AsyncClient
) -> None:
    root = parse((await get(web, world.opds_url)).content)
    links = {link.get("rel"): link.get("href") for link in root.iter(f"{ATOM}link")}
    description = parse((await get(web, world.opds.url + links["search"])).content)
    template = description[-1].get("template")
    url = world.opds.url + template.replace("{searchTerms}", "lantern%20halvorsen")
    (entry,) = parse((await get(web, url)).content).findall(f"{ATOM}entry")
    by_rel = {link.get("rel"): link for link in entry.iter(f"{ATOM}link")}
    book = by_rel["http://opds-spec.org/acquisition/open-access"]
    answer = await get(web, world.opds.url + book.get("href"))
    assert answer.headers["content-type"] == book.get("type") == "application/epub+zip"
    assert len(answer.content) == int(book.get("length"))
    assert answer.content == next(iter(world.files(world.work(LEDGER)).values()))


async def test_all_pages_bring_all_works(world: World, web: httpx.AsyncClient) -> None:
    titles: list[str] = []
    path: str | None = "/opds/all"
    while path:
        feed = parse((await get(web, world.opds.url + path)).content)
        titles += [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
        following = feed.find(f"{ATOM}link[@rel='next']")
        path = None if following is None else following.get("href")
    assert titles == [work.title for work in world.works]


async def test_a_closed_catalogue_asks_for_basic(world: World, web: httpx.AsyncClient) -> None:
    world.opds_site.login = ("reader", "secret")
    assert (await get(web, world.opds_url)).status_code == 401
    with trio.fail_after(5):
        assert (await web.get(world.opds_url, auth=("reader", "secret"))).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-2", 416, b"", "bytes */10"),
        ("bytes=-", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("pages=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(asked: str, status: int, body: bytes, told: str | None) -> None:
    whole = Answer(b"0123456789", ranges=True)
    part = part_of(whole, Request("GET", "/", {}, {"range": asked}))
    assert (part.status, part.body, part.headers.get("Content-Range")) == (status, body, told)


def test_a_changed_file_is_sent_whole() -> None:
    asked = Request("GET", "/", {}, {"range": "bytes=2-4", "if-range": '"older"'})
    assert part_of(Answer(b"0123456789", ranges=True), asked).status == 200


# -- metadata -------------------------------------------------------------------------------


async def test_an_author_is_found_and_read_with_works_by_page(
    world: World, web: httpx.AsyncClient
) -> None:
    base = world.openlibrary_url
    (hit,) = (await get(web, f"{base}/search/authors.json", q="halvorsen")).json()["docs"]
    author = (await get(web, f"{base}/authors/{hit['key']}.json")).json()
    assert author["name"] == "Ingrid Halvorsen"
    pages = [
        (await get(web, f"{base}/authors/{hit['key']}/works.json", limit="3", offset=start)).json()
        for start in ("0", "3")
    ]
    assert [page["size"] for page in pages] == [4, 4]
    assert [len(page["entries"]) for page in pages] == [3, 1]


async def test_a_work_has_editions_an_isbn_and_a_cover(
    world: World, web: httpx.AsyncClient
) -> None:
    base, wanted = world.openlibrary_url, world.work(LEDGER)
    work = (await get(web, f"{base}/works/{wanted.id}.json")).json()
    assert (work["title"], work["key"]) == (LEDGER, f"/works/{wanted.id}")
    editions = (await get(web, f"{base}/works/{wanted.id}/editions.json")).json()["entries"]
    assert [edition["physical_format"] for edition in editions] == ["ebook", "Audio CD"]
    by_isbn = (await get(web, f"{base}/isbn/{wanted.isbn}.json")).json()
    assert by_isbn["works"] == [{"key": work["key"]}]
    cover = await get(web, f"{base}/b/id/{work['covers'][0]}-L.jpg")
    assert cover.headers["content-type"] == "image/jpeg"
    assert cover.content.startswith(b"\xff\xd8")
    assert (await get(web, f"{base}/works/OL1W.json")).status_code == 404


async def test_bad_numbers_are_a_bad_request(world: World, web: httpx.AsyncClient) -> None:
    answer = await get(web, f"{world.openlibrary_url}/search.json", q="x", limit="many")
    assert answer.status_code == 400


# -- knobs ----------------------------------------------------------------------------------


async def test_a_status_with_retry_after_holds_so_often(
    world: World, web: httpx.AsyncClient
) -> None:
    knobs = world.openlibrary.knobs
    knobs.status, knobs.retry_after, knobs.times = 429, "7", 2
    url = f"{world.openlibrary_url}/search.json"
    answers = [await get(web, url, q="ledger") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_html_instead_of_the_answer(world: World, web: httpx.AsyncClient) -> None:
    world.openlibrary.knobs.html = True
    answer = await get(web, f"{world.openlibrary_url}/search.json", q="ledger")
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_cut_answer(world: World, web: httpx.AsyncClient) -> None:
    world.openlibrary.knobs.truncate_at = 10
    with pytest.raises(httpx.RemoteProtocolError):
        await get(web, f"{world.openlibrary_url}/search.json", q="ledger")


async def test_a_stalled_download_goes_on_when_told(world: World, web: httpx.AsyncClient) -> None:
    knobs = world.opds.knobs
    knobs.stall_at = 100_000
    work = world.work(LEDGER)
    ((name, data),) = world.files(work).items()
    received = 0

    async def download() -> None:
        nonlocal received
        async with web.stream("GET", f"{world.opds.url}/opds/file/{work.number}/{name}") as answer:
            async for chunk in answer.aiter_raw():
                received += len(chunk)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(download)
            await knobs.gate.reached()
            assert received <= 100_000
            knobs.gate.open()
    assert received == len(data)


async def test_the_rate_is_shared_by_all_connections(
    autojump_clock: trio.testing.MockClock,
) -> None:
    bucket = Bucket(1_000)
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(bucket.take, 500)
    assert trio.current_time() == pytest.approx(2)
    bucket.rate = None
    await bucket.take(1_000_000)
    assert trio.current_time() == pytest.approx(2)


async def test_an_added_work_is_on_every_face(world: World, web: httpx.AsyncClient) -> None:
    author = world.add_author("Nora Pell")
    work = world.add_work(author, "A Ladder to the Tide", 1999, kinds=("epub", "m4b"), minutes=0.2)
    assert len(await items(web, world, t="search", q="ladder tide")) == 2
    hit = (await get(web, f"{world.openlibrary_url}/search.json", q="ladder")).json()
    assert hit["docs"][0]["key"] == f"/works/{work.id}"
    feed = await get(web, f"{world.opds.url}/opds/search", q="ladder")
    assert b"A Ladder to the Tide" in feed.content
    assert world.opds.requests[-1].query == {"q": "ladder"}


def test_the_world_serves_synchronous_code() -> None:
    with world_in_thread(bundled=False) as threaded:
        world = threaded.world
        author = threaded.call(world.add_author, "Nora Pell")
        threaded.call(world.add_work, author, "Alone")
        answer = httpx.get(f"{world.openlibrary_url}/search.json?q=alone", trust_env=False)
        assert [doc["title"] for doc in answer.json()["docs"]] == ["Alone"]
