"""Newznab and Torznab on the wire: recorded feeds, hostile feeds, refusals, secrets."""

import traceback
from xml.sax.saxutils import escape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.adapters.configs import NewznabConfig
from bindery.adapters.failures import (
    AddressRefused,
    Malformed,
    OutsideError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.indexers.newznab import Newznab
from bindery.adapters.newznab_feed import read_caps, read_feed
from bindery.adapters.newznab_item import FeedContext, read_date
from bindery.adapters.outbound import Outbound
from bindery.domain.offers import IndexerCaps, IndexerQuery, Release, Transport
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

KEY = "c4n4ryK3yOfTheIndexer"
USENET = FeedContext("https://indexer.example/api", KEY, Transport.USENET)
TORRENT = FeedContext("https://indexer.example/api", KEY, Transport.TORRENT)
TORRENT_FILE = b"d4:infod6:lengthi5e4:name8:test.txt12:piece lengthi16384e6:pieces0:ee"
NZB = b'<?xml version="1.0"?><nzb xmlns="a"><file subject="x"><segments/></file></nzb>'


def feed(*items: str, head: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:newznab="http://n/" xmlns:torznab="http://t/">'
        f"<channel><title>t</title>{head}{''.join(items)}</channel></rss>"
    ).encode()


def item(title: str = "A Book", url: str = "https://indexer.example/get/1", extra: str = "") -> str:
    return f'<item><title>{title}</title><guid>g1</guid><enclosure url="{escape(url)}" length="10" type="x"/>{extra}</item>'


def attr(name: str, value: str, prefix: str = "newznab") -> str:
    return f'<{prefix}:attr name="{name}" value="{value}"/>'


def one(body: bytes, context: FeedContext = USENET) -> Release:
    found = read_feed(body, context)
    assert len(found.releases) == 1, found
    return found.releases[0]


# -- recorded -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "context", "least"),
    [
        ("newznab/drunkenslug/search.xml", USENET, 20),
        ("newznab/generic/search_indexerflags.xml", USENET, 1),
        ("newznab/headphones/search.xml", USENET, 10),
        ("newznab/nzbfinder/search.xml", USENET, 20),
        ("newznab/nzbgeek/music_search.xml", USENET, 20),
        ("newznab/nzbs_org/search_extended.xml", USENET, 90),
        ("newznab/omgwtfnzbs/search.xml", USENET, 20),
        ("newznab/nzbgeek/tvsearch_by_tvdbid.xml", USENET, 2),
        ("newznab/nzbs_org/search_3items.json", USENET, 3),
        ("torznab/animetosho/search.xml", TORRENT, 1),
        ("torznab/jackett_btn/search.xml", TORRENT, 1),
        ("torznab/jackett_tpb/search.xml", TORRENT, 1),
        ("torznab/prowlarr/search_mock_indexer.xml", TORRENT, 1),
        ("torrent_rss/relative_urls.xml", USENET, 1),
        ("torrent_rss/ezrss.xml", TORRENT, 1),
        ("torrent_rss/extratorrents.xml", TORRENT, 1),
        ("torrent_rss/animetosho_nosize.xml", TORRENT, 2),
        ("torrent_rss/evolutionworld.xml", TORRENT, 2),
        ("torrent_rss/invalid_eztv_invalidsize.xml", TORRENT, 1),
        ("torrent_rss/invalid_torrentday_nopubdate.xml", TORRENT, 1),
    ],
)
def test_recorded_feeds(path: str, context: FeedContext, least: int) -> None:
    found = read_feed(fixture(*path.split("/")).read_bytes(), context)
    assert len(found.releases) >= least
    assert found.error is None
    for release in found.releases:
        assert release.title
        assert release.link.startswith(("http://", "https://", "magnet:"))
        assert release.transport is context.transport
        assert release.size is None or release.size > 0


def test_recorded_flags_hashes_and_dates() -> None:
    tpb = read_feed(fixture("torznab", "jackett_tpb", "search.xml").read_bytes(), TORRENT)
    assert all(r.info_hash and r.seeders is not None for r in tpb.releases)
    odd = read_feed(fixture("newznab", "hydra_quirks", "odd_dates.xml").read_bytes(), USENET)
    assert all(release.published_at for release in odd.releases)
    ebook = fixture("newznab", "usenet_crawler", "book_item_ebook.xml").read_bytes()
    assert read_feed(ebook, USENET) is not None


def _recorded(path: str, context: FeedContext) -> list[Release]:
    return read_feed(fixture(*path.split("/")).read_bytes(), context).releases


