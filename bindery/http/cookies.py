"""The two cookies: names, lifetimes, attributes (security-rulings.md 4)."""

from __future__ import annotations

import re

from quart import Request, Response, Websocket
from werkzeug.http import parse_cookie

from bindery.http.services import WebSettings

SESSION = "bindery_session"
CSRF = "bindery_csrf"

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def session_values(asked: Request | Websocket) -> tuple[str, ...]:
    """Every value sent under the session's name; browsers may hold several."""
    values: list[str] = []
    for line in asked.headers.getlist("Cookie"):
        values.extend(parse_cookie(line).getlist(SESSION))
    return tuple(values)


def well_formed(value: str) -> bool:
    """32 random bytes as base64url; the old signed formats are not."""
    return _VALUE.fullmatch(value) is not None


def idle_s(settings: WebSettings, kind: str) -> int:
    """How long a session of this kind may be silent, in seconds; also its `Max-Age`."""
    return settings.remember_idle_s if kind == "remember" else settings.session_idle_s


def secure_flag(settings: WebSettings, *, https: bool) -> bool:
    """The `Secure` attribute: always, never, or as the connection is."""
    return settings.cookie_secure == "always" or (settings.cookie_secure != "never" and https)


def path(base: str) -> str:
    """`/` without a base, `<base>/` with one, so that a sibling app never sees the cookie."""
    return f"{base}/"


def grant(
    response: Response, *, base: str, secure: bool, value: str, token: str, max_age: int
) -> None:
    """Set both cookies after a sign-in or when the session slides."""
    _set(response, SESSION, value, base=base, secure=secure, max_age=max_age, http_only=True)
    _set(response, CSRF, token, base=base, secure=secure, max_age=max_age, http_only=False)


def give_token(response: Response, *, base: str, secure: bool, token: str) -> None:
    """Set the readable cookie alone."""
    _set(response, CSRF, token, base=base, secure=secure, max_age=None, http_only=False)


def clear(response: Response, *, base: str, secure: bool) -> None:
    """Expire both, with the attributes they were set with."""
    _set(response, SESSION, "", base=base, secure=secure, max_age=0, http_only=True)
    _set(response, CSRF, "", base=base, secure=secure, max_age=0, http_only=False)


def _set(
    response: Response,
    name: str,
    value: str,
    *,
    base: str,
    secure: bool,
    max_age: int | None,
    http_only: bool,
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=path(base),
        secure=secure,
        httponly=http_only,
        samesite="Lax",
    )
