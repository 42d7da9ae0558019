"""Derived states of slots and books (architecture.md 6a, catalogue.md 3.1-3.3)."""

from typing import Any

import pytest

from bindery.domain.status import (
    SlotStatusFacts,
    book_status,
    is_searchable,
    media_type,
    slot_state,
)


def _ebook(**more: Any) -> SlotStatusFacts:
    return SlotStatusFacts(format="ebook", **more)


def _audio(**more: Any) -> SlotStatusFacts:
    return SlotStatusFacts(format="audiobook", **more)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (_ebook(), "missing"),
        (_ebook(skipped=True, has_file=True), "skipped"),
        (_ebook(has_file=True, download_state="grabbed"), "upgrading"),
        (_ebook(download_state="completed"), "importing"),
        (_ebook(download_state="importFailed"), "importing"),
        (_ebook(download_state="downloading"), "downloading"),
        (_ebook(has_file=True), "available"),
        (_ebook(has_file=True, download_state="imported"), "available"),
        (_ebook(pending=True), "pending"),
        (_ebook(download_state="failed"), "failed"),
        (_ebook(download_state="importBlocked", download_code="corrupt"), "failed"),
        (_ebook(download_state="importBlocked", download_code="disk-full"), "importing"),
    ],
)
def test_slot_states(facts: SlotStatusFacts, state: str) -> None:
    assert slot_state(facts) == state


@pytest.mark.parametrize(
    ("slots", "status"),
    [
        ([_ebook()], "wanted"),
        ([_ebook(has_file=True)], "imported"),
        ([_ebook(), _audio(wanted=False, has_file=True)], "wanted"),
        ([_ebook(wanted=False), _audio(has_file=True)], "imported"),
        ([_ebook(has_file=True), _audio()], "wanted"),
        ([_ebook(has_file=True), _audio(has_file=True)], "imported"),
        ([_ebook(download_state="grabbed")], "downloading"),
        ([_ebook(download_state="importHeld")], "downloaded"),
        ([_ebook(download_state="failed")], "wanted"),
        ([], "wanted"),
    ],
)
def test_book_status(slots: list[SlotStatusFacts], status: str) -> None:
    assert book_status(slots) == status
    assert book_status(slots, skipped=True) == "skipped"


def test_media_type_is_what_is_wanted() -> None:
    assert media_type([_ebook(), _audio()]) == "both"
    assert media_type([_ebook(), _audio(wanted=False)]) == "ebook"
    assert media_type([]) == ""


def test_a_running_ebook_does_not_stop_the_search_for_the_audiobook() -> None:
    busy, idle = _ebook(download_state="downloading"), _audio()
    assert not is_searchable(busy, monitored=True, excluded=False, skipped=False)
    assert is_searchable(idle, monitored=True, excluded=False, skipped=False)
    assert not is_searchable(idle, monitored=False, excluded=False, skipped=False)