def test_recorded_torrent_feeds_tell_in_words_what_they_have_no_field_for() -> None:
    first = _recorded("torrent_rss/evolutionworld.xml", TORRENT)[0]
    assert (first.seeders, first.peers) == (3, 3)
    assert [r.size for r in _recorded("torrent_rss/animetosho_nosize.xml", TORRENT)] == [
        1_466_731_332,
        165_779_866,
    ]
    undated = _recorded("torrent_rss/invalid_torrentday_nopubdate.xml", TORRENT)[0]
    assert (undated.published_at, undated.size) == (None, None)
    magnet = _recorded("torrent_rss/invalid_eztv_invalidsize.xml", TORRENT)[0]
    assert magnet.info_hash == "aaa2038bed9ebca2c312d1c9c3e8e024d0eb414e"


def test_recorded_json_is_read_as_its_xml_would_be() -> None:
    found = read_feed(fixture("newznab", "nzbs_org", "search_3items.json").read_bytes(), USENET)
    assert (len(found.releases), found.total, found.skipped) == (3, 80, 0)
    first = found.releases[0]
    assert first.size == 8_499_724_123
    assert first.categories == (5000, 5040)
    assert first.published_at == 1_515_666_956_000_000


def test_recorded_errors_and_answers_without_items() -> None:
    wrong = fixture("newznab", "generic", "error_100_incorrect_credentials.xml").read_bytes()
    assert read_feed(wrong, USENET).error == (100, "Incorrect user credentials")
    empty = fixture("newznab", "drunkenslug", "empty_with_apilimits.xml").read_bytes()
    assert (read_feed(empty, USENET).releases, read_feed(empty, USENET).error) == ([], None)
    listing = fixture("torznab", "jackett_all", "configured_indexers.xml").read_bytes()
    assert read_feed(listing, TORRENT).releases == []


@pytest.mark.parametrize(
    ("items", "titles"),
    [
        ({"title": "One", "link": "http://a/1"}, ["One"]),
        ([{"title": "One", "link": "http://a/1"}, {"title": "No link"}, 3], ["One"]),
        ([{"title": {"#text": "One"}, "enclosure": {"_url": "http://a/1"}}], ["One"]),
        ([], []),
        ({"title": ["x"], "link": {}}, []),
    ],
)
def test_json_answers_of_other_hands(items: object, titles: list[str]) -> None:
    body = msgspec.json.encode({"channel": {"item": items}})
    assert [release.title for release in read_feed(body, USENET).releases] == titles


@pytest.mark.parametrize(
    "body", [b'{"channel": 1}', b"{" * 5000, b'{"code": 100}', b'{"a": "\xff"}']
)
def test_json_that_is_no_feed_is_an_error(body: bytes) -> None:
    assert read_feed(body, USENET).error is not None


@pytest.mark.parametrize(
    "path",
    [
        "newznab/dognzb/caps.xml",
        "newznab/nzbs_org/caps.xml",
        "newznab/scenenzbs/caps.xml",
        "newznab/generic/caps_arr_tv.xml",
        "torznab/spec/caps_torznab_1_1.xml",
    ],
)
def test_recorded_caps(path: str) -> None:
    caps = read_caps(fixture(*path.split("/")).read_bytes())
    assert isinstance(caps, IndexerCaps)
    assert caps.categories
    assert 1 <= caps.page_size <= 100


# -- fields ---------------------------------------------------------------------------------


