"""The stop fits into ten seconds by its constants (architecture.md 11)."""

import dataclasses

import pytest

from bindery import service
from bindery.service import actors
from bindery.service.actors import RHYTHMS, STOP_BUDGET_S


def test_stages_together_end_before_the_guard() -> None:
    stages = service.HTTP_BUDGET_S + service.ACTORS_BUDGET_S + service.STORE_BUDGET_S
    assert stages < service.GUARD_S < 10


def test_every_tier_has_a_budget_and_all_are_stage_two() -> None:
    tiers = {value for name, value in vars(actors).items() if name.startswith("TIER_")}
    assert tiers == STOP_BUDGET_S.keys()
    assert pytest.approx(5.0) == service.ACTORS_BUDGET_S


def test_every_rhythm_is_either_an_interval_or_a_time_of_day() -> None:
    for rhythm in RHYTHMS:
        assert (rhythm.every_s is None) != (rhythm.local_time is None), dataclasses.asdict(rhythm)
    assert len({rhythm.kind for rhythm in RHYTHMS}) == len(RHYTHMS)
