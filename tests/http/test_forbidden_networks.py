"""Addresses that a person may not configure, on every route that takes one (security rulings)."""

from pathlib import Path
from typing import Any

import pytest

from tests.http.world import open_app

INDEXER = {"name": "feed", "type": "torznab", "apiKey": "canary-key"}
TARGET = {"name": "hook", "type": "webhook"}
CLIENT = {"name": "qbit", "type": "qbittorrent", "port": 8080}
ROUTES = (
    ("/api/v1/indexer", INDEXER),
    ("/api/v1/indexer/test", INDEXER),
    ("/api/v1/notification", TARGET),
    ("/api/v1/notification/test", TARGET),
)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",  # cloud metadata
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://224.0.0.1/",
        "http://2852039166/",  # 169.254.169.254 as one number
        "http://[::ffff:169.254.169.254]/",
        "http://metadata.google.internal/",
        "file:///etc/passwd",
        "gopher://nas/",
        "ftp://nas/",
        "javascript:alert(1)",
        "http://",
        "//nas/",
        "not an address",
        "http://nas:99999/",
        "http://na s/",
    ],
)
@pytest.mark.parametrize(("path", "body"), ROUTES)
async def test_forbidden_addresses_are_refused_with_their_field(
    tmp_path: Path, path: str, body: dict[str, Any], url: str
) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.key("POST", path, json={**body, "url": url})
        found = await answer.get_json()
    assert (answer.status_code, found["code"], found["field"]) == (400, "url_not_allowed", "url")
    assert "canary-key" not in str(found)


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]", "a b"])
@pytest.mark.parametrize("path", ["/api/v1/downloadclient", "/api/v1/downloadclient/test"])
async def test_forbidden_hosts_of_clients_are_refused(tmp_path: Path, path: str, host: str) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.key("POST", path, json={**CLIENT, "host": host})
        found = await answer.get_json()
    assert (answer.status_code, found["code"], found["field"]) == (400, "url_not_allowed", "host")
