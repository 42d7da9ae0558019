"""An app on a fresh database, in process: `async with open_app(tmp_path) as world`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import trio
from argon2 import PasswordHasher
from quart import Blueprint, Response

from bindery.domain.principal import Role
from bindery.http.app import App, create_app
from bindery.http.policy import POLICY, Rule
from bindery.http.registry import blueprints as all_blueprints
from bindery.http.services import Services, WebSettings
from bindery.http.spa import BuiltApp
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations import identity
from bindery.runtime.clock import FixedClock
from bindery.runtime.threads import Threads
from bindery.store import api_keys, users
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.kit.database import open_test_store

KEY = "k" * 64
LOCAL = ("127.0.0.1", 40000)
REMOTE = ("8.8.8.8", 40000)
UI = {"X-Requested-With": "bindery-ui"}
ADMIN = {"username": "ada", "password": "correct horse"}


@dataclass
class World:
    app: App
    store: Store
    clock: FixedClock
    services: Services

    def client(self) -> Any:
        return self.app.test_client(use_cookies=False)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        peer: tuple[str, int] = LOCAL,
    ) -> Response:
        with trio.fail_after(10):
            given = {"json": json} if json is not None else {"data": data}
            return await self.client().open(
                path,
                method=method,
                headers=headers if isinstance(headers, Mapping) else list(headers),
                scope_base={"client": peer},
                **given,
            )

    async def key(self, method: str, path: str, **more: Any) -> Response:
        headers = {**dict(more.pop("headers", {})), "X-Api-Key": KEY}
        return await self.ask(method, path, headers=headers, **more)

    async def set_up(self) -> Session:
        """Create the first admin; answers their browser."""
        answer = await self.ask("POST", "/api/v1/auth/setup", json=ADMIN)
        assert answer.status_code == 200, await answer.get_data(as_text=True)
        return await session_of(answer)


@dataclass
class Session:
    """What a browser holds after a sign-in."""

    cookie: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"bindery_session={self.cookie}"}

    @property
    def writing(self) -> dict[str, str]:
        return {**self.headers, **UI, "X-CSRF-Token": self.token}


def set_cookies(answer: Response) -> dict[str, str]:
    """Name -> the whole Set-Cookie line."""
    return {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


async def session_of(answer: Response) -> Session:
    line = set_cookies(answer)["bindery_session"]
    body = await answer.get_json()
    return Session(line.partition("=")[2].partition(";")[0], body["csrfToken"])


async def member(world: World, name: str) -> tuple[Session, int]:
    """An account without the admin role, signed in, and its library."""
    password_hash = PasswordHasher(1, 8, 1).hash(ADMIN["password"])

    def work(tx: Tx) -> int:
        user_id = users.add_in(tx, name=name, password_hash=password_hash, role=Role.USER)
        return users.library_of(tx, user_id)

    library = await world.store.write(work)
    body = {"username": name, "password": ADMIN["password"]}
    answer = await world.ask("POST", "/api/v1/auth/login", json=body, headers=UI)
    assert answer.status_code == 200, await answer.get_data(as_text=True)
    return await session_of(answer), library


@asynccontextmanager
async def open_app(
    folder: Path,
    *,
    settings: WebSettings | None = None,
    extra: Sequence[Blueprint] = (),
    rules: Mapping[tuple[str, str], Rule] | None = None,
    built: BuiltApp | None = None,
    hub: Hub | None = None,
    **services: Any,
) -> AsyncGenerator[World, None]:
    clock = FixedClock()
    async with open_test_store(folder, clock=clock) as store:
        await identity.seed(store)
        await store.write(lambda tx: api_keys.replace_install_in(tx, KEY))
        given = Services(
            settings=settings or WebSettings(),
            store=store,
            clock=clock,
            threads=Threads(),
            hub=hub or Hub(clock),
            board=Board(),
            version="1.2.3",
            started_us=clock.now_us(),
            setup_code="1234-5678",
            **services,
        )
        app = create_app(
            given,
            built=built,
            blueprints=[*all_blueprints(), *extra],
            table={**POLICY, **(rules or {})},
        )
        # Cheap hashes: the real parameters have a test of their own.
        app.kernel.sign_in._passwords._hasher = PasswordHasher(1, 8, 1)
        yield World(app, store, clock, given)


__all__ = ["ADMIN", "KEY", "LOCAL", "REMOTE", "UI", "World", "member", "open_app", "replace"]
