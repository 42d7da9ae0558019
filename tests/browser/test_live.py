"""The live connection as the person sees it (ui.md 7.7); docs/live.md says what tests the rest."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Eyes
from tests.browser.running import House

Contexts = Callable[..., BrowserContext]


def test_numbers_in_the_navigation_move_without_a_question(own: House, contexts: Contexts) -> None:
    page = contexts(own).new_page()
    page.goto(f"{own.address}/health")
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="importer")).to_contain_text("Running")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    own.follow("Tobias Okereke")

    expect(page.get_by_role("link", name="Wanted 4")).to_be_visible()
    assert asked == [], "no polling while the socket lives"


def test_the_dialog_brings_an_ended_session_back(
    own: House, contexts: Contexts, eyes: Eyes
) -> None:
    context = contexts(own)
    page = context.new_page()
    page.goto(f"{own.address}/history")
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    eyes.expect("status of 401|WebSocket connection")
    context.clear_cookies()
    page.get_by_role("link", name="Blocklist").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session ended")
    dialog.get_by_label("User name").fill("keeper")
    dialog.get_by_label("Password", exact=True).fill("correct horse battery")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Blocklist")
    expect(page.get_by_text("No release is blocked")).to_be_visible()