def test_all_fields() -> None:
    extra = "".join(
        [
            attr("SIZE", "2000"),
            attr("grabs", "7"),
            attr("grabs", "nonsense"),
            attr("category", "7020"),
            attr("category", "100001"),
            attr("author", "A. Writer"),
            attr("booktitle", "The Book"),
            attr("publisher", "House"),
            attr("isbn", "9780000000000"),
            attr("year", "1984"),
            attr("language", "English"),
            attr("language", "German"),
            attr("seeders", "3", "torznab"),
            attr("leechers", "4", "torznab"),
            attr("infohash", "AB" * 20, "torznab"),
            attr("downloadvolumefactor", "0", "torznab"),
            attr("uploadvolumefactor", "2", "torznab"),
            attr("files", "5"),
            attr("password", "1"),
            attr("tag", "internal"),
            attr("tag", "somethingelse"),
            "<pubDate>Mon, 21 Sep 2026 12:00:00 +0200</pubDate><category>3030</category>",
        ]
    )
    release = one(feed(item(extra=extra)), TORRENT)
    assert release.size == 2000
    assert release.grabs == 7
    assert release.categories == (7020, 100001, 3030)
    assert (release.author, release.book_title, release.publisher) == (
        "A. Writer",
        "The Book",
        "House",
    )
    assert (release.isbn, release.year, release.language) == (
        "9780000000000",
        1984,
        "English,German",
    )
    assert (release.seeders, release.peers, release.info_hash) == (3, 7, "ab" * 20)
    assert (release.download_volume_factor, release.upload_volume_factor) == (0, 2)
    assert (release.files, release.password) == (5, True)
    assert release.flags == ("freeleech", "internal")
    assert release.published_at == 1_789_984_800_000_000


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("Mon, 21 Sep 2026 10:00:00 UTC", 1_789_984_800),
        ("Fri, 21 Sep 2026 10:00:00 GMT", 1_789_984_800),
        ("Mon, 21 Sep 2026 10:00:00", 1_789_984_800),
        ("2026-09-21T10:00:00Z", 1_789_984_800),
        ("yesterday", None),
        ("", None),
        ("Mon, 99 Sep 2026 10:00:00 UTC", None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_dates(text: str, stamp: int | None) -> None:
    assert read_date(text) == (stamp * 1_000_000 if stamp else None)


@pytest.mark.parametrize(
    ("comments", "guid", "permalink", "link", "enclosure", "expected"),
    [
        ("https://a/", "https://b/", "true", "https://c/", "https://d/", "https://a/"),
        ("", "https://b/", "true", "https://d/", "https://d/", "https://b/"),
        ("", "opaque", "false", "https://c/", "https://d/", "https://c/"),
        (
            "https://t/",
            "magnet:?x",
            "false",
            "https://x/a.torrent",
            "magnet:?xt=urn:btih:x",
            "https://t/",
        ),
        ("", "opaque", "false", "https://d/", "https://d/", ""),
        ("", "ftp://b/", "true", "https://c/", "", ""),
    ],
)
def test_info_url(
    comments: str, guid: str, permalink: str, link: str, enclosure: str, expected: str
) -> None:
    body = feed(
        f"<item><title>t</title><comments>{comments}</comments>"
        f'<guid isPermaLink="{permalink}">{guid}</guid><link>{link}</link>'
        + (f'<enclosure url="{escape(enclosure)}"/>' if enclosure else "")
        + "</item>"
    )
    assert one(body, TORRENT).info_url == expected


def test_size_falls_back_to_the_description() -> None:
    body = feed(
        "<item><title>t</title><link>https://x/1</link>"
        "<description><![CDATA[<b>Size:</b> 1.5 GB]]></description></item>"
    )
    assert one(body).size == round(1.5 * 1024**3)


def test_a_magnet_only_when_nothing_can_be_fetched() -> None:
    magnet = attr("magneturl", f"magnet:?xt=urn:btih:{'ab' * 20}", "torznab")
    assert one(feed(item(extra=magnet)), TORRENT).link.startswith("https://")
    bare = f"<item><title>t</title><link>https://x/page</link>{magnet}</item>"
    release = one(feed(bare), TORRENT)
    assert release.link.startswith("magnet:")
    assert release.info_hash == "ab" * 20


# -- tolerance ------------------------------------------------------------------------------


def test_bom_blanks_entities_and_control_characters() -> None:
    body = b"\xef\xbb\xbf \n" + feed(item("A&nbsp;&auml; B & C \x01 &unknown; &#38;"))
    assert one(body).title == "A ä B & C &unknown; &"


def test_latin_1_by_declaration_and_by_header() -> None:
    text = feed(item("Köln")).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert one(text).title == "Köln"
    bare = feed(item("Köln")).decode().partition("?>")[2].encode("latin-1")
    context = FeedContext(USENET.url, KEY, Transport.USENET, "iso-8859-1")
    assert one(bare, context).title == "Köln"


def test_truncation_keeps_complete_items() -> None:
    body = feed(item("One"), item("Two"), item("Three"))
    cut = body[: body.rindex(b"<enclosure")]
    assert [release.title for release in read_feed(cut, USENET).releases] == ["One", "Two"]


def test_a_bad_field_costs_the_field_and_a_bad_item_the_item() -> None:
    body = feed(
        '<item><title>One</title><enclosure url="https://x/1" length="abc"/></item>',
        "<item><title>no link</title></item>",
        "<item><link>https://x/2</link></item>",
        "<item><title>bad scheme</title><link>file:///etc/passwd</link></item>",
        head='<newznab:response offset="0" total="77"/>',
    )
    found = read_feed(body, USENET)
    assert [release.title for release in found.releases] == ["One"]
    assert (found.skipped, found.total, found.releases[0].size) == (3, 77, None)


def test_relative_links_are_resolved() -> None:
    assert (
        one(feed(item(url="/get/my book.nzb"))).link == "https://indexer.example/get/my%20book.nzb"
    )


def test_nothing_is_expanded_or_fetched() -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        '<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>T&b;&x;</title>'
        "<link>https://x/1</link></item></channel></rss>"
    )
    title = one(bomb.encode()).title
    assert "aaaa" not in title
    assert "root" not in title


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", Malformed, "empty_answer"),
        (b"plain words", Malformed, "broken_xml"),
        (b"<!DOCTYPE html><html><body>hello", Malformed, "html_page"),
        (b"<html><title>Just a moment...</title>", Unauthorized, "captcha_page"),
        (b'<html><form><input type="password">', Unauthorized, "login_page"),
    ],
)
def test_pages_that_are_no_feed(body: bytes, kind: type[OutsideError], code: str) -> None:
    with pytest.raises(kind) as caught:
        read_feed(body, USENET)
    assert caught.value.code == code


