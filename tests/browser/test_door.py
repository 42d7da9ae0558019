"""First run, sign-in and out, by hand and by keyboard alone."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Eyes
from tests.browser.running import NAME, PASSWORD, House

Contexts = Callable[..., BrowserContext]


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_first_run_then_sign_out_and_in(fresh: House, contexts: Contexts, eyes: Eyes) -> None:
    page = contexts().new_page()
    page.goto(f"{fresh.address}/queue")
    expect(page.get_by_role("heading", level=1)).to_have_text("A place for your books")

    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill("something else")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page.get_by_role("link", name="Add an indexer")).to_be_visible()

    page.get_by_role("button", name=NAME).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

    eyes.expect("status of 401")
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("password")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def test_a_link_to_a_page_survives_signing_in(empty: House, contexts: Contexts) -> None:
    page = contexts().new_page()
    page.goto(f"{empty.address}/history?type=grabbed")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    assert page.url == f"{empty.address}/history?type=grabbed"


def test_signing_in_and_searching_by_keyboard_alone(empty: House, contexts: Contexts) -> None:
    page = contexts().new_page()
    page.goto(empty.address)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type(NAME)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")

    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search books")).to_be_focused()
    page.keyboard.type("salt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Books")
    assert page.url == f"{empty.address}/books?q=salt"
