"""One Chromium for the session, a new context per test, and eyes on everything it does.

A page may speak to 127.0.0.1 only, must not log an error, and must not break the Content Security
Policy. A test that provokes an error says which (`eyes.expect`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, sync_playwright

from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.browser.running import NAME, PASSWORD, House, open_house

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-dev-shm-usage",
    "--disable-component-update",
]
DESKTOP, PHONE = (1440, 900), (390, 844)
VIOLATIONS = """document.addEventListener('securitypolicyviolation', (event) => {
  console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI);
});"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Eyes:
    """What the pages of one test did that no page should."""

    errors: list[str] = field(default_factory=list[str])
    outside: list[str] = field(default_factory=list[str])
    expected: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]])

    def expect(self, pattern: str) -> None:
        """This test provokes console errors that match."""
        self.expected.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        context.on("request", lambda request: self._asked(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.outside.append(url)

    def judge(self) -> None:
        """Fails the test for what was seen and not expected."""
        bad = [e for e in self.errors if not any(p.search(e) for p in self.expected)]
        assert not bad, "the console says:\n" + "\n".join(bad)
        assert not self.outside, f"asked the outside: {self.outside}"


@pytest.fixture(scope="session")
def world() -> Iterator[ThreadedWorld]:
    with world_in_thread() as threaded:
        yield threaded


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def eyes() -> Iterator[Eyes]:
    """Judged at the end of every test that opens a page."""
    eyes = Eyes()
    yield eyes
    eyes.judge()


OpenContext = Callable[..., BrowserContext]


@pytest.fixture
def contexts(browser: Browser, eyes: Eyes) -> Iterator[OpenContext]:
    """Makes a context: `contexts(house, size=PHONE, color_scheme="dark")`.

    With a house it is signed in there, without one it is a stranger.
    """
    opened: list[BrowserContext] = []

    def make(
        house: House | None = None, size: tuple[int, int] = DESKTOP, **options: Any
    ) -> BrowserContext:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="en-GB", **options
        )
        context.set_default_timeout(15_000)
        eyes.watch(context)
        opened.append(context)
        if house is not None:
            answer = context.request.post(
                f"{house.address}/api/v1/auth/login",
                data={"username": NAME, "password": PASSWORD, "rememberMe": True},
            )
            assert answer.ok, answer.text()
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def empty(world: ThreadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house right after the first run."""
    with open_house(tmp_path_factory.mktemp("empty") / "data", world.world) as house:
        house.first_run()
        yield house


@pytest.fixture(scope="session")
def usual(world: ThreadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in use: an author, books wanted, one on the shelf. Tests only look at it."""
    with open_house(tmp_path_factory.mktemp("usual") / "data", world.world) as house:
        house.first_run()
        house.furnish()
        house.follow("Ingrid Halvorsen")
        house.get("The Lantern Ledger")
        yield house


@pytest.fixture
def fresh(world: ThreadedWorld, tmp_path: Path) -> Iterator[House]:
    """A house that nobody has entered yet."""
    with open_house(tmp_path / "data", world.world) as house:
        yield house


@pytest.fixture
def own(fresh: House) -> House:
    """A furnished house of this test alone, to be restarted and broken. Ask for it first."""
    fresh.first_run()
    fresh.furnish()
    return fresh