@given(st.binary(max_size=300))
def test_hostile_bytes_end_in_a_feed_or_a_failure(data: bytes) -> None:
    for body in (data, feed(data.decode("latin-1")), b"<rss><channel><item>" + data):
        try:
            read_feed(body, USENET)
        except OutsideError:
            continue


# -- on the wire ----------------------------------------------------------------------------

QUERY = IndexerQuery(mode="book", title="Dark Matter", author="B. C", categories=(7020,), limit=100)


def indexer(server: ScriptedServer, outbound: Outbound, **more: str) -> Newznab:
    return Newznab(NewznabConfig(url=server.url, api_key=KEY, **more), outbound)  # pyright: ignore[reportArgumentType]


async def test_a_search_and_its_record(server: ScriptedServer, outbound: Outbound) -> None:
    server.on("/api", Reply(200, feed(item(url=f"{server.url}/get/1?id=1&apikey={KEY}"))))
    async with indexer(server, outbound) as newznab:
        answer = await newznab.search(QUERY)
    asked = server.requests[0].query
    assert asked["t"] == ["book"]
    assert asked["title"] == ["Dark Matter"]
    assert asked["cat"] == ["7020"]
    assert asked["apikey"] == [KEY]
    assert answer.request.status == 200
    assert answer.request.count == 1
    assert KEY not in repr(answer)
    assert answer.releases[0].link == f"{server.url}/get/1?id=1"


@pytest.mark.parametrize(
    ("reply", "kind", "code", "hold"),
    [
        (Reply(200, '<error code="100" description="Incorrect user credentials"/>'), Unauthorized, "indexer_auth", None),
        (Reply(403, '<Error code="101" description="suspended"/>'), Unauthorized, "indexer_auth", None),
        (Reply(200, '<error code="500" description="Request limit reached. Retry in 2 hours"/>'), RateLimited, "rate_limited", 7200),
        (Reply(429, '<error code="429" description="x"/>', {"retry-after": "300"}), RateLimited, "rate_limited", 300),
        (Reply(429, "", {"retry-after": "Mon, 21 Sep 2026 14:23:20 GMT"}), RateLimited, "rate_limited", 600),
        (Reply(503, "", {"retry-after": "30"}), Unavailable, "temporarily_unavailable", 30),
        (Reply(502, "bad gateway"), Unavailable, "http_status", None),
        (Reply(410, ""), Rejected, "indexer_disabled", None),
        (Reply(200, '<error code="203" description="Function not available"/>'), Rejected, "function_not_available", None),
        (Reply(404, ""), Rejected, "http_status", None),
        (Reply(200, '{"error": {"code": 101, "description": "no"}}'), Unauthorized, "indexer_auth", None),
        (Reply(200, "<error/>"), None, "", None),
        (Reply(200, "", truncate_at=0), Malformed, "empty_answer", None),
    ],
)  # fmt: skip
async def test_refusals(
    server: ScriptedServer,
    outbound: Outbound,
    reply: Reply,
    kind: type[OutsideError] | None,
    code: str,
    hold: float | None,
) -> None:
    server.on("/api", reply)
    async with indexer(server, outbound) as newznab:
        if kind is None:
            assert (await newznab.search(QUERY)).releases == []
            return
        with pytest.raises(kind) as caught:
            await newznab.search(QUERY)
    assert caught.value.code == code
    assert getattr(caught.value, "retry_after_s", None) == hold
    assert caught.value.request is not None
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.params)
    assert KEY not in said + repr(caught.value.request)


