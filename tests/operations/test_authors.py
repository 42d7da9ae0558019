"""Merging provider records into the shared catalogue."""

from pathlib import Path

import pytest

from bindery.domain.catalogue import SeriesRef, WorkRecord
from bindery.domain.foreign_refs import is_replaceable, provider_of
from bindery.domain.picture_links import proxied, unwrapped
from bindery.operations.catalogue import TitleIndex, person_in, work_in
from bindery.store import attention, books, catalogue
from bindery.store.tx import Tx
from tests.kit.database import open_test_store
from tests.kit.fake_provider import person, work


@pytest.mark.parametrize(
    ("ref", "provider", "replaceable"),
    [
        ("OL1A", "openlibrary", False),
        ("hc:5", "hardcover", False),
        ("gb:x", "googlebooks", False),
        ("calibre:9", "calibre", True),
        ("abs:author-1", "audiobookshelf", True),
        ("", "", True),
        (None, "", True),
    ],
)
def test_the_prefix_names_the_provider(ref: str, provider: str, replaceable: bool) -> None:
    assert (provider_of(ref), is_replaceable(ref)) == (provider, replaceable)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://c.test/b/1 x.jpg?s=L", "/b/api/v1/images?url=https%3A%2F%2Fc.test%2Fb%2F1%20x.jpg%3Fs%3DL"),
        ("/own.jpg", "/own.jpg"),
        ("", ""),
    ],
)  # fmt: skip
def test_pictures_are_ours_on_the_wire(url: str, shown: str) -> None:
    assert proxied("/b", url) == shown
    assert unwrapped(shown) == url


async def test_a_record_is_stored_once_and_says_nothing_new_twice(tmp_path: Path) -> None:
    record = person(description="Wrote.", other_names=("A. Quill", "アダ"))

    def twice(tx: Tx) -> tuple[bool, bool, bool]:
        first = person_in(tx, record)
        again = person_in(tx, record)
        return first.new, again.new, again.changed

    async with open_test_store(tmp_path) as store:
        assert await store.write(twice) == (True, False, False)
        names = store.read(lambda r: r.values("SELECT name FROM person_name"))
    assert names == ["A. Quill"]


async def test_the_same_title_under_another_id_is_the_same_work(tmp_path: Path) -> None:
    def merge(tx: Tx) -> list[int]:
        writer = person_in(tx, person()).id
        index = TitleIndex(tx, writer)
        records: list[WorkRecord] = [
            work(1, "The Lantern Ledger", "2001"),
            work(2, "Lantern Ledger", "", description="Found later."),
            work(3, "The Lantern Ledger, Book 2", "2003"),
        ]
        return [work_in(tx, record, writer, index).id for record in records]

    async with open_test_store(tmp_path) as store:
        first, twin, second = await store.write(merge)
        row = store.read(lambda r: catalogue.find_work(r, first))
        refs = store.read(lambda r: catalogue.refs_of(r, "work", first))
    assert twin == first
    assert second != first
    assert row is not None
    assert (row.title, row.primary_ref, row.description) == (
        "The Lantern Ledger",
        "OL1W",
        "Found later.",
    )
    assert refs == ["OL1W", "OL2W"]


async def test_two_writers_and_a_series_are_kept(tmp_path: Path) -> None:
    record = work(
        1,
        "Lantern",
        authors=(person("OL2A", "Bo Reed"), person()),
        series=(SeriesRef(title="Lamps", position="1.5", ref="ol-series:lamps"),),
    )

    def merge(tx: Tx) -> int:
        return work_in(tx, record, person_in(tx, person()).id).id

    async with open_test_store(tmp_path) as store:
        work_id = await store.write(merge)
        persons = store.read(lambda r: books.contributors_of(r, 1, [work_id]))
        series = store.read(lambda r: books.series_of(r, [work_id]))
    assert [(p.name, p.position) for p in persons] == [("Bo Reed", 0), ("Ada Quill", 1)]
    assert [(s.title, s.position) for s in series] == [("Lamps", "1.5")]


async def test_an_id_that_stands_elsewhere_needs_a_person(tmp_path: Path) -> None:
    def merge(tx: Tx) -> None:
        writer = person_in(tx, person()).id
        for number in (1, 2):
            claims = (("goodreads", "77"),)
            work_in(tx, work(number, f"Title {number}", identifiers=claims), writer)

    async with open_test_store(tmp_path) as store:
        await store.write(merge)
        items = store.read(lambda r: attention.list_attention(r, (1,), 0))
    assert [item.code for item in items] == ["identity_conflict"]
