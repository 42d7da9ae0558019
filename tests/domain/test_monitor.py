"""Monitor modes (catalogue.md 3.4)."""

import pytest

from bindery.domain.monitor import Mode, MonitorRule, MonitorWork, discovers, monitored

WORKS = [
    MonitorWork(id=1, title="Old", released="2001-01-01", has_file=True),
    MonitorWork(id=2, title="Mid", released="2015", series=frozenset({"s"})),
    MonitorWork(id=3, title="Future", released="2031-05-01"),
    MonitorWork(id=4, title="Undated"),
    MonitorWork(id=5, title="Shut", released="2032", excluded=True),
]


def _chosen(mode: Mode, **more: object) -> set[int]:
    rule = MonitorRule(mode=mode, today="2026-01-15", **more)  # pyright: ignore[reportArgumentType]
    return {number for number, yes in monitored(WORKS, rule).items() if yes}


@pytest.mark.parametrize(
    ("mode", "chosen"),
    [
        ("all", {1, 2, 3, 4}),
        ("none", set()),
        ("future", {3}),
        ("missing", {2, 3, 4}),
        ("existing", {1}),
        ("first", {1}),
        ("standalone", {1, 3, 4}),
    ],
)
def test_modes(mode: Mode, chosen: set[int]) -> None:
    assert _chosen(mode) == chosen


def test_latest_takes_the_newest_dated_titles() -> None:
    assert _chosen("latest", latest=2) == {2, 3}


def test_series_takes_the_pinned_ones() -> None:
    assert _chosen("series", pinned=frozenset({"s"})) == {2}


def test_an_unmonitored_author_monitors_nothing() -> None:
    assert _chosen("all", author_monitored=False) == set()


def test_latest_counts_allowed_languages_and_each_title_once() -> None:
    works = [
        MonitorWork(id=1, title="Neu", released="2025", language="de"),
        MonitorWork(id=2, title="New", released="2024", language="en"),
        MonitorWork(id=3, title="New [Unabridged]", released="2023", language="en"),
        MonitorWork(id=4, title="Older", released="2020", language="en"),
    ]
    rule = MonitorRule(mode="latest", today="2026-01-01", latest=2, allowed_languages=("en",))
    assert {n for n, yes in monitored(works, rule).items() if yes} == {2, 3, 4}


def test_a_refresh_discovers_only_when_told() -> None:
    assert discovers(new_items="none", populated=False, author_monitored=False, first_sync=True)
    assert not discovers(new_items="none", populated=True, author_monitored=True, first_sync=False)
    assert discovers(new_items="all", populated=True, author_monitored=True, first_sync=False)
    assert not discovers(new_items="all", populated=True, author_monitored=False, first_sync=False)