async def test_a_key_echoed_by_the_indexer_is_masked(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on("/api", Reply(200, f'<error code="100" description="bad key {KEY}"/>'))
    async with indexer(server, outbound) as newznab:
        with pytest.raises(Unauthorized) as caught:
            await newznab.search(QUERY)
    assert caught.value.params["text"] == "bad key REDACTED"


async def test_caps_on_the_wire(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/api",
        Reply(
            200,
            '<caps><server title="S"/><limits max="50" default="20"/><searching>'
            '<search available="yes"/><book-search available="yes" supportedParams="q,title,author"/></searching>'
            '<categories><category id="7000" name="Books"><subcat id="7020" name="EBook"/></category></categories></caps>',
        ),
        Reply(200, '<error code="100" description="no"/>'),
    )
    async with indexer(server, outbound) as newznab:
        caps = await newznab.caps()
        with pytest.raises(Unauthorized):
            await newznab.caps()
    assert caps.book_params == ("q", "title", "author")
    assert (caps.page_size, caps.categories, caps.server) == (
        50,
        {7000: "Books", 7020: "EBook"},
        "S",
    )


# -- payloads -------------------------------------------------------------------------------


async def test_our_key_is_put_back_for_our_host_only(
    server: ScriptedServer, outbound: Outbound
) -> None:
    server.on(
        "*",
        Reply(200, TORRENT_FILE, {"content-disposition": 'attachment; filename="My Book.torrent"'}),
    )
    async with indexer(server, outbound) as newznab:
        payload = await newznab.fetch(f"{server.url}/get/1?id=2")
        await newznab.fetch(f"{server.url}/get/1?passkey=other")
        with pytest.raises(AddressRefused):
            await newznab.fetch("http://127.0.0.1:1/other")
    assert (payload.kind, payload.name) == ("torrent", "My Book.torrent")
    assert payload.info_hash_v1
    assert server.requests[0].one("apikey") == KEY
    assert "apikey" not in server.requests[1].query


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, NZB), "nzb"),
        (Reply(200, TORRENT_FILE), "torrent"),
        (Reply(200, f"magnet:?xt=urn:btih:{'ab' * 20}&dn=N\n"), "magnet"),
        (Reply(302, headers={"location": f"magnet:?xt=urn:btih:{'ab' * 20}"}), "magnet"),
    ],
)
async def test_payloads_are_told_apart_by_content(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: str
) -> None:
    server.on("*", reply)
    async with indexer(server, outbound) as newznab:
        assert (await newznab.fetch(f"{server.url}/x")).kind == kind


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b""), "empty_answer"),
        (Reply(200, b"<html><body>Please wait"), "html_page"),
        (Reply(200, b"d3:fooe"), "not_a_torrent"),
        (Reply(200, b"hello"), "not_a_payload"),
        (Reply(200, b"magnet:?dn=nothing"), "not_a_magnet"),
        (Reply(200, b'<nzb xmlns="a"></nzb>'), "not_an_nzb"),
        (Reply(200, '<error code="500" description="grab limit"/>'), "rate_limited"),
        (Reply(429, "", {"retry-after": "5"}), "rate_limited"),
        (Reply(404, "gone"), "http_status"),
    ],
)
async def test_what_is_no_payload(
    server: ScriptedServer, outbound: Outbound, reply: Reply, code: str
) -> None:
    server.on("*", reply)
    async with indexer(server, outbound) as newznab:
        with pytest.raises(OutsideError) as caught:
            await newznab.fetch(f"{server.url}/x")
    assert caught.value.code == code
    assert KEY not in repr(caught.value.params)


async def test_recorded_nzbs(server: ScriptedServer, outbound: Outbound) -> None:
    def serve(request: Request) -> Reply:
        return Reply(200, fixture("nzb", request.path.strip("/")).read_bytes())

    server.on("*", serve)
    async with indexer(server, outbound) as newznab:
        good, *bad = ("valid.nzb", "no_files.nzb", "html_instead.nzb")
        assert (await newznab.fetch(f"{server.url}/{good}")).kind == "nzb"
        for name in bad:
            with pytest.raises(OutsideError):
                await newznab.fetch(f"{server.url}/{name}")
