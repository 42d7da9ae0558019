"""The kernel as a whole, in process: bodies, errors, headers, policy."""

import json
import re
from pathlib import Path

import pytest
from quart import Blueprint

from bindery.http.app import create_app
from bindery.http.errors import check_total
from bindery.http.policy import POLICY, P, keys_of
from bindery.http.registry import blueprints
from bindery.http.route import route
from bindery.http.services import WebSettings
from tests.http.kernel_routes import KERNEL
from tests.http.world import REMOTE, UI, open_app


async def test_health_answers_strangers(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.ask("GET", "/api/v1/health", peer=REMOTE)
        assert answer.status_code == 200
        assert await answer.get_json() == {"status": "ok", "version": "1.2.3", "ready": True}
        head = await world.ask("HEAD", "/api/v1/health", peer=REMOTE)
        assert head.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b'{"year": 1999}', 201, None, None),
        (b'{"year": 1999, "unknown": 1}', 201, None, None),
        (b'{"year": "1999"}', 422, "invalid", "year"),
        (b'{"year": 1, "authors": [{"sortName": 3}]}', 422, "invalid", "authors[0].sortName"),
        (b'{"year": 1, "authors": [{}]}', 422, "invalid", "authors[0].sortName"),
        (b"{}", 422, "invalid", "year"),
        (b"[]", 422, "invalid", None),
        (b"null", 422, "invalid", None),
        (b'{"year": 1', 400, "malformed", None),
        (b"", 400, "malformed", None),
        (b"\xff\xfe", 400, "malformed", None),
        (b"[" * 200_000, 422, "invalid", None),
        (b'{"year": 9223372036854775807}', 201, None, None),
        (b'{"year": 9223372036854775808}', 422, "invalid", "year"),
        (b'{"year": 1, "note": "9223372036854775808"}', 201, None, None),
    ],
)
async def test_bodies_are_strict(tmp_path: Path, body, status, code, field) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        typed = {"Content-Type": "application/json"}
        answer = await world.key("POST", "/api/v1/probe", data=body, headers=typed)
        assert answer.status_code == status
        if code is not None:
            found = await answer.get_json()
            assert (found["code"], found.get("field")) == (code, field)
            assert found["requestId"].startswith("w-")


async def test_other_content_types_are_415(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        typed = {"Content-Type": "text/plain"}
        answer = await world.key("POST", "/api/v1/probe", data=b'{"year": 1}', headers=typed)
        assert answer.status_code == 415
        empty = await world.key("POST", "/api/v1/probe/optional", data=b"")
        assert await empty.get_json() == {"given": False}


@pytest.mark.parametrize(
    ("query", "expected", "deep"),
    [
        ("", {"items": [], "total": 0, "limit": 100, "offset": 0}, "False"),
        ("?tag=5", {"items": [5], "total": 0, "limit": 100, "offset": 0}, "False"),
        ("?tag=5&tag=6&year=1&year=2", {"items": [5, 6], "total": 2}, "False"),
        ("?limit=0&offset=-3", {"limit": 100, "offset": 0}, "False"),
        ("?limit=9999&offset=12", {"limit": 500, "offset": 12}, "False"),
        ("?limit=abc&offset=%C2%B2", {"limit": 100, "offset": 0}, "False"),
        ("?deep=true", {}, "True"),
        ("?deep=1", {}, "True"),
    ],
)
async def test_query_text_is_converted(tmp_path: Path, query, expected, deep) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        answer = await world.key("GET", f"/api/v1/probe{query}")
        found = await answer.get_json()
        assert {**found, **expected} == found
        assert answer.headers["X-Deep"] == deep


@pytest.mark.parametrize("year", ["soon", 2**63])
async def test_a_bad_query_is_400_with_its_field(tmp_path: Path, year: object) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        answer = await world.key("GET", f"/api/v1/probe?year={year}")
        assert answer.status_code == 400
        assert (await answer.get_json())["field"] == "year"


@pytest.mark.parametrize(
    ("segment", "status"),
    [("7", 200), ("abc", 400), ("1.5", 400), ("9" * 19, 400), ("-1", 200), ("404", 404)],
)
async def test_path_ids(tmp_path: Path, segment, status) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        answer = await world.key("GET", f"/api/v1/probe/{segment}")
        assert answer.status_code == status
        if status == 400:
            assert (await answer.get_json())["error"] == "invalid id"
        assert (await world.ask("GET", f"/api/v1/probe/{segment}")).status_code == 401


async def test_refusals_keep_field_extra_keys_and_patience(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        answer = await world.key("GET", "/api/v1/probe/409")
        found = await answer.get_json()
        assert answer.status_code == 409
        assert answer.headers["Retry-After"] == "3"
        assert (found["code"], found["field"], found["canonicalAuthorId"]) == (
            "author_exists",
            "name",
            7,
        )
        gone = await world.key("DELETE", "/api/v1/probe/1")
        assert (gone.status_code, await gone.get_data(as_text=True)) == (204, "")


@pytest.mark.logs_errors("unhandled error")
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("busy", 503, "store_busy"),
        ("unavailable", 503, "store_unavailable"),
        ("x", 500, "internal"),
    ],
)
async def test_faults_become_json_without_details(tmp_path: Path, name, status, code) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        answer = await world.key("GET", f"/api/v1/probe/fault/{name}")
        text = await answer.get_data(as_text=True)
        assert answer.status_code == status
        assert json.loads(text)["code"] == code
        assert "secret" not in text
        assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("GET", "/readarr/nowhere", 404),
        ("GET", "/opds/nowhere", 404),
        ("GET", "/api//v1/health", 404),
        ("PATCH", "/api/v1/health", 405),
        ("OPTIONS", "/api/v1/probe", 405),
        ("OPTIONS", "/api/v1/auth/login", 405),
    ],
)
async def test_unknown_paths_and_methods_stand_behind_the_door(
    tmp_path: Path, method, path, status
) -> None:
    async with open_app(tmp_path, **KERNEL) as world:
        stranger = await world.ask(method, path, peer=REMOTE)
        assert stranger.status_code == 401
        assert stranger.mimetype == "application/json"
        assert ("WWW-Authenticate" in stranger.headers) is path.startswith("/opds")
        known = await world.key(method, path)
        assert known.status_code == status
        assert known.mimetype == "application/json"
        if status == 405:
            assert known.headers["Allow"]


