"""Adding an author, and the settings with their Test buttons, good and bad."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from bindery.demo.world import ThreadedWorld
from tests.browser.conftest import Eyes
from tests.browser.running import House

Contexts = Callable[..., BrowserContext]


def fill(page: Page, **fields: str) -> None:
    form = page.get_by_role("dialog")
    for label, text in fields.items():
        form.get_by_label(label.replace("_", " "), exact=True).fill(text)


def test_an_author_is_found_added_and_synced_live(own: House, contexts: Contexts) -> None:
    page = contexts(own).new_page()
    page.goto(f"{own.address}/authors")
    page.get_by_role("button", name="Add author").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Okereke")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("Tobias Okereke").first).to_be_visible()
    dialog.get_by_role("button", name="Add Tobias Okereke").click()
    dialog.get_by_label("Which books to want").select_option("all")
    dialog.get_by_label("Search for the wanted books at once").uncheck()
    dialog.get_by_role("button", name="Add Tobias Okereke").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Tobias Okereke")
    expect(page.get_by_role("link", name="The Second Hand")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Search 4 wanted")).to_be_enabled()

    page.get_by_role("link", name="Add author").click()
    dialog.get_by_label("Name").fill("Okereke")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="In your library")).to_be_visible()


def test_an_indexer_is_tested_before_and_after_saving(
    fresh: House, contexts: Contexts, world: ThreadedWorld
) -> None:
    fresh.first_run()
    page = contexts(fresh).new_page()
    page.goto(f"{fresh.address}/settings/indexers")
    page.get_by_role("button", name="Add indexer").click()
    dialog = page.get_by_role("dialog")
    fill(page, Name="Harbour", Address=world.world.torznab_url, API_key="wrong")
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_role("status")).to_contain_text("The indexer refuses the API key")
    expect(dialog.get_by_role("status")).to_be_in_viewport()
    fill(page, API_key=world.world.api_key)
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_role("status")).to_contain_text("It answers in")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)

    expect(page.get_by_role("heading", name="Harbour")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Test")).click()
    expect(page.get_by_text("It answers in")).to_be_visible()
    # The key does not come back: an edit is tested with the stored one.
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Edit").click()
    expect(dialog.get_by_label("API key", exact=True)).to_have_value("")
    fill(page, Priority="7")
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_role("status")).to_contain_text("It answers in")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert fresh.ok("GET", "/api/v1/indexer")[0]["priority"] == 7


def test_a_client_is_tested_and_a_bad_one_says_why(
    fresh: House, contexts: Contexts, eyes: Eyes
) -> None:
    fresh.first_run()
    page = contexts(fresh).new_page()
    page.goto(f"{fresh.address}/settings/clients")
    page.get_by_role("button", name=re.compile("^Test")).click()
    expect(page.get_by_text("is visible from here")).to_be_visible()

    page.get_by_role("button", name="Add download client").click()
    dialog = page.get_by_role("dialog")
    fill(page, Name="qBittorrent", Host="127.0.0.1", Port="1")
    eyes.expect(r"status of (4|5)\d\d")
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_role("status")).to_contain_text("No connection")
    expect(dialog.get_by_role("status")).to_contain_text("In a container")


def test_a_bad_root_folder_is_refused_in_place(
    fresh: House, contexts: Contexts, eyes: Eyes
) -> None:
    fresh.first_run()
    shelf = fresh.data.parent / "shelf"
    shelf.mkdir()
    page = contexts(fresh).new_page()
    page.goto(f"{fresh.address}/settings/roots")
    field = page.get_by_label("Path on the server")
    eyes.expect(r"status of 4\d\d")
    field.fill(str(shelf / "missing"))
    page.get_by_role("button", name="Add root folder").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(str(shelf))
    page.get_by_role("button", name="Add root folder").click()
    expect(page.get_by_text(" free of ")).to_be_visible()


def test_two_tabs_agree_about_the_configuration(own: House, contexts: Contexts) -> None:
    context = contexts(own)
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.goto(f"{own.address}/settings/indexers")
        expect(tab.get_by_role("heading", name="Free Shelf")).to_be_visible()
    enabled = first.get_by_role("switch", name="Enabled: Free Shelf")
    enabled.uncheck()
    expect(second.get_by_role("switch", name="Enabled: Free Shelf")).not_to_be_checked()
