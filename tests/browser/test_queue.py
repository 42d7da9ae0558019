"""What a person does to a row of the queue: grab against a rule, take it off, import it again."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from bindery.demo.knobs import Knobs
from bindery.demo.world import ThreadedWorld
from tests.browser.running import House
from tests.browser.test_pages import complaints
from tests.browser.test_wish import LIVE_S, STALL_AT, queue_page, row_of

Contexts = Callable[..., BrowserContext]
TITLE = "The Lantern Ledger"


@pytest.fixture
def stalling(world: ThreadedWorld) -> Iterator[Knobs]:
    """The OPDS face: the next book stops after `stall_at` bytes until the gate is opened."""
    knobs = world.world.opds.knobs
    yield knobs
    knobs.reset()


def test_a_grab_against_the_rules_is_asked_for_and_taken_off_again(
    own: House, contexts: Contexts, stalling: Knobs
) -> None:
    own.follow("Ingrid Halvorsen")
    stalling.stall_at = STALL_AT
    own.grab(TITLE)
    taken = own.ok("GET", "/api/v1/queue")["items"][0]["id"]
    own.ok("DELETE", f"/api/v1/queue/{taken}?deleteFiles=true&blocklist=true")
    stalling.reset()
    context = contexts(own)
    page = context.new_page()
    page.goto(f"{own.address}/book/{own.book(TITLE)['id']}?tab=releases&go=1")
    release = page.get_by_role("listitem").filter(has_text=f"Ingrid Halvorsen - {TITLE} [EPUB]")
    stalling.stall_at = STALL_AT
    release.get_by_role("button", name=re.compile("^Grab anyway")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).not_to_have_count(0)
    found = complaints(page)
    dialog.get_by_role("button", name="Grab anyway").click()
    expect(dialog).to_have_count(0)
    expect(release.get_by_text("Grabbed", exact=True)).to_be_visible()
    told = own.ok("GET", "/api/v1/history", params={"eventType": "grabbed", "limit": 1})
    assert told["items"][0]["details"]["override"] == ["blocklisted"]

    page.goto(f"{own.address}/queue")
    other = context.new_page()
    other.goto(f"{own.address}/queue")
    row = row_of(page).filter(has_text="Downloading")
    expect(row).to_have_count(1, timeout=LIVE_S)
    row.get_by_role("button", name=f"Remove: {TITLE}").click()
    dialog.get_by_label("Also delete the downloaded data").check()
    dialog.get_by_label("Stop monitoring the book").check()
    found += complaints(page)
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog).to_have_count(0)
    for tab in (page, other):
        expect(row_of(tab).filter(has_text="Downloading")).to_have_count(0)
        expect(tab.get_by_text("Nothing is on its way")).to_be_visible()
    assert own.book(TITLE)["monitored"] is False
    assert own.book(TITLE)["status"] == "wanted"
    assert not found, "\n".join(found)


def test_an_import_that_failed_is_tried_again_by_hand(
    own: House, contexts: Contexts, stalling: Knobs
) -> None:
    own.follow("Ingrid Halvorsen")
    shelf = own.data.parent / f"{own.data.name}-books"
    away = shelf.with_name("unmounted")
    page = queue_page(contexts(own), own)
    stalling.stall_at = STALL_AT
    own.grab(TITLE)
    expect(row_of(page)).to_contain_text("Downloading", timeout=LIVE_S)
    shelf.rename(away)
    stalling.gate.open()
    expect(page.get_by_role("heading", name="Needs you 1")).to_be_visible(timeout=LIVE_S)
    expect(row_of(page)).to_contain_text("is not mounted")
    assert not complaints(page)

    away.rename(shelf)
    row_of(page).get_by_role("button", name="Import again").click()
    expect(page.get_by_role("heading", name="On the shelf 1")).to_be_visible(timeout=LIVE_S)
    expect(row_of(page)).to_have_count(1)
    assert page.evaluate("window.sameDocument") is True, "the page was loaded anew"
