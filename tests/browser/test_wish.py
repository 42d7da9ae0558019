"""One wish followed in the browser: from the grab to the shelf, without a reload."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from bindery.demo.knobs import Knobs
from bindery.demo.world import ThreadedWorld
from tests.browser.conftest import Eyes
from tests.browser.running import House

Contexts = Callable[..., BrowserContext]
TITLE = "The Lantern Ledger"
STALL_AT = 600_000
LIVE_S, POLLED_S = 15_000, 25_000
RESTART_NOISE = r"WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_SOCKET"
"""Chromium itself writes these while nobody listens; no script can keep them back."""


@pytest.fixture
def stalling(world: ThreadedWorld) -> Iterator[Knobs]:
    """The OPDS face: the next book stops after `STALL_AT` bytes until the gate is opened."""
    knobs = world.world.opds.knobs
    yield knobs
    knobs.reset()


def queue_page(context: BrowserContext, house: House) -> Page:
    page = context.new_page()
    page.goto(f"{house.address}/queue")
    expect(page.get_by_text("Nothing is on its way")).to_be_visible()
    # A reload would lose this.
    page.evaluate("window.sameDocument = true")
    return page


def grab(context: BrowserContext, house: House, title: str = TITLE) -> Page:
    """From the book's page, by an interactive search whose verdicts stream in."""
    page = context.new_page()
    page.goto(f"{house.address}/book/{house.book(title)['id']}")
    page.get_by_role("link", name="Search releases").click()
    best = page.get_by_role("listitem").filter(has_text="Would be grabbed")
    expect(best).to_have_count(1)
    expect(page.get_by_text("Free Shelf: 1 in")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Grab (?!anyway)")).click()
    expect(best.get_by_text("Grabbed", exact=True)).to_be_visible()
    return page


def row_of(page: Page, title: str = TITLE) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("link", name=title))


def banner_of(page: Page) -> Locator:
    return page.get_by_text("The live connection is blocked", exact=False)


def no_reload(page: Page) -> None:
    assert page.evaluate("window.sameDocument") is True, "the page was loaded anew"


def test_a_row_moves_from_grab_to_shelf_in_two_tabs_over_a_restart(
    own: House, contexts: Contexts, eyes: Eyes, stalling: Knobs
) -> None:
    own.follow("Ingrid Halvorsen")
    context = contexts(own)
    tabs = [queue_page(context, own), queue_page(context, own)]

    stalling.stall_at = STALL_AT
    book = grab(context, own)
    for tab in tabs:
        expect(row_of(tab)).to_contain_text("Downloading", timeout=LIVE_S)
        expect(row_of(tab)).to_contain_text(re.compile(r"\b[1-9]\d? %"), timeout=LIVE_S)
        expect(tab.get_by_role("heading", name="On its way 1")).to_be_visible()

    eyes.expect(RESTART_NOISE)
    own.restart()
    for tab in tabs:
        expect(tab.get_by_role("button", name="Live", exact=True)).to_be_visible(timeout=LIVE_S)
        expect(row_of(tab)).to_have_count(1)
        no_reload(tab)

    stalling.gate.open()
    for tab in tabs:
        expect(tab.get_by_role("heading", name="On the shelf 1")).to_be_visible(timeout=LIVE_S)
        expect(row_of(tab)).to_have_count(1)
        no_reload(tab)
    expect(book.get_by_text("On the shelf")).to_be_visible()
    book.get_by_role("link", name="Files").click()
    with book.expect_download() as download:
        book.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".epub")


def test_polling_carries_the_row_in_two_tabs_over_a_restart(
    own: House, contexts: Contexts, eyes: Eyes, stalling: Knobs
) -> None:
    own.follow("Ingrid Halvorsen")
    context = contexts(own)
    # A proxy that does not pass upgrades: the connection ends before it begins.
    eyes.expect(r"WebSocket")
    context.add_init_script(
        """window.WebSocket = class extends WebSocket {
          constructor(url, protocol) { super(String(url).replace('/live', '/health'), protocol); }
        };"""
    )
    tabs = [queue_page(context, own), queue_page(context, own)]
    for tab in tabs:
        expect(banner_of(tab)).to_be_visible(timeout=LIVE_S)
        expect(banner_of(tab)).to_have_count(1)
        tab.get_by_role("button", name="Dismiss").click()

    stalling.stall_at = STALL_AT
    book = grab(context, own)
    for tab in tabs:
        expect(row_of(tab)).to_contain_text("Downloading", timeout=POLLED_S)

    eyes.expect(RESTART_NOISE)
    own.restart()
    stalling.gate.open()
    for tab in tabs:
        expect(tab.get_by_role("heading", name="On the shelf 1")).to_be_visible(timeout=POLLED_S)
        expect(row_of(tab)).to_have_count(1)
        expect(banner_of(tab)).to_have_count(0)
        no_reload(tab)
    expect(book.get_by_text("On the shelf")).to_be_visible(timeout=POLLED_S)
