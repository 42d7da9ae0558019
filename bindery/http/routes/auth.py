"""Sign-in and own account (identity-and-system.md 2.3, security-rulings.md 4)."""

from __future__ import annotations

import hmac

from quart import Blueprint, Response, request

from bindery.domain.peers import PeerClass
from bindery.domain.principal import Via
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http import cookies
from bindery.http.call import Call
from bindery.http.credentials import csrf_token, digest
from bindery.http.passwords import length_refusal
from bindery.http.route import Answer, route
from bindery.http.wire import Wire, json_response
from bindery.operations import identity
from bindery.store import api_keys, users

blueprint = Blueprint("auth", __name__)


class AuthStatus(Wire, omit_defaults=True):
    """Who is signed in. An API key is not looked at here."""

    authenticated: bool
    setup_required: bool
    mode: str
    local_auth_enabled: bool
    username: str | None = None
    role: str | None = None
    setup_code_required: bool = False


class Csrf(Wire):
    """The token under both names that clients know."""

    csrf_token: str
    token: str


class Credentials(Wire):
    """The sign-in form."""

    username: str
    password: str
    remember_me: bool = False


class NewAdmin(Wire):
    """The first account. `setup_code` is needed from outside the local network."""

    username: str
    password: str
    setup_code: str = ""


class NewPassword(Wire):
    """The caller's own password."""

    current_password: str
    new_password: str


class Done(Wire, omit_defaults=True):
    """`ok` and, after a sign-in, who it is and the token for the next request."""

    ok: bool = True
    username: str | None = None
    csrf_token: str | None = None


class AuthConfig(Wire):
    """`api_key` is empty unless an admin asks by something other than a named key."""

    mode: str
    api_key: str
    username: str


class ApiKey(Wire):
    """The install key."""

    api_key: str


@route(blueprint, "GET", "/api/v1/auth/status", returns=AuthStatus)
async def status(call: Call) -> AuthStatus:
    """Who am I, is setup needed, which mode."""
    services = call.services
    possible = services.store.read(
        lambda r: identity.setup_possible(r, local_auth=services.settings.local_auth)
    )
    shown = AuthStatus(
        authenticated=False,
        setup_required=possible is None,
        mode=call.mode.value,
        local_auth_enabled=services.settings.local_auth,
        setup_code_required=possible is None and call.peer.kind is not PeerClass.local,
    )
    if call.identity.ambient:
        shown.authenticated = True
        shown.username = call.principal.username or None
        shown.role = call.principal.role.value
    return shown


@route(blueprint, "GET", "/api/v1/auth/csrf", returns=Csrf)
async def csrf(call: Call) -> Response:
    """The CSRF token of the current session, also as a readable cookie; empty without one."""
    token = csrf_token(call.secret, call.cookie) if call.session is not None else ""
    response = json_response(Csrf(csrf_token=token, token=token))
    if token:
        cookies.give_token(response, base=call.base, secure=call.secure, token=token)
    return response


@route(blueprint, "POST", "/api/v1/auth/setup", body=NewAdmin, returns=Done)
async def setup(call: Call, body: NewAdmin) -> Response | Refusal:
    """Create the first admin, once."""
    services = call.services
    refusal = services.store.read(
        lambda r: identity.setup_possible(r, local_auth=services.settings.local_auth)
    )
    refusal = refusal or _check_code(call, body.setup_code)
    refusal = refusal or length_refusal(body.password, "password")
    if refusal is not None:
        return refusal
    name = identity.clean_name(body.username)
    if isinstance(name, Refusal):
        return name
    hashed = await call.kernel.sign_in.hash(body.password)
    made = await identity.setup(
        services.store, name=name, password_hash=hashed, arrival=_arrival(call, "remember")
    )
    if isinstance(made, Refusal):
        return made
    await services.set_up()
    return _signed_in(call, made, "remember")


def _check_code(call: Call, given: str) -> Refusal | None:
    """From the local network setup is open; from elsewhere it needs the printed code."""
    if call.peer.kind is PeerClass.local:
        return None
    refusal = call.kernel.sign_in.charge_address(call.peer)
    if refusal is not None:
        return refusal
    code = call.services.setup_code
    if code and hmac.compare_digest(code.encode(), given.strip().encode("utf-8", "replace")):
        call.kernel.sign_in.forgive(call.peer)
        return None
    return refuse(Code.SETUP_CODE_REQUIRED, "setupCode")


