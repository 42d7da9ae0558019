"""Descriptions without markup, and the media types of the shelf."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.media_types import BYTES, extension_of, media_type
from bindery.domain.plain_text import MAX_LENGTH, plain_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>One<br>two</p><p>three &reg;</p><div>four</div>", "One\ntwo\n\nthree ®\n\nfour"),
        ("plain &amp; simple", "plain & simple"),
        ("a <b>bold</b>  <i class='x'>word</i>", "a bold word"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<script>alert(1)</script>x", "alert(1)x"),
        ("&lt;b&gt;", "<b>"),
        ("", ""),
    ],
)
def test_markup_is_gone_and_paragraphs_stay(text: str, expected: str) -> None:
    assert plain_text(text) == expected


@given(st.text(alphabet="<>/abp &;\n", max_size=200))
def test_no_tag_and_no_run_of_empty_lines_is_left(text: str) -> None:
    found = plain_text(text.replace("&", ""))
    assert "\n\n\n" not in found
    assert "<p>" not in found


@pytest.mark.parametrize("piece", ["<", "<p", "<br ", "</", "&#", "<a <", " \t"])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    started = time.perf_counter()
    plain_text(piece * MAX_LENGTH)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/B.EPUB", "application/epub+zip"),
        ("x.kepub.epub", "application/kepub+zip"),
        ("x.azw3", "application/vnd.amazon.mobi8-ebook"),
        ("x.m4b", "audio/mp4"),
        ("x.html", BYTES),
        ("x.svg", BYTES),
        ("epub", BYTES),
        ("", BYTES),
    ],
)
def test_types_by_extension(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_an_extension_belongs_to_the_name_not_the_folder() -> None:
    assert (extension_of("a.b/c"), extension_of("a.b/c.PDF")) == ("", "pdf")
