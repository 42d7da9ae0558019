"""OPDS catalogues: searching, crawling, choosing links, hostile feeds."""

import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.adapters.configs import OpdsConfig
from bindery.adapters.failures import AddressRefused, Malformed, OutsideError, Unauthorized
from bindery.adapters.indexers.opds import MOST_PAGES, Opds
from bindery.adapters.opds_feed import filled, read_page
from bindery.adapters.outbound import Outbound
from bindery.domain.offers import IndexerQuery, Transport
from tests.kit.server import Reply, Request, ScriptedServer

EPUB, FREE = "application/epub+zip", "http://opds-spec.org/acquisition/open-access"
ATOM = "application/atom+xml;profile=opds-catalog;kind=acquisition"
QUERY = IndexerQuery(mode="opds", text="moon garden")


def link(rel: str, href: str, kind: str, more: str = "", inner: str = "") -> str:
    return f'<link rel="{rel}" href="{href}" type="{kind}" {more}>{inner}</link>'


def entry(title: str, *links: str, author: str = "Ada Writer", more: str = "") -> str:
    return f"<entry><id>urn:x:{title}</id><title>{title}</title><author><name>{author}</name></author>{more}{''.join(links)}</entry>"


def feed(*parts: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/terms/" xmlns:opds="http://opds-spec.org/2010/catalog"><title>Cat</title>{"".join(parts)}</feed>'


def book(title: str = "The Moon Garden") -> str:
    return entry(
        title,
        link(FREE, "/f/1.pdf", "application/pdf", 'length="9"'),
        link(FREE, "/f/1.epub", EPUB, 'length="1234"'),
        link("http://opds-spec.org/image", "/c.png", "image/png"),
        more="<dc:language>en</dc:language><dc:issued>1925</dc:issued><dc:identifier>urn:isbn:9780306406157</dc:identifier>",
    )


def opds(server: ScriptedServer, outbound: Outbound, **more: str) -> Opds:
    return Opds(OpdsConfig(url=f"{server.url}/opds", **more), outbound)  # pyright: ignore[reportArgumentType]


async def test_search_through_a_description(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/opds",
        Reply(200, feed(link("search", "/os.xml", "application/opensearchdescription+xml"))),
    )
    server.on(
        "/os.xml",
        Reply(200, f'<OpenSearchDescription><Url type="text/html" template="/no?q={{searchTerms}}"/><Url type="{ATOM}" template="/s?q={{searchTerms}}&amp;p={{startPage?}}&amp;l={{language?}}"/></OpenSearchDescription>'),
    )  # fmt: skip
    server.on(
        "/s",
        Reply(200, feed(book(), link("next", "/s?p=2", ATOM))),
        Reply(200, feed(book("Other"))),
    )
    async with opds(server, outbound) as indexer:
        answer = await indexer.search(QUERY)
        await indexer.search(QUERY)
    first = answer.releases[0]
    assert server.requests[2].target == "/s?q=moon%20garden&p=1&l="
    assert (first.title, first.link, first.size) == (
        "Ada Writer - The Moon Garden [EPUB]",
        f"{server.url}/f/1.epub",
        1234,
    )
    assert (first.transport, first.mime, first.categories) == (Transport.HTTP, EPUB, (7020,))
    assert (first.author, first.book_title, first.year) == ("Ada Writer", "The Moon Garden", 1925)
    assert (first.isbn, first.language) == ("9780306406157", "en")
    assert [release.book_title for release in answer.releases] == ["The Moon Garden", "Other"]
    assert [r.path for r in server.requests].count("/os.xml") == 1


async def test_search_through_a_direct_template(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/opds", Reply(200, feed(link("search", "/s/{searchTerms}", ATOM))))
    server.on("/s/moon%20garden", Reply(200, feed(book())))
    async with opds(server, outbound) as indexer:
        assert len((await indexer.search(QUERY)).releases) == 1
        assert (await indexer.caps()).search


async def test_a_crawl_is_filtered_and_kept(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/opds",
        Reply(
            200,
            feed(
                entry("All", link("subsection", "/all", ATOM)),
                entry("Away", link("subsection", "http://10.1.1.1/x", ATOM)),
            ),
        ),
    )
    server.on(
        "/all",
        Reply(200, feed(book(), book("Something Else"), link("next", "/all?p=2", ATOM))),
        Reply(200, feed(book("Second Moon Garden"))),
    )
    async with opds(server, outbound) as indexer:
        answer = await indexer.search(QUERY)
        await indexer.search(QUERY)
    assert [release.book_title for release in answer.releases] == [
        "The Moon Garden",
        "Second Moon Garden",
    ]
    assert len(server.requests) == 4, "the root for its search link, then three pages, once"


async def test_an_endless_catalogue_is_left(server: ScriptedServer, outbound: Outbound) -> None:
    def endless(request: Request) -> Reply:
        number = int(request.one("p") or 0)
        return Reply(
            200,
            feed(
                link("next", f"/opds?p={number + 1}", ATOM),
                entry("n", link("subsection", f"/opds?p={number + 1000}", ATOM)),
            ),
        )

    server.on("/opds", endless)
    async with opds(server, outbound) as indexer:
        assert (await indexer.search(QUERY)).releases == []
    assert len(server.requests) == MOST_PAGES + 1


def test_which_links_count() -> None:
    generic, priced = "http://opds-spec.org/acquisition", "<opds:price>1</opds:price>"
    body = feed(
        entry("Generic", link(generic, "/1", EPUB)),
        entry("Bought", link(f"{generic}/buy", "/2", EPUB)),
        entry("Priced", link(generic, "/3", EPUB, inner=priced)),
        entry("Borrowed", link(f"{generic}/borrow", "/4", EPUB)),
        entry("Sample", link(f"{generic}/sample", "/5", EPUB)),
        entry("Web page", link(FREE, "/6", "text/html")),
        entry("Script", link(FREE, "javascript:alert(1)", EPUB)),
        entry("File", link(FREE, "file:///etc/passwd", EPUB)),
        entry("Both", link(FREE, "/7", EPUB), link(FREE, "/8", "audio/mp4")),
        entry("Tracks", link(FREE, "/9", "audio/mpeg"), link(FREE, "/10", "audio/mpeg")),
        entry("", link(FREE, "/11", EPUB)),
    )
    page = read_page(body.encode(), "http://h/opds")
    assert [(release.book_title, release.categories) for release in page.releases] == [
        ("Generic", (7020,)),
        ("Both", (7020,)),
        ("Both", (3030,)),
    ]


async def test_sign_in_stays_at_home_and_secret(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/opds", Reply(401, ""), Reply(200, feed()))
    async with opds(server, outbound, username="u", password="canaryOpds1") as indexer:
        with pytest.raises(Unauthorized) as caught:
            await indexer.search(QUERY)
        assert "canaryOpds1" not in "".join(traceback.format_exception(caught.value))
        await indexer.caps()
    sent = server.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"u:canaryOpds1"


async def test_fetch_hands_over_a_judged_address(
    server: ScriptedServer, outbound: Outbound
) -> None:
    async with opds(server, outbound) as indexer:
        payload = await indexer.fetch(f"{server.url}/f/1.epub")
        with pytest.raises(AddressRefused):
            await indexer.fetch("http://127.0.0.1:1/x.epub")
        with pytest.raises(AddressRefused):
            await indexer.fetch("magnet:?xt=urn:btih:x")
    assert (payload.kind, payload.data) == ("http", f"{server.url}/f/1.epub".encode())


@pytest.mark.parametrize("body", ["<html><body>x", "", "<rss/>", "{}"])
async def test_what_is_no_catalogue(server: ScriptedServer, outbound: Outbound, body: str) -> None:
    server.on("/opds", Reply(200, body))
    async with opds(server, outbound) as indexer:
        with pytest.raises(Malformed):
            await indexer.caps()


def test_templates() -> None:
    assert (
        filled("http://h/?q={searchTerms}&n={count?}&a={atom:author?}", "a&b é")
        == "http://h/?q=a%26b%20%C3%A9&n=50&a="
    )


@given(st.text(max_size=200))
def test_hostile_feeds(text: str) -> None:
    for body in (text, feed(text), feed(entry(text, link(FREE, text, EPUB)))):
        try:
            read_page(body.encode("utf-8", "surrogatepass"), "http://h/opds")
        except OutsideError:
            continue
