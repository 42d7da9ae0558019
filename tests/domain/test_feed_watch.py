"""What is new in a feed, and the names that a release may be wanted under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.feed_watch import REMEMBERED, fitting, names_of, news
from bindery.domain.offers import Release, Transport
from bindery.domain.wanted import WantedWork


def _release(title: str) -> Release:
    return Release(guid=title, title=title, transport=Transport.TORRENT, link="x:")


def _feed(*titles: str) -> list[Release]:
    return [_release(title) for title in titles]


def test_the_first_look_takes_the_position_only() -> None:
    told = news(_feed("a", "b"), ())
    assert (told.fresh, told.gap, len(told.seen)) == ((), False, 2)


def test_what_was_not_there_is_news() -> None:
    seen = news(_feed("b", "c"), ()).seen
    told = news(_feed("a", "b", "c"), seen)
    assert [release.title for release in told.fresh] == ["a"]
    assert not told.gap


def test_a_page_without_anything_known_is_a_gap() -> None:
    seen = news(_feed("b", "c"), ()).seen
    assert news(_feed("x", "y"), seen).gap
    assert not news([], seen).gap


def test_an_empty_answer_forgets_nothing() -> None:
    seen = news(_feed("b", "c"), ()).seen
    assert news([], seen).seen == seen


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=8))
def test_nothing_is_news_twice_while_it_is_remembered(looks: list[list[str]]) -> None:
    seen: tuple[str, ...] = ()
    told: list[str] = []
    for look in looks:
        found = news(_feed(*look), seen)
        told += [release.title for release in found.fresh]
        seen = found.seen
        assert len(seen) <= REMEMBERED
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("title", "person", "name"),
    [
        ("Ada Quill - [Harbour 02] - The Lamp Room (epub)", "ada quill", "the lamp room"),
        ("Ada.Quill.The.Lamp.Room.2021.RETAIL.EPUB-GRP", "ada quill", "the lamp room"),
        ("The Lamp Room by Quill, Ada [ENG / EPUB]", "ada quill", "the lamp room"),
        ("Jo Nesbø - Snømannen epub", "jo nesbo", "snomannen"),
    ],
)
def test_names_in_a_release(title: str, person: str, name: str) -> None:
    found = names_of(_release(title))
    assert person in found.people
    assert name in found.titles


@given(st.text())
def test_any_name_gives_a_bounded_number(title: str) -> None:
    found = names_of(_release(title))
    assert len(found.people) + len(found.titles) < 800


def test_only_what_certainly_is_the_book_fits() -> None:
    works = [
        (1, WantedWork(title="The Lamp Room", authors=("Ada Quill",))),
        (2, WantedWork(title="The Lamp", authors=("Ada Quill",))),
    ]
    assert fitting(works, [_release("Ada Quill - The Lamp Room epub")]) == [1]
