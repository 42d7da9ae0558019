"""OpenLibrary: recorded records, paging with overlay, degradation, hostile answers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.adapters.configs import OpenLibraryConfig
from bindery.adapters.failures import (
    Malformed,
    OutsideError,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.metadata.openlibrary import OpenLibrary
from bindery.adapters.openlibrary_records import (
    Covers,
    edition_record,
    person_hit,
    person_record,
    work_hit,
    work_record,
)
from bindery.adapters.outbound import Outbound
from bindery.domain.catalogue_noise import is_noise
from bindery.domain.loose_dates import read_loose_date
from bindery.domain.series_text import parse_series
from tests.fixtures_dir import fixture
from tests.kit.server import Reply, Request, ScriptedServer

COVERS = Covers("https://covers.example")


def library(server: ScriptedServer, outbound: Outbound) -> OpenLibrary:
    return OpenLibrary(OpenLibraryConfig(base_url=server.url), outbound)


def recorded(name: str) -> list[dict[str, object]]:
    lines = fixture("metadata", "openlibrary", name).read_text().splitlines()
    return [msgspec.json.decode(line) for line in lines if line]


def test_recorded_authors() -> None:
    people = [person_record(doc, COVERS) for doc in recorded("authors.jsonl")]
    orwell = people[0]
    assert orwell is not None
    assert (orwell.ref, orwell.name, orwell.died) == (
        "OL118077A",
        "George Orwell",
        "21 January 1950",
    )
    assert orwell.cover is not None
    assert orwell.cover.url == "https://covers.example/a/id/9160343-L.jpg"
    assert "Eric Arthur Blair" in orwell.other_names
    assert ("wikidata", "Q3335") in orwell.identifiers
    assert sum(person is not None for person in people) > 25


def test_recorded_works_and_editions() -> None:
    works = [work_record(doc, COVERS) for doc in recorded("works.jsonl")]
    assert all(work is not None for work in works)
    assert any(len(work.authors) > 1 for work in works if work)
    assert sum(bool(work.authors) for work in works if work) > 25
    editions = [edition_record(doc, COVERS) for doc in recorded("editions.jsonl")]
    assert all(edition is not None for edition in editions)
    first = editions[0]
    assert first is not None
    assert (first.isbn13, first.published, first.language, first.pages) == (
        "9780393064902",
        "2008-04-21",
        "eng",
        384,
    )
    assert any(edition.book_format == "audiobook" for edition in editions if edition)


async def test_a_recorded_search(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/search.json",
        Reply(200, fixture("metadata", "openlibrary", "search_dune_2026.json").read_bytes()),
    )
    async with library(server, outbound) as ol:
        hits = await ol.search_works("dune")
    dune = hits[0]
    assert (dune.ref, dune.title, dune.language, dune.released) == (
        "OL893414W",
        "Dune",
        "eng",
        "1965-01-01",
    )
    assert (dune.authors[0].ref, dune.authors[0].name) == ("OL79034A", "Frank Herbert")
    assert server.requests[0].one("q") == "dune"
    assert "key" in server.requests[0].one("fields")


async def test_nothing_found(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/search.json",
        Reply(200, fixture("metadata", "openlibrary", "search_empty.json").read_bytes()),
    )
    async with library(server, outbound) as ol:
        assert await ol.search_works("nothing") == []
        assert await ol.search_people("nobody") == []
        assert await ol.person("OL1A") is None
        assert await ol.work("OL1W") is None
        assert await ol.editions("OL1W") == []
        assert await ol.by_isbn("9780306406157") is None
        assert len(server.requests) == 6


@pytest.mark.parametrize(
    "ref", ["hc:dune", "gb:x", "OL1M", "", "OL1A/../x", "audible:B0", "ol-series:x"]
)
async def test_foreign_refs_cost_no_request(
    server: ScriptedServer, outbound: Outbound, ref: str
) -> None:
    async with library(server, outbound) as ol:
        assert await ol.person(ref) is None
        assert await ol.work(ref) is None
        assert (await ol.works(ref)).works == []
        assert await ol.editions(ref) == []
    assert await library(server, outbound).by_isbn("978X0307474728") is None
    assert server.requests == []


def works_page(request: Request) -> Reply:
    offset = int(request.one("offset"))
    rows: list[dict[str, object]] = [
        {"key": f"/works/OL{n}W", "title": f"Work {n}"} for n in range(1, 151)
    ]
    rows[3] = {"key": "/works/OL4W", "title": "Study Guide to Work 5"}
    rows[4] = {"key": "/works/OL5W", "title": "X", "subjects": ["History and criticism"]}
    rows[5] = {"key": "", "title": "no key"}
    return Reply(200, msgspec.json.encode({"size": 150, "entries": rows[offset : offset + 100]}))


async def test_pages_with_overlay(server: ScriptedServer, outbound: Outbound) -> None:
    hits = [
        {"key": "/works/OL1W", "title": "Work 1", "language": ["ger", "eng"], "cover_i": 7, "first_publish_year": 1990, "ratings_count": 3, "ratings_average": 4.5},
        {"key": "/works/OL4W", "title": "Study Guide to Work 5"},
        {"key": "/works/OL999W", "title": "Only the search knows", "language": ["fre"]},
    ]  # fmt: skip
    server.on("/search.json", Reply(200, msgspec.json.encode({"docs": hits})))
    server.on("/authors/OL9A/works.json", works_page)
    async with library(server, outbound) as ol:
        first = await ol.works("OL9A")
        second = await ol.works("OL9A", first.next)
    assert (first.total, first.next, second.next) == (150, "100", None)
    assert len(first.works) == 97
    one = first.works[0]
    assert (one.language, one.released, one.ratings_count) == ("eng", "1990-01-01", 3)
    assert one.cover is not None
    assert second.works[-1].ref == "OL999W"
    assert len(second.works) == 51
    assert len(server.requests) == 3


async def test_one_of_both_sources_may_fail(server: ScriptedServer, outbound: Outbound) -> None:
    server.on(
        "/search.json",
        Reply(500),
        Reply(200, '{"docs":[{"key":"/works/OL1W","title":"A"}]}'),
        Reply(500),
    )
    server.on("/authors/OL9A/works.json", works_page, Reply(503))
    async with library(server, outbound) as ol:
        assert len((await ol.works("OL9A")).works) == 97
        assert [work.ref for work in (await ol.works("OL9A")).works] == ["OL1W"]
        with pytest.raises(Unavailable):
            await ol.works("OL9A")


async def test_a_work_with_its_author_a_moved_record_and_an_isbn(
    server: ScriptedServer, outbound: Outbound
) -> None:
    work = {
        "key": "/works/OL2W",
        "title": "T",
        "authors": [{"author": {"key": "/authors/OL3A"}}],
        "series": ["S, Book 2"],
        "description": {"value": "D"},
    }
    server.on(
        "/works/OL1W.json", Reply(200, '{"type":{"key":"/type/redirect"},"location":"/works/OL2W"}')
    )
    server.on("/works/OL2W.json", Reply(200, msgspec.json.encode(work)))
    server.on("/authors/OL3A.json", Reply(200, '{"key":"/authors/OL3A","personal_name":"N"}'))
    server.on("/isbn/9780306406157.json", Reply(302, headers={"location": "/books/OL7M.json"}))
    server.on(
        "/books/OL7M.json",
        Reply(200, '{"key":"/books/OL7M","title":"E","works":[{"key":"/works/OL2W"}]}'),
        Reply(200, '{"key":"/books/OL7M","title":"E"}'),
    )
    async with library(server, outbound) as ol:
        moved = await ol.work("OL1W")
        assert moved is not None
        assert (moved.ref, moved.authors[0].name, moved.description) == ("OL2W", "N", "D")
        assert (moved.series[0].title, moved.series[0].position) == ("S", "2")
        by_isbn = await ol.by_isbn("0-306-40615-2")
        assert by_isbn == moved
        lonely = await ol.by_isbn("9780306406157")
        assert lonely is not None
        assert lonely.ref == "OL7M"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(429, "", {"retry-after": "7"}), RateLimited),
        (Reply(503, ""), Unavailable),
        (Reply(403, ""), Unauthorized),
        (Reply(200, "<html>"), Malformed),
        (Reply(200, "[]"), Malformed),
        (Reply(200, b"\xff\xfe"), Malformed),
    ],
)
async def test_failures(
    server: ScriptedServer, outbound: Outbound, reply: Reply, kind: type[OutsideError]
) -> None:
    server.on("*", reply)
    async with library(server, outbound) as ol:
        with pytest.raises(kind) as caught:
            await ol.search_works("x")
    if kind is RateLimited:
        assert getattr(caught.value, "retry_after_s", None) == 7


async def test_every_request_passes_the_gate(server: ScriptedServer, outbound: Outbound) -> None:
    passed: list[int] = []

    async def gate() -> None:
        passed.append(1)

    server.on("*", Reply(200, '{"entries": [], "docs": []}'))
    config = OpenLibraryConfig(base_url=server.url)
    async with OpenLibrary(config, outbound, gate) as ol:
        await ol.works("OL9A")
    assert len(passed) == len(server.requests) == 2


@pytest.mark.parametrize(
    ("given_", "title", "position", "ref"),
    [
        ("Dune Chronicles", "Dune Chronicles", "", "ol-series:dune-chronicles"),
        ("Wheel of Time, Book 1", "Wheel of Time", "1", "ol-series:wheel-of-time"),
        ("Harry Potter -- Book 3", "Harry Potter", "3", "ol-series:harry-potter"),
        ("A Series #1.5", "A Series", "1.5", "ol-series:a-series"),
        ("  The Dark Tower  #7  ", "The Dark Tower", "7", "ol-series:the-dark-tower"),
        ("三体", "三体", "", "ol-series:三体"),
        ("Hitchhiker's Guide", "Hitchhiker's Guide", "", "ol-series:hitchhiker-s-guide"),
    ],
)
def test_series(given_: str, title: str, position: str, ref: str) -> None:
    found = parse_series(given_)
    assert found is not None
    assert (found.title, found.position, found.ref) == (title, position, ref)


@pytest.mark.parametrize("given_", ["!!!", "---", "  "])
def test_no_series(given_: str) -> None:
    assert parse_series(given_) is None


@pytest.mark.parametrize(
    ("given_", "date"),
    [
        ("April 21, 2008", "2008-04-21"),
        ("21 January 1950", "1950-01-21"),
        ("Sept. 1999", "1999-09"),
        ("1997", "1997"),
        ("c1984.", "1984"),
        ("2001-02-30", "2001-02"),
        ("2001-13", "2001"),
        ("1990s", "1990"),
        ("unknown", ""),
    ],
)
def test_dates(given_: str, date: str) -> None:
    assert read_loose_date(given_) == date


def test_noise() -> None:
    assert is_noise("A Reader’s Guide to Dune")
    assert is_noise("x", ["Authors, biography"])
    assert not is_noise("My Life", ["Autobiography"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "value", "title", "author"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["key", "title", "name", "bio", "authors", "series", "covers", "photos", "isbn", "isbn_13", "languages", "subjects", "author_key", "author_name", "publish_date", "first_publish_year", "cover_i", "language", "physical_format", "remote_ids"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_json_is_read_without_an_exception(doc: dict[str, object]) -> None:
    for key in ("/works/OL1W", "/authors/OL1A", "/books/OL1M"):
        full = {"title": "t", "name": "n", **doc, "key": key}
        person_hit(full)
        person_record(full, COVERS)
        work_hit(full, COVERS)
        work_record(full, COVERS)
        edition_record(full, COVERS)