async def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    """recipes.md B6: `after_request` runs for refusals and errors too."""
    async with open_app(tmp_path, **KERNEL) as world:
        for method, path in (
            ("GET", "/api/v1/health"),
            ("GET", "/api/v1/author"),
            ("GET", "/nowhere.png"),
            ("DELETE", "/api/v1/health"),
            ("POST", "/"),
        ):
            answer = await world.ask(method, path)
            headers = answer.headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "Server" not in headers
            assert "Strict-Transport-Security" not in headers
            assert "Access-Control-Allow-Origin" not in headers


async def test_frame_ancestors_replace_the_frame_ban(tmp_path: Path) -> None:
    settings = WebSettings(frame_ancestors="https://home.example")
    async with open_app(tmp_path, settings=settings) as world:
        answer = await world.ask("GET", "/")
        assert "X-Frame-Options" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors https://home.example;" in policy


async def test_the_app_refuses_to_start_when_policy_and_routes_differ(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        stray = Blueprint("stray", __name__)

        @route(stray, "GET", "/api/v1/stray")
        async def here(call: object) -> None:
            return None

        with pytest.raises(RuntimeError, match=r"without a row \[\('stray.here', 'GET'\)\]"):
            create_app(world.services, blueprints=[*blueprints(), stray])
        stale = {**POLICY, ("ghost.walk", "GET"): P}
        with pytest.raises(RuntimeError, match=r"ghost\.walk"):
            create_app(world.services, table=stale)


def test_every_refusal_code_has_an_answer() -> None:
    check_total()


async def test_generated_authorisation(tmp_path: Path) -> None:
    """Every row of the policy table, asked by strangers in every way that must not count."""
    async with open_app(tmp_path) as world:
        session = await world.set_up()
        for rule in world.app.url_map.iter_rules():
            if rule.websocket:
                continue
            path = re.sub(r"<[^>]+>", "987654321", rule.rule)
            for _, method in keys_of(rule):
                access = world.app.table[rule.endpoint, method].access.value
                for headers in (
                    {},
                    {"X-Api-Key": "0" * 64},
                    {"Authorization": "Bearer nobody"},
                    {"Cookie": "bindery_session=" + "A" * 43},
                ):
                    if access == "P":
                        continue
                    answer = await world.ask(method, path, headers=headers, peer=REMOTE)
                    assert answer.status_code == 401, (method, path, headers)
                if method != "GET" and access not in {"P", "O", "M"}:
                    bare = await world.ask(method, path, headers=session.headers)
                    assert bare.status_code == 403, (method, path)
                    marked = await world.ask(method, path, headers={**session.headers, **UI})
                    assert (await marked.get_json())["code"] == "csrf"
