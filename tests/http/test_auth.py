"""Sign-in, sessions, guards: the rows of security-rulings.md 4 and 5 that apply now."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from argon2 import PasswordHasher
from quart import Response

from bindery.domain.peers import Trusted, parse_trusted
from bindery.domain.principal import Role
from bindery.http import auth
from bindery.http.limiters import MAX_KEYS, SlidingWindow
from bindery.http.passwords import Passwords
from bindery.http.services import WebSettings
from bindery.operations import identity
from bindery.runtime.threads import Threads
from bindery.store import api_keys, users
from bindery.store.errors import StoreUnreadable
from tests.http.kernel_routes import KERNEL
from tests.http.world import ADMIN, KEY, REMOTE, UI, World, open_app, session_of, set_cookies

OTHER = {"username": "bob", "password": "bobs password"}


async def add_user(world: World, role: Role = Role.USER) -> None:
    hashed = PasswordHasher(1, 8, 1).hash(OTHER["password"])
    await world.store.write(
        lambda tx: users.add_in(tx, name=OTHER["username"], password_hash=hashed, role=role)
    )


async def login(world: World, body: Mapping[str, str | bool], **more: Any) -> Response:
    return await world.ask("POST", "/api/v1/auth/login", json=body, **more)


async def test_setup_once_then_signed_in(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        before = await (await world.ask("GET", "/api/v1/auth/status")).get_json()
        assert (before["authenticated"], before["setupRequired"], before["mode"]) == (
            False,
            True,
            "enabled",
        )
        session = await world.set_up()
        shown = await (
            await world.ask("GET", "/api/v1/auth/status", headers=session.headers)
        ).get_json()
        assert (shown["authenticated"], shown["username"], shown["role"]) == (True, "ada", "admin")
        assert shown["setupRequired"] is False
        who = await world.ask("GET", "/api/v1/probe/whoami", headers=session.headers)
        assert await who.get_json() == {
            "via": "session",
            "role": "admin",
            "user": 1,
            "scope": [1, 2],
        }
        again = await world.ask("POST", "/api/v1/auth/setup", json=ADMIN)
        assert (again.status_code, (await again.get_json())["error"]) == (
            409,
            "setup already complete",
        )


async def test_row_1_fifty_setups_at_once(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        statuses: list[int] = []

        async def one(n: int) -> None:
            body = {"username": f"u{n}", "password": "long enough"}
            answer = await world.ask("POST", "/api/v1/auth/setup", json=body)
            statuses.append(answer.status_code)

        async with trio.open_nursery() as nursery:
            for n in range(50):
                nursery.start_soon(one, n)
        # Beyond the places of the key derivation a request is told to come again.
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 409, 503}
        assert world.store.read(lambda r: r.value("SELECT count(*) FROM user")) == 1


async def test_row_2_setup_while_only_plain_users_exist(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await add_user(world)
        await world.set_up()
        taken = world.store.read(users.operator)
        assert taken == 2


async def test_row_3_setup_from_afar_needs_the_code(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        refused = await world.ask("POST", "/api/v1/auth/setup", json=ADMIN, peer=REMOTE)
        assert refused.status_code == 403
        assert (await refused.get_json())["code"] == "setup_code_required"
        hidden = [("X-Forwarded-For", "10.0.0.1")]
        proxied = await world.ask("POST", "/api/v1/auth/setup", json=ADMIN, headers=hidden)
        assert proxied.status_code == 403
        body = {**ADMIN, "setupCode": "1234-5678"}
        assert (
            await world.ask("POST", "/api/v1/auth/setup", json=body, peer=REMOTE)
        ).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"username": " ", "password": "long enough"}, 400, "username"),
        ({"username": "a\nb", "password": "long enough"}, 400, "username"),
        ({"username": "a", "password": "short"}, 400, "password"),
        ({"username": "a", "password": "x" * 1025}, 400, "password"),
        ({"username": "a"}, 422, "password"),
        ({"username": 1, "password": "long enough"}, 422, "username"),
    ],
)
async def test_setup_refuses_bad_names_and_passwords(tmp_path: Path, body, status, field) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.ask("POST", "/api/v1/auth/setup", json=body)
        assert answer.status_code == status
        assert (await answer.get_json())["field"] == field


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
async def test_rows_4_and_6_cross_site_login_and_logout(tmp_path: Path, headers) -> None:
    async with open_app(tmp_path) as world:
        session = await world.set_up()
        answer = await login(world, ADMIN, headers=headers)
        assert answer.status_code == 403
        assert not set_cookies(answer)
        left = await world.ask(
            "POST", "/api/v1/auth/logout", headers={**headers, **session.headers}
        )
        assert left.status_code == 403
        alive = await world.ask("GET", "/api/v1/auth/config", headers=session.headers)
        assert alive.status_code == 200


async def test_row_5_login_needs_no_token(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        answer = await login(world, {**ADMIN, "username": " ADA "})
        assert answer.status_code == 200
        cookies = set_cookies(answer)
        assert "HttpOnly" in cookies["bindery_session"]
        assert "Max-Age=43200" in cookies["bindery_session"]
        assert "HttpOnly" not in cookies["bindery_csrf"]
        assert all("SameSite=Lax" in line and "Path=/" in line for line in cookies.values())
        assert all("Secure" not in line and "Domain" not in line for line in cookies.values())
        longer = await login(world, {**ADMIN, "rememberMe": True})
        assert "Max-Age=2592000" in set_cookies(longer)["bindery_session"]


async def test_rows_7_to_12_guards_of_a_session(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        session = await world.set_up()
        other = await session_of(await login(world, ADMIN))
        cookie = session.headers

        async def post(headers: dict[str, str], path: str = "/api/v1/probe") -> tuple[int, str]:
            answer = await world.ask("POST", path, json={"year": 1}, headers=headers)
            body = await answer.get_json()
            return answer.status_code, body.get("code", "")

        assert await post(session.writing) == (201, "")
        assert await post({**cookie, "X-CSRF-Token": session.token}) == (403, "forbidden")
        assert await post({**cookie, **UI, "X-CSRF-Token": other.token}) == (403, "csrf")
        only = f"bindery_session={session.cookie}; bindery_csrf={session.token}"
        assert await post({"Cookie": only, **UI}) == (403, "csrf")
        assert await post({**cookie, "X-Api-Key": "bogus"}) == (403, "forbidden")
        assert await post(cookie, "/api/v1/probe?apikey=bogus") == (403, "forbidden")
        assert await post({**cookie, "X-Api-Key": KEY}) == (201, "")
        assert await post({}, f"/api/v1/probe?apikey={KEY}") == (401, "unauthorized")
        assert await post({**session.writing, "Origin": "http://evil.example"}) == (
            403,
            "cross_origin",
        )


async def test_row_16_a_new_sign_in_replaces_the_session(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        first = await world.set_up()
        await add_user(world)
        second = await session_of(await login(world, OTHER, headers=first.headers))
        assert second.cookie != first.cookie
        assert (
            await world.ask("GET", "/api/v1/auth/config", headers=first.headers)
        ).status_code == 401
        shown = await world.ask("GET", "/api/v1/auth/config", headers=second.headers)
        assert await shown.get_json() == {"mode": "enabled", "apiKey": "", "username": "bob"}
        assert shown.headers["Cache-Control"] == "no-store"


async def test_row_17_what_ends_a_session(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        first = await world.set_up()
        second = await session_of(await login(world, ADMIN))
        out = await world.ask("POST", "/api/v1/auth/logout", headers=second.headers)
        cleared = set_cookies(out)
        assert all("Max-Age=0" in cleared[name] for name in ("bindery_session", "bindery_csrf"))
        third = await session_of(await login(world, ADMIN))
        body = {"currentPassword": "wrong wrong", "newPassword": "brand new one"}
        wrong = await world.ask("POST", "/api/v1/auth/password", json=body, headers=first.writing)
        assert (wrong.status_code, (await wrong.get_json())["code"]) == (401, "password_incorrect")
        body["currentPassword"] = ADMIN["password"]
        done = await world.ask("POST", "/api/v1/auth/password", json=body, headers=first.writing)
        fresh = await session_of(done)
        for dead in (first, second, third):
            answer = await world.ask("GET", "/api/v1/auth/config", headers=dead.headers)
            assert answer.status_code == 401
        assert "Max-Age=2592000" in set_cookies(done)["bindery_session"]
        alive = await world.ask("GET", "/api/v1/auth/config", headers=fresh.headers)
        assert (await alive.get_json())["apiKey"] == KEY
        assert (await login(world, ADMIN)).status_code == 401


async def test_rows_18_and_19_path_and_secure(tmp_path: Path) -> None:
    settings = WebSettings(url_base="/bindery", trusted_proxy=Trusted())
    async with open_app(tmp_path, settings=settings) as world:
        # Row 19: a proxy nobody configured says https.
        answer = await world.ask(
            "POST",
            "/api/v1/auth/setup",
            json={**ADMIN, "setupCode": "1234-5678"},
            headers={"X-Forwarded-Proto": "https"},
        )
        lines = set_cookies(answer).values()
        assert all("Path=/bindery/" in line and "Secure" not in line for line in lines)
        assert "Strict-Transport-Security" not in answer.headers


async def test_secure_cookies_behind_a_trusted_proxy(tmp_path: Path) -> None:
    settings = WebSettings(trusted_proxy=parse_trusted("127.0.0.1"))
    async with open_app(tmp_path, settings=settings) as world:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.7"}
        answer = await world.ask("POST", "/api/v1/auth/setup", json=ADMIN, headers=headers)
        assert all("Secure" in line for line in set_cookies(answer).values())
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize(
    "value", ["x" * 100_000, "a\0b", "v1.1.2.3", "v3.ab.1.1.99.sig", "", "é", '"', "A" * 43]
)
async def test_row_20_strange_cookies_are_401(tmp_path: Path, value) -> None:
    async with open_app(tmp_path) as world:
        headers = {"Cookie": f"bindery_session={value}"}
        answer = await world.ask("GET", "/api/v1/auth/config", headers=headers)
        assert answer.status_code == 401


async def test_two_valid_session_values_are_none(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        one = await world.set_up()
        two = await session_of(await login(world, ADMIN))
        both = f"bindery_session={one.cookie}; bindery_session={two.cookie}"
        mixed = f"bindery_session={one.cookie}; bindery_session=junk"
        for cookie, status in ((both, 401), (mixed, 200)):
            answer = await world.ask("GET", "/api/v1/auth/config", headers={"Cookie": cookie})
            assert answer.status_code == status


async def test_sessions_slide_and_expire(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        session = await session_of(await login(world, ADMIN))

        async def seen() -> Response:
            return await world.ask("GET", "/api/v1/auth/config", headers=session.headers)

        world.clock.advance(600)
        assert not set_cookies(await seen())
        world.clock.advance(3600)
        slid = await seen()
        assert session.cookie in set_cookies(slid)["bindery_session"]
        world.clock.advance(11 * 3600)
        assert (await seen()).status_code == 200
        world.clock.advance(13 * 3600)
        assert (await seen()).status_code == 401


async def test_the_absolute_end_comes_however_often_it_is_used(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        session = await session_of(await login(world, ADMIN))
        for _ in range(16):
            world.clock.advance(10 * 3600)
            answer = await world.ask("GET", "/api/v1/auth/config", headers=session.headers)
            assert answer.status_code == 200
        world.clock.advance(9 * 3600)
        assert (
            await world.ask("GET", "/api/v1/auth/config", headers=session.headers)
        ).status_code == 401


async def test_csrf_tokens_are_for_sessions_only(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        session = await world.set_up()
        shown = await world.ask("GET", "/api/v1/auth/csrf", headers=session.headers)
        assert await shown.get_json() == {"csrfToken": session.token, "token": session.token}
        bad = {"Cookie": "bindery_session=" + "A" * 43}
        assert (await (await world.ask("GET", "/api/v1/auth/csrf", headers=bad)).get_json())[
            "token"
        ] == ""


async def test_regenerate_kills_the_old_key(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        answer = await world.key("POST", "/api/v1/auth/apikey/regenerate")
        new = (await answer.get_json())["apiKey"]
        assert len(new) == 64
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await world.key("GET", "/api/v1/auth/config")).status_code == 401
        fresh = await world.ask("GET", "/api/v1/auth/config", headers={"X-Api-Key": new})
        assert await fresh.get_json() == {"mode": "enabled", "apiKey": new, "username": "ada"}


async def test_guessing_is_limited_per_address(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        statuses = []
        for _ in range(6):
            answer = await login(world, {**ADMIN, "password": "wrong wrong"}, peer=REMOTE)
            statuses.append(answer.status_code)
        assert statuses == [401] * 5 + [429]
        right = await login(world, ADMIN, peer=REMOTE)
        assert right.status_code == 429
        assert int(right.headers["Retry-After"]) > 800
        assert (await login(world, ADMIN, peer=("9.9.9.9", 1))).status_code == 200
        malformed = await world.ask(
            "POST", "/api/v1/auth/login", json={"username": 1}, peer=("9.9.9.8", 1)
        )
        assert malformed.status_code == 422


async def test_two_hundred_guesses_cost_five_hashes(tmp_path: Path, monkeypatch) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        hashed = 0
        verify = Passwords.verify

        async def counted(self: Passwords, stored: str, password: str) -> bool:
            nonlocal hashed
            hashed += 1
            return await verify(self, stored, password)

        monkeypatch.setattr(Passwords, "verify", counted)
        statuses: list[int] = []

        async def guess() -> None:
            answer = await login(world, {**ADMIN, "password": "wrong wrong"}, peer=REMOTE)
            statuses.append(answer.status_code)

        async with trio.open_nursery() as nursery:
            for _ in range(200):
                nursery.start_soon(guess)
        assert hashed == 5
        assert statuses.count(429) == 195


async def test_the_account_budget_spares_known_networks(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        assert (await login(world, ADMIN, peer=("203.0.113.9", 1))).status_code == 200
        for n in range(12):
            await login(world, {**ADMIN, "password": "wrong wrong"}, peer=(f"9.9.{n}.1", 1))
        assert (await login(world, ADMIN, peer=("9.9.99.1", 1))).status_code == 429
        assert (await login(world, ADMIN, peer=("203.0.113.77", 1))).status_code == 200


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def test_basic_is_for_opds(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        await world.set_up()
        for headers, via in (
            (basic("anybody", KEY), "basic"),
            (basic("Ada", ADMIN["password"]), "basic"),
            (basic("Ada", ADMIN["password"]), "basic"),
            ({"X-Api-Key": KEY}, "install_key"),
        ):
            answer = await world.ask("GET", "/opds/probe", headers=headers, peer=REMOTE)
            assert await answer.get_json() == {"via": via, "role": "admin"}
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        for headers in ({}, basic("ada", "wrong"), {"Authorization": "Basic !!"}):
            answer = await world.ask("GET", "/opds/probe", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="Bindery OPDS"'
        rest = await world.ask("GET", "/api/v1/probe/whoami", headers=basic("x", KEY))
        assert rest.status_code == 401


async def test_basic_is_limited_and_remembered(tmp_path: Path, monkeypatch) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        await world.set_up()
        calls = 0
        verify = Passwords.verify

        async def counted(self: Passwords, stored: str, password: str) -> bool:
            nonlocal calls
            calls += 1
            return await verify(self, stored, password)

        monkeypatch.setattr(Passwords, "verify", counted)
        for _ in range(3):
            await world.ask("GET", "/opds/probe", headers=basic("ada", ADMIN["password"]))
        assert calls == 1
        for _ in range(5):
            await world.ask("GET", "/opds/probe", headers=basic("ada", "wrong"))
        over = await world.ask("GET", "/opds/probe", headers=basic("ada", "wrong"))
        assert (over.status_code, "WWW-Authenticate" in over.headers) == (429, True)


async def test_modes_are_only_data(tmp_path: Path) -> None:
    """The door is built for every mode; the identity issue adds the switch."""
    async with open_app(tmp_path, **KERNEL) as world:
        await world.set_up()

        async def switch(mode: str) -> None:
            await world.store.write(
                lambda tx: tx.run(
                    "UPDATE setting SET value = :m WHERE key = 'auth.mode'", {"m": mode}
                )
            )

        async def whoami(peer: tuple[str, int], host: str = "nas") -> object:
            answer = await world.ask(
                "GET", "/api/v1/probe/whoami", peer=peer, headers={"Host": host}
            )
            body = await answer.get_json()
            return body.get("via") or (answer.status_code, body["code"])

        await switch("local-only")
        assert await whoami(("192.168.1.2", 1)) == "trusted"
        assert await whoami(("192.168.1.2", 1), "rebound.example") == (403, "host_not_allowed")
        assert await whoami(REMOTE) == (401, "unauthorized")
        await switch("disabled")
        assert await whoami(REMOTE) == "trusted"
        await switch("nonsense")
        assert await whoami(("192.168.1.2", 1)) == (401, "unauthorized")


async def test_metrics_class(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        local = await world.ask("GET", "/metrics")
        text = await local.get_data(as_text=True)
        assert 'bindery_build_info{commit="unknown",date="unknown",version="1.2.3"} 1.0' in text
        assert (await world.ask("GET", "/metrics", peer=REMOTE)).status_code == 401
        assert (await world.key("GET", "/metrics", peer=REMOTE)).status_code == 200
        for _ in range(3):
            await world.ask("GET", "/scanner/attempt.php")
        text = await (await world.ask("GET", "/metrics")).get_data(as_text=True)
        assert 'route="other",status="404"} 3.0' in text
        assert "scanner" not in text
    with_token = replace(WebSettings(), metrics_token="scrape-me")
    other = tmp_path / "b"
    other.mkdir()
    async with open_app(other, settings=with_token) as world:
        assert (await world.ask("GET", "/metrics")).status_code == 401
        token = {"Authorization": "Bearer scrape-me"}
        assert (await world.ask("GET", "/metrics", headers=token, peer=REMOTE)).status_code == 200


async def test_system_status_tells_users_less(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.set_up()
        await add_user(world)
        world.clock.advance(5)
        admin = await (await world.key("GET", "/api/v1/system/status")).get_json()
        assert (admin["version"], admin["uptimeSeconds"], admin["urlBase"]) == ("1.2.3", 5, "")
        user = await session_of(await login(world, OTHER))
        seen = await (
            await world.ask("GET", "/api/v1/system/status", headers=user.headers)
        ).get_json()
        assert set(seen) == {
            "version",
            "uptimeSeconds",
            "enhancedHardcoverApi",
            "hardcoverTokenConfigured",
            "enhancedHardcoverDisabledReason",
        }
        state = await (await world.key("GET", "/api/v1/system/setup-state")).get_json()
        assert state["hasAuthor"] is False
        assert state["complete"] is False


async def test_key_derivation_queue_is_bounded() -> None:
    """Real parameters, real threads: the seventeenth waiter is told to come again."""
    passwords = Passwords(Threads())
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "wrong horse")
    assert not passwords.outdated(stored)
    assert passwords.outdated(PasswordHasher(1, 8, 1).hash("x"))


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "$argon2id$v=19$m=999999999,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=65536,t=99,p=1$c2FsdHNhbHQ$aGFzaA",
        "$2b$12$abcdefghijklmnopqrstuu",
        "$argon2id$v=19$m=65536,t=2,p=1$!!$!!",
    ],
)
async def test_foreign_and_excessive_hashes_are_false(stored) -> None:
    assert not await Passwords(Threads(), PasswordHasher(1, 8, 1)).verify(stored, "x" * 8)


def test_the_window_slides_and_stays_bounded() -> None:
    now = 0.0
    window = SlidingWindow(2, 10, lambda: now)
    assert window.charge("a") is None
    now = 4
    assert window.charge("a") is None
    assert window.charge("a") == pytest.approx(6)
    now = 10
    assert window.charge("a") is None
    for n in range(MAX_KEYS + 500):
        window.charge(f"k{n}")
    assert len(window) <= MAX_KEYS
    # Full of live keys: new ones share one bucket.
    assert sum(window.charge(f"new{n}") is None for n in range(200)) <= 60
    now = 100
    assert window.charge("later") is None


@pytest.mark.logs_errors("unhandled error")
async def test_a_database_that_cannot_be_read_is_no_identity_and_no_401(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(tmp_path) as world:

        def broken(*_args: object) -> None:
            raise StoreUnreadable("disk I/O error")

        monkeypatch.setattr(auth, "look_up", broken)
        assert (await world.key("GET", "/api/v1/health")).status_code == 200
        assert (await world.ask("GET", "/api/v1/queue")).status_code == 500
        assert (await world.key("GET", "/api/v1/queue")).status_code == 500
        assert (await world.key("GET", "/api/v1/nothing")).status_code == 500


async def test_a_proxy_that_nobody_configured_is_told(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:

        async def told() -> list[str]:
            items = await (await world.key("GET", "/api/v1/system/attention")).get_json()
            return [item["params"]["address"] for item in items if item["code"] == untrusted]

        untrusted = "untrusted_proxy"
        assert await told() == []
        forwarded = {"X-Forwarded-For": "203.0.113.9"}
        answer = await world.ask("GET", "/api/v1/queue", headers=forwarded, peer=("10.0.0.7", 1))
        assert (answer.status_code, (await answer.get_json())["code"]) == (401, untrusted)
        await world.ask("GET", "/api/v1/queue", headers=forwarded, peer=("10.0.0.8", 1))
        assert await told() == ["10.0.0.7"], "once an hour is enough"
        world.clock.advance(3_601)
        await world.ask("GET", "/api/v1/queue", headers=forwarded, peer=("10.0.0.8", 1))
        assert await told() == ["10.0.0.8"]
        await identity.seed(world.store)
        assert await told() == []


async def test_a_short_install_key_is_on_the_health_page(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:

        async def weak(key: str) -> list[str]:
            answer = await world.ask("GET", "/api/v1/system/health", headers={"X-Api-Key": key})
            rows = (await answer.get_json())["rows"]
            return [row["reason"]["code"] for row in rows if row["kind"] == "setting"]

        assert await weak(KEY) == []
        await world.store.write(lambda tx: api_keys.replace_install_in(tx, "short"))
        assert await weak("short") == ["weak_api_key"]
        assert await weak(await identity.regenerate_install_key(world.store)) == []


async def test_guesses_at_a_short_install_key_have_a_budget(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        await world.store.write(lambda tx: api_keys.replace_install_in(tx, "short"))

        async def ask(key: str, address: str = "203.0.113.9") -> Response:
            headers = {"X-Api-Key": key}
            return await world.ask("GET", "/api/v1/queue", headers=headers, peer=(address, 1))

        assert [(await ask("short")).status_code for _ in range(70)] == [200] * 70
        assert [(await ask(f"guess{n}")).status_code for n in range(61)] == [401] * 60 + [429]
        right = await ask("short")
        assert (right.status_code, (await right.get_json())["code"]) == (429, "rate_limited")
        assert 0 < int(right.headers["Retry-After"]) <= 60
        assert (await ask("short", "203.0.113.10")).status_code == 200


async def test_guesses_at_a_long_install_key_are_not_counted(tmp_path: Path) -> None:
    """256 bits are not guessed, and an old tool must not lock its household out."""
    async with open_app(tmp_path) as world:
        for _ in range(70):
            wrong = await world.ask("GET", "/api/v1/queue", headers={"X-Api-Key": "wrong"})
            assert wrong.status_code == 401
        assert (await world.key("GET", "/api/v1/queue")).status_code == 200
