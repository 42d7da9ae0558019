"""Merging metadata: a diff, never a wipe (metadata.md 10.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.metadata_merge import Value, is_unknown, merge

ORDER = ("openlibrary", "hardcover")


def test_unknown_fields_are_filled_and_the_winner_is_kept() -> None:
    diff = merge({"title": ""}, {"openlibrary": {"title": "Dune", "language": ""}}, priority=ORDER)
    assert diff.values == {"title": "Dune"}
    assert diff.winners["title"] == "openlibrary"


def test_unknown_never_replaces_known() -> None:
    current: dict[str, Value] = {"title": "Dune", "genres": ("SF",), "pages": 400}
    diff = merge(current, {"openlibrary": {"title": " ", "genres": (), "pages": 0}}, priority=ORDER)
    assert diff.changes == ()


def test_locked_and_user_fields_stay() -> None:
    records = {"openlibrary": {"title": "X", "description": "much longer than before"}}
    diff = merge({"title": "Mine", "description": "d"}, records, ["title"], {"description": "user"})
    assert diff.changes == ()


def test_the_primary_wins_over_an_enricher() -> None:
    records = {"hardcover": {"title": "Wrong"}, "openlibrary": {"title": "Right"}}
    assert merge({}, records, priority=ORDER).values == {"title": "Right"}


def test_the_winner_may_update_its_own_value() -> None:
    diff = merge(
        {"title": "Old"}, {"openlibrary": {"title": "New"}}, winners={"title": "openlibrary"}
    )
    assert diff.values == {"title": "New"}


@pytest.mark.parametrize(
    ("ours", "theirs", "taken"),
    [
        ((4.0, 100), (0.0, 0), False),
        ((4.0, 50), (3.9, 500), True),
        ((4.0, 100), (4.1, 150), False),
        ((4.0, 100), (4.1, 200), True),
        ((4.0, 3), (4.9, 6), False),
    ],
)
def test_ratings_stay_a_pair(
    ours: tuple[float, int],
    theirs: tuple[float, int],
    taken: bool,
) -> None:
    current: dict[str, Value] = {"average_rating": ours[0], "ratings_count": ours[1]}
    records: dict[str, dict[str, Value]] = {
        "openlibrary": {},
        "hardcover": {"average_rating": theirs[0], "ratings_count": theirs[1]},
    }
    diff = merge(current, records, winners={"ratings_count": "openlibrary"}, priority=ORDER)
    expected = {"average_rating": theirs[0], "ratings_count": theirs[1]} if taken else {}
    assert diff.values == expected


VALUES = st.one_of(st.none(), st.text(max_size=5), st.integers(0, 99), st.just(()))
RECORDS = st.dictionaries(st.sampled_from("title description language ref".split()), VALUES)


@given(RECORDS, st.dictionaries(st.sampled_from(["a", "b", "user"]), RECORDS))
def test_no_change_ends_in_unknown(
    current: dict[str, Value], records: dict[str, dict[str, Value]]
) -> None:
    diff = merge(current, records, ["language"], priority=("a",))
    assert all(not is_unknown(change.after) for change in diff.changes)
    assert all(change.field != "language" for change in diff.changes)