@route(blueprint, "POST", "/api/v1/auth/login", body=Credentials, returns=Done)
async def login(call: Call, body: Credentials) -> Response | Refusal:
    """Password sign-in."""
    services = call.services
    if not services.settings.local_auth:
        return refuse(Code.FORBIDDEN)
    user = await call.kernel.sign_in.check(body.username, body.password, call.peer)
    if not isinstance(user, users.User):
        return user or refuse(Code.INVALID_CREDENTIALS)
    rehashed = None
    if call.kernel.sign_in.outdated(user.password_hash):
        rehashed = await call.kernel.sign_in.hash(body.password)
    kind = "remember" if body.remember_me else "normal"
    made = await identity.login(
        services.store, user=user, arrival=_arrival(call, kind), rehashed=rehashed
    )
    return made if isinstance(made, Refusal) else _signed_in(call, made, kind)


@route(blueprint, "POST", "/api/v1/auth/logout", returns=Done)
async def logout(call: Call) -> Response:
    """End the current session and clear both cookies."""
    digests = _presented()
    if digests:
        await identity.logout(call.services.store, digests)
    if call.session is not None:
        call.kernel.sockets.end_session(call.session.id)
    response = json_response(Done())
    cookies.clear(response, base=call.base, secure=call.secure)
    return response


@route(blueprint, "GET", "/api/v1/auth/config", returns=AuthConfig)
async def config(call: Call) -> Answer:
    """Auth mode, name, and for admins the install key."""
    entitled = call.principal.is_admin and call.principal.via is not Via.NAMED_KEY
    key = call.services.store.read(api_keys.install_key) if entitled else ""
    return Answer(AuthConfig(mode=call.mode.value, api_key=key, username=call.principal.username))


@route(blueprint, "POST", "/api/v1/auth/password", body=NewPassword, returns=Done)
async def password(call: Call, body: NewPassword) -> Response | Refusal:
    """Change one's own password; every other session of the account ends."""
    services = call.services
    user_id = call.principal.user_id
    user = services.store.read(lambda r: users.by_id(r, user_id)) if user_id is not None else None
    if user is None:
        return refuse(Code.SETUP_REQUIRED)
    refusal = length_refusal(body.new_password, "newPassword")
    if refusal is not None:
        return refusal
    checked = await call.kernel.sign_in.check(user.username, body.current_password, call.peer)
    if isinstance(checked, Refusal):
        return checked
    if checked is None:
        return refuse(Code.PASSWORD_INCORRECT, "currentPassword")
    kind = call.session.kind if call.session is not None else None
    made = await identity.change_password(
        services.store,
        user=checked,
        password_hash=await call.kernel.sign_in.hash(body.new_password),
        arrival=_arrival(call, kind) if kind is not None else None,
    )
    if isinstance(made, Refusal):
        return made
    call.kernel.sockets.end_user(user.id)
    return json_response(Done()) if made is None or kind is None else _signed_in(call, made, kind)


@route(blueprint, "POST", "/api/v1/auth/apikey/regenerate", returns=ApiKey)
async def regenerate_key(call: Call) -> ApiKey:
    """Replace the install key; the old one is dead at once."""
    services = call.services
    key = await identity.regenerate_install_key(services.store)
    call.kernel.sockets.end_install_key()
    call.kernel.sign_in.forget_basic()
    return ApiKey(api_key=key)


def _presented() -> tuple[bytes, ...]:
    return tuple(
        digest(value) for value in cookies.session_values(request) if cookies.well_formed(value)
    )


def _arrival(call: Call, kind: str) -> identity.Arrival:
    return identity.Arrival(
        kind=kind,
        idle_s=cookies.idle_s(call.services.settings, kind),
        address=call.peer.address,
        agent=request.headers.get("User-Agent", ""),
        replaces=_presented(),
    )


def _signed_in(call: Call, made: identity.SignedIn, kind: str) -> Response:
    """The answer of every sign-in: both cookies, and the token also in the body."""
    if call.session is not None:
        call.kernel.sockets.end_session(call.session.id)
    secret = call.secret or call.services.store.read(users.door_settings).secret
    token = csrf_token(secret, made.cookie)
    response = json_response(Done(username=made.username, csrf_token=token))
    cookies.grant(
        response,
        base=call.base,
        secure=call.secure,
        value=made.cookie,
        token=token,
        max_age=cookies.idle_s(call.services.settings, kind),
    )
    return response
