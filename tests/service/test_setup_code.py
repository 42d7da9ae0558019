"""The code that a first visitor from elsewhere needs (security-rulings.md 4 and 10)."""

import socket
from pathlib import Path
from typing import Any

import httpx
import trio

from bindery.service import open_service
from bindery.settings import load_settings


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_setup_code_is_printed_and_kept_for_its_owner(tmp_path: Path, logged: Any) -> None:
    settings = load_settings(
        {
            "BINDERY_DATA_DIR": str(tmp_path),
            "BINDERY_HOST": "127.0.0.1",
            "BINDERY_PORT": str(free_port()),
        }
    )
    with trio.fail_after(30):
        async with open_service(settings) as service:
            kept = tmp_path / "setup-code"
            assert kept.read_text().strip() == service.setup_code != ""
            assert kept.stat().st_mode & 0o777 == 0o600
    (told,) = [one for one in logged.events if one["event"] == "service.setup_required"]
    assert told["code"] == service.setup_code


async def test_setup_code_goes_with_the_first_admin(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "BINDERY_DATA_DIR": str(tmp_path),
            "BINDERY_HOST": "127.0.0.1",
            "BINDERY_PORT": str(free_port()),
        }
    )
    kept = tmp_path / "setup-code"
    body = {"username": "ada", "password": "correct horse"}
    with trio.fail_after(30):
        async with open_service(settings):
            assert kept.exists()
            async with httpx.AsyncClient(trust_env=False) as client:
                url = f"http://127.0.0.1:{settings.port}/api/v1/auth/setup"
                answer = await client.post(url, json=body)
                assert answer.status_code == 200, answer.text
            assert not kept.exists()
