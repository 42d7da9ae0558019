"""Every page and dialog: for axe in light and dark, on a phone, and for those who want no motion."""

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.running import House
from tests.fixtures_dir import ROOT

Contexts = Callable[..., BrowserContext]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOLLOW = """(path) => {
  const link = document.body.appendChild(document.createElement('a'));
  link.href = path;
  link.click();
  link.remove();
}"""
"""As a link would: a load of each page would open more sockets than a minute allows."""
PATHS = {
    "/": "Home",
    "/authors": "Authors",
    "/books": "Books",
    "/wanted": "Wanted",
    "/queue": "Queue",
    "/history": "History",
    "/blocklist": "Blocklist",
    "/health": "Health",
    "/settings/general": "Settings",
    "/settings/indexers": "Settings",
    "/settings/clients": "Settings",
    "/settings/roots": "Settings",
    "/nowhere": "There is no such page",
}


def settled(page: Page) -> None:
    """Live and drawn: nothing on the page waits for its first data."""
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    page.wait_for_load_state("networkidle")


def complaints(page: Page) -> list[str]:
    """What axe finds wrong, in light and in dark."""
    found: list[str] = []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        result = cast(
            "dict[str, Any]",
            page.evaluate(
                "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
            ),
        )
        for violation in result["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{scheme} {page.url} {violation['id']}: {violation['help']} {nodes}")
    return found


def visit(page: Page, house: House, path: str, heading: str) -> None:
    if page.url.startswith(house.address):
        page.evaluate(FOLLOW, path)
    else:
        page.goto(house.address + path)
    first = page.get_by_role("heading", level=1)
    expect(first).to_have_text(re.compile(rf"^{re.escape(heading)}( \d+ .*)?$"))
    settled(page)


def book_paths(house: House) -> dict[str, str]:
    book = house.book("The Lantern Ledger")
    tabs = {f"/book/{book['id']}?tab={tab}": book["title"] for tab in ("files", "history")}
    return {
        f"/author/{book['authorId']}": "Ingrid Halvorsen",
        f"/book/{book['id']}": book["title"],
        f"/book/{book['id']}?tab=releases": book["title"],
        **tabs,
    }


def test_axe_finds_nothing_in_an_empty_house(empty: House, contexts: Contexts) -> None:
    page = contexts(empty).new_page()
    found: list[str] = []
    for path, heading in PATHS.items():
        visit(page, empty, path, heading)
        found += complaints(page)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_a_house_in_use(usual: House, contexts: Contexts) -> None:
    page = contexts(usual).new_page()
    found: list[str] = []
    for path, heading in {**PATHS, **book_paths(usual)}.items():
        visit(page, usual, path, heading)
        found += complaints(page)
    other = usual.book("Weather for Beginners")
    visit(page, usual, f"/book/{other['id']}?tab=releases&go=1", other["title"])
    expect(page.get_by_role("button", name=re.compile("^Grab")).first).to_be_visible()
    found += complaints(page)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_at_the_door(fresh: House, contexts: Contexts) -> None:
    page = contexts().new_page()
    page.goto(fresh.address)
    expect(page.get_by_role("heading", level=1)).to_have_text("A place for your books")
    found = complaints(page)
    fresh.first_run()
    page.goto(f"{fresh.address}/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    found += complaints(page)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_dialogs_and_menus(usual: House, contexts: Contexts) -> None:
    page = contexts(usual).new_page()
    found: list[str] = []

    def judge() -> None:
        expect(page.get_by_role("dialog")).to_be_visible()
        found.extend(complaints(page))
        page.keyboard.press("Escape")

    visit(page, usual, "/authors?add=1", "Authors")
    page.get_by_role("dialog").get_by_label("Name").fill("Okereke")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add Tobias Okereke").click()
    judge()
    visit(page, usual, "/settings/indexers", "Settings")
    page.get_by_role("button", name="Add indexer").click()
    judge()
    visit(page, usual, "/settings/clients", "Settings")
    page.get_by_role("button", name="Add download client").click()
    judge()
    visit(page, usual, "/settings/general", "Settings")
    page.get_by_role("button", name="Make a new key").click()
    judge()
    for tab, name in (("indexers", "Free Shelf"), ("clients", "Built-in downloader")):
        visit(page, usual, f"/settings/{tab}", "Settings")
        page.get_by_role("button", name=f"More actions: {name}").click()
        page.get_by_role("menuitem", name="Delete").click()
        judge()
    visit(page, usual, "/settings/roots", "Settings")
    page.get_by_role("button", name=re.compile("^Delete")).click()
    judge()
    other = usual.book("Salt on the Stairs")
    visit(page, usual, f"/author/{other['authorId']}", "Ingrid Halvorsen")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Remove author").click()
    judge()
    visit(page, usual, f"/book/{other['id']}", other["title"])
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Remove book").click()
    judge()
    visit(page, usual, f"/book/{other['id']}?tab=releases&go=1", other["title"])
    page.get_by_role("button", name=re.compile("^Grab anyway")).first.click()
    judge()
    visit(page, usual, "/", "Home")
    page.get_by_role("button", name="Live", exact=True).click()
    judge()
    page.get_by_role("button", name="keeper").click()
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
    found += complaints(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [320, PHONE[0]])
def test_no_page_is_wider_than_a_phone(usual: House, contexts: Contexts, width: int) -> None:
    page = contexts(usual, size=(width, 700), has_touch=True, is_mobile=True).new_page()
    wide: list[str] = []
    for path, heading in {**PATHS, **book_paths(usual)}.items():
        visit(page, usual, path, heading)
        inner = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if inner[0] > inner[1]:
            wide.append(f"{path}: {inner[0]} > {inner[1]}")
    assert not wide, "\n".join(wide)
    page.goto(usual.address)
    page.get_by_role("button", name="More", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found = complaints(page)
    assert not found, "\n".join(found)
    page.get_by_role("dialog").get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")


def test_who_wants_no_motion_gets_none(usual: House, contexts: Contexts) -> None:
    page = contexts(usual, reduced_motion="reduce").new_page()
    for path in ("/", "/queue", "/books"):
        visit(page, usual, path, PATHS[path])
        moving = page.evaluate(
            "document.getAnimations().filter((a) => a.effect.getComputedTiming().duration > 1)"
            ".map((a) => a.effect.target.className)"
        )
        assert moving == [], path
