"""Instants and calendar dates between the store and the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.moments import date_iso, date_precision, iso, parse_instant


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_709_287_200_000_000, "2024-03-01T10:00:00Z"),
        (1_709_287_200_250_000, "2024-03-01T10:00:00.25Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
    ],
)
def test_instant_is_written_as_rfc3339(us: int, text: str) -> None:
    assert iso(us) == text


@pytest.mark.parametrize(
    ("date", "wire", "precision"),
    [
        ("1989", "1989-01-01T00:00:00Z", "year"),
        ("1989-05", "1989-05-01T00:00:00Z", "month"),
        ("1989-05-17", "1989-05-17T00:00:00Z", "day"),
        ("", None, None),
        (None, None, None),
        ("1989-13", None, None),
        ("1989-02-30", None, None),
        ("May 1989", None, None),
    ],
)
def test_partial_date_keeps_its_precision(
    date: str | None, wire: str | None, precision: str | None
) -> None:
    assert date_iso(date) == wire
    assert date_precision(date) == precision


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_instant_survives_the_wire(us: int) -> None:
    assert parse_instant(iso(us)) == us


@pytest.mark.parametrize("text", ["", "2024", "2024-03-01T10:00:00", "yesterday"])
def test_text_without_zone_is_no_instant(text: str) -> None:
    assert parse_instant(text) is None
