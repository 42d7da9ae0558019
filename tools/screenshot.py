"""Draw the picture of the README: a real queue at work, in a browser, against the demo world.

.venv/bin/python tools/screenshot.py        writes docs/images/queue.png
"""

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bindery.demo.world import world_in_thread  # noqa: E402 - the path comes first
from tests.browser.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.browser.running import NAME, PASSWORD, House, open_house  # noqa: E402

PARALLEL = 2
"""Of so many the built-in downloader fetches one host's files at a time."""
LEFT = re.compile(r"\bleft\b")
PICTURE = ROOT / "docs" / "images" / "queue.png"
WIDTH, HEIGHT = 1440, 810
BYTES_PER_S = 900_000
SHELVED = ("Weather for Beginners", "Letters to a Spring")
MOVING = (("A Harbour in Pencil", 16), ("The Apprentice Tide", 24), ("Notes on Moss and Iron", 9))
"""Titles of works that are made for the picture, and how many megabytes their files have."""


def sign_in(page: Page, house: House) -> None:
    page.goto(f"{house.address}/queue")
    page.get_by_label("User name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def main() -> int:
    PICTURE.parent.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        world_in_thread() as world,
        open_house(Path(folder, "data"), world.world) as house,
        sync_playwright() as playwright,
    ):
        for author, (title, size) in zip(world.world.authors, MOVING, strict=True):
            add = partial(world.world.add_work, author, title, padding=size * 1_000_000)
            world.call(add)
        house.first_run()
        house.furnish()
        for author in world.world.authors:
            house.follow(author.name)
        for title in SHELVED:
            house.get(title)
        world.world.bucket.rate = BYTES_PER_S
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
        sign_in(page, house)
        for title, _ in MOVING:
            house.grab(title)
        expect(page.get_by_text(LEFT)).to_have_count(PARALLEL, timeout=30_000)
        page.wait_for_timeout(3_000)
        page.screenshot(path=PICTURE)
        browser.close()
        world.world.bucket.rate = None
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
