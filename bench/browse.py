"""One load of the app in Chromium, slowed down as a phone on a bad line.

python -m bench.browse <url> <cookies name=value;...> [plain]     (started by bench.ui)

Prints one JSON object: `first_rows_ms` from the start of the navigation, `requests`, `bytes`.
Playwright drives Chromium from an event loop of its own, so it has a process of its own.
"""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

LATENCY_MS, BYTES_PER_S, CPU = 150, 1_600_000 / 8, 4
SEEN = """() => {
  const found = document.querySelector('a[href*="/book/"]');
  return found && found.getBoundingClientRect().height > 0 ? performance.now() : 0;
}"""


def load(url: str, cookies: str, *, slow: bool = True) -> dict[str, float]:
    """Load a cold page and wait for the first book in it."""
    taken = {"requests": 0.0, "bytes": 0.0}
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 390, "height": 844})
        host = urlsplit(url).hostname or ""
        for cookie in cookies.split(";"):
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"}])
        page = context.new_page()
        cdp: Any = context.new_cdp_session(page)  # typed in part only
        cdp.send("Network.enable")

        def finished(event: dict[str, Any]) -> None:
            taken["requests"] += 1
            taken["bytes"] += event["encodedDataLength"]

        cdp.on("Network.loadingFinished", finished)
        if slow:
            cdp.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
            cdp.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": LATENCY_MS,
                    "downloadThroughput": BYTES_PER_S,
                    "uploadThroughput": BYTES_PER_S,
                },
            )
        page.goto(url, wait_until="commit")
        rows = page.wait_for_function(SEEN, polling="raf", timeout=30_000)
        taken["first_rows_ms"] = float(rows.json_value())
        browser.close()
    return taken


if __name__ == "__main__":
    print(json.dumps(load(sys.argv[1], sys.argv[2], slow="plain" not in sys.argv[3:])))
