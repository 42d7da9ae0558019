"""The decision tables of security-rulings.md 2, in full."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from bindery.domain.door import (
    Access,
    Browser,
    Denial,
    Identity,
    KeyScope,
    Knock,
    Mode,
    Tree,
    Verified,
    decide,
    key_sources,
    live_origin,
    origin_gate,
)
from bindery.domain.peers import Peer, PeerClass
from bindery.domain.principal import Role, Via

LOCAL = Peer("192.168.1.5", PeerClass.local, "192.168.1.5")
REMOTE = Peer("8.8.8.8", PeerClass.remote, "8.8.8.8")
PROXY = Peer("8.8.4.4", PeerClass.remote, "10.0.0.1", trusted=True)

INSTALL = Identity(Via.INSTALL_KEY, 1, Role.ADMIN)
SESSION = Identity(Via.SESSION, 2, Role.USER)
ADMIN_SESSION = Identity(Via.SESSION, 1, Role.ADMIN)
PROVEN = Identity(Via.PROXY, 3, Role.USER)


def named(scope: KeyScope, role: Role) -> Identity:
    return Identity(Via.NAMED_KEY, 2, role, scope)


def knock(**more: Any) -> Knock:
    given: dict[str, Any] = {
        "tree": Tree.api,
        "mode": Mode.enabled,
        "peer": REMOTE,
        "method": "GET",
        "access": Access.user,
        "verified": Verified(operator=1),
    }
    return Knock(**{**given, **more})


def outcome(verdict: Identity | Denial) -> str | int:
    return verdict.status if isinstance(verdict, Denial) else verdict.via.value


def code_of(one: Knock) -> str:
    verdict = decide(one)
    assert isinstance(verdict, Denial)
    return verdict.code


# Table "Principal by mode": columns, then rows.
COLUMNS = {
    "enabled": {"mode": Mode.enabled, "peer": REMOTE},
    "local": {"mode": Mode.local_only, "peer": LOCAL},
    "other": {"mode": Mode.local_only, "peer": REMOTE},
    "disabled": {"mode": Mode.disabled, "peer": REMOTE},
    "proven": {"mode": Mode.proxy, "peer": PROXY},
    "unproven": {"mode": Mode.proxy, "peer": REMOTE},
}
BY_MODE = [
    ("nothing", {}, True, [401, "trusted", 401, "trusted", "proxy", 401]),
    ("session", {"session": SESSION}, True, [*["session"] * 4, "proxy", "session"]),
    ("key", {"key": INSTALL, "session": SESSION}, True, ["install_key"] * 6),
    ("key alone", {"key": INSTALL}, True, ["install_key"] * 6),
    ("foreign host", {}, False, [401, 403, 401, 403, "proxy", 401]),
    ("foreign host, session", {"session": SESSION}, False, [*["session"] * 4, "proxy", "session"]),
    ("unreadable", {"faulty": True}, True, [500, 500, 500, 500, "proxy", 500]),
    ("unreadable, key", {"faulty": True, "key": INSTALL}, True, ["install_key"] * 6),
]


@pytest.mark.parametrize(
    ("shown", "host_ok", "column", "expected"),
    [
        (shown, host_ok, column, expected)
        for _, shown, host_ok, row in BY_MODE
        for column, expected in zip(COLUMNS, row, strict=True)
    ],
    ids=[f"{row[0]}-{column}" for row in BY_MODE for column in COLUMNS],
)
def test_who_somebody_is_by_mode(shown, host_ok, column, expected) -> None:
    # An identity header is verified in every column; only mode proxy from a trusted peer uses it.
    verified = Verified(operator=1, proxy=PROVEN, **shown)
    asked = knock(**COLUMNS[column], verified=verified, host_ok=host_ok)
    assert outcome(decide(asked)) == expected


def test_a_trusted_caller_is_the_operator_with_admin_role() -> None:
    who = decide(knock(mode=Mode.disabled, verified=Verified(operator=4)))
    assert who == Identity(Via.TRUSTED, 4, Role.ADMIN)


def test_a_fault_leaves_public_routes_open_to_strangers() -> None:
    who = decide(knock(access=Access.public, verified=Verified(faulty=True)))
    assert outcome(who) == "anonymous"


# Table "principal x class". "X" = needs X-Requested-With; "XC" = and the session's token.
PRINCIPALS = {
    "anonymous": Verified(),
    "trusted": Verified(operator=1),
    "session user": Verified(session=SESSION),
    "session admin": Verified(session=ADMIN_SESSION),
    "install key": Verified(key=INSTALL),
    "named write user": Verified(key=named(KeyScope.write, Role.USER)),
    "named write admin": Verified(key=named(KeyScope.write, Role.ADMIN)),
    "named read user": Verified(key=named(KeyScope.read, Role.USER)),
    "named read admin": Verified(key=named(KeyScope.read, Role.ADMIN)),
    "named opds": Verified(key=named(KeyScope.opds, Role.ADMIN)),
}
#                     P      U safe U other  A get   A post   live   opds   facade  metrics
CLASSES = {
    "anonymous": ("pass", 401, 401, 401, 401, 401, 401, 401, 401),
    "trusted": ("pass", "pass", "X", "pass", "X", "pass", "pass", 401, "pass"),
    "session user": ("pass", "pass", "XC", 403, "403 after XC", "pass", "pass", 401, 403),
    "session admin": ("pass", "pass", "XC", "pass", "XC", "pass", "pass", 401, "pass"),
    "install key": ("pass",) * 9,
    "named write user": ("pass", "pass", "pass", 403, 403, "pass", "pass", "pass", 403),
    "named write admin": ("pass",) * 9,
    "named read user": ("pass", "pass", 403, 403, 403, "pass", "pass", 403, 403),
    "named read admin": ("pass", "pass", 403, "pass", 403, "pass", "pass", 403, "pass"),
    "named opds": ("pass", 403, 403, 403, 403, 403, "pass", 403, 403),
}
ASKED = {
    "P": {"access": Access.public},
    "U safe": {"access": Access.user},
    "U other": {"access": Access.user, "method": "POST"},
    "A get": {"access": Access.admin},
    "A post": {"access": Access.admin, "method": "POST"},
    "live": {"tree": Tree.live},
    "opds": {"tree": Tree.opds, "access": Access.opds},
    "facade": {"tree": Tree.facade, "method": "POST"},
    "metrics": {"tree": Tree.metrics, "access": Access.metrics},
}


@pytest.mark.parametrize(
    ("who", "column"), list(product(PRINCIPALS, ASKED)), ids=lambda value: value
)
def test_what_a_principal_may_do(who, column) -> None:
    expected = CLASSES[who][list(ASKED).index(column)]
    mode = Mode.disabled if who == "trusted" else Mode.enabled
    plain = knock(**ASKED[column], mode=mode, verified=PRINCIPALS[who])
    marked = replace(plain, browser=Browser(requested_with="bindery-ui"))
    full = replace(plain, browser=Browser(requested_with="bindery-ui", token_good=True))

    def code(asked: Knock) -> int | str:
        verdict = decide(asked)
        return verdict.status if isinstance(verdict, Denial) else "pass"

    match expected:
        case "X":
            assert (code(plain), code(marked)) == (403, "pass")
        case "XC":
            assert (code(plain), code(marked), code(full)) == (403, 403, "pass")
        case "403 after XC":
            assert code_of(plain) == "forbidden"
            assert code_of(marked) == "csrf"
            assert code_of(full) == "admin_required"
        case _:
            assert code(plain) == expected


def test_a_named_key_reads_the_facade() -> None:
    asked = knock(tree=Tree.facade, verified=PRINCIPALS["named read user"])
    assert outcome(decide(asked)) == "named_key"


def test_facade_knows_keys_only() -> None:
    for mode in Mode:
        asked = knock(
            tree=Tree.facade, mode=mode, peer=LOCAL, verified=Verified(session=ADMIN_SESSION)
        )
        assert outcome(decide(asked)) == 401


@pytest.mark.parametrize(
    ("token", "peer", "verified", "expected"),
    [
        (None, LOCAL, Verified(), "anonymous"),
        (None, REMOTE, Verified(), 401),
        (None, REMOTE, Verified(session=SESSION), 403),
        (None, REMOTE, Verified(session=ADMIN_SESSION), "session"),
        (True, REMOTE, Verified(), "anonymous"),
        (False, LOCAL, Verified(), 401),
        (False, REMOTE, Verified(key=INSTALL), "install_key"),
    ],
)
def test_class_m(token, peer, verified, expected) -> None:
    asked = knock(
        tree=Tree.metrics,
        access=Access.metrics,
        peer=peer,
        verified=verified,
        metrics_token=token,
    )
    assert outcome(decide(asked)) == expected


def test_opds_always_asks_for_basic() -> None:
    asked = knock(tree=Tree.opds, access=Access.opds, mode=Mode.disabled, host_ok=False)
    verdict = decide(asked)
    assert isinstance(verdict, Denial)
    assert (verdict.status, verdict.challenge) == (401, True)


def test_basic_counts_on_opds_only() -> None:
    shown = Verified(basic=Identity(Via.BASIC, 2, Role.USER, KeyScope.read))
    opds = knock(tree=Tree.opds, access=Access.opds, verified=shown)
    assert outcome(decide(opds)) == "basic"
    assert outcome(decide(knock(verified=shown))) == 401


def test_the_refusals_name_their_reason() -> None:
    host = decide(knock(mode=Mode.disabled, host_ok=False))
    assert isinstance(host, Denial)
    assert "BINDERY_ALLOWED_HOSTS" in host.text
    proxied = decide(knock(peer=Peer("8.8.8.8", PeerClass.unknown, "8.8.8.8", stripped=True)))
    assert isinstance(proxied, Denial)
    assert (proxied.status, proxied.code, proxied.text) == (401, "untrusted_proxy", "unauthorized")
    keyed = knock(access=Access.admin, own_session=True, verified=PRINCIPALS["named write admin"])
    assert code_of(keyed) == "session_required"


def test_unknown_routes_take_the_same_door() -> None:
    assert outcome(decide(knock(access=None))) == 401
    assert outcome(decide(knock(access=None, method="OPTIONS"))) == 401
    assert outcome(decide(knock(access=None, verified=Verified(session=SESSION)))) == "session"


OWN: dict[str, Any] = {"host": "books.example:8787"}


@pytest.mark.parametrize(
    ("browser", "good"),
    [
        (Browser(**OWN), True),
        (Browser(**OWN, origin="http://books.example:8787"), True),
        (Browser(host="books.example", origin="https://books.example"), True),
        (Browser(host="books.example:443", origin="https://books.example"), True),
        (Browser(**OWN, origin="http://books.example"), False),
        (Browser(**OWN, origin="http://evil.example:8787"), False),
        (Browser(**OWN, origin="null"), False),
        (Browser(**OWN, origin="http://evil.example:8787", fetch_site="same-origin"), True),
        (Browser(**OWN, fetch_site="cross-site"), False),
        (Browser(**OWN, fetch_site="same-site", origin="http://books.example:8787"), False),
        (Browser(**OWN, fetch_site="none"), True),
        (
            Browser(
                **OWN,
                origin="https://ui.example",
                fetch_site="cross-site",
                allowed_origins=("https://ui.example",),
            ),
            True,
        ),
    ],
)
def test_gate_o(browser, good) -> None:
    assert origin_gate(browser) is good
    verdict = decide(
        knock(
            method="POST",
            verified=Verified(session=SESSION),
            browser=replace(browser, requested_with="bindery-ui", token_good=True),
        )
    )
    assert outcome(verdict) == ("session" if good else 403)


def test_gate_o_holds_for_login_too() -> None:
    login = {"access": Access.public, "exempt": True, "method": "POST"}
    assert outcome(decide(knock(**login))) == "anonymous"
    foreign = Browser(host="books.example", origin="http://evil.example")
    assert outcome(decide(knock(**login, browser=foreign))) == 403
    keyed = knock(**login, browser=foreign, verified=Verified(key=INSTALL))
    assert outcome(decide(keyed)) == "install_key"


@pytest.mark.parametrize(
    ("browser", "via", "good"),
    [
        (Browser(**OWN), Via.INSTALL_KEY, True),
        (Browser(**OWN), Via.TRUSTED, True),
        (Browser(**OWN), Via.SESSION, False),
        (Browser(**OWN), Via.PROXY, False),
        (Browser(**OWN, origin="http://books.example:8787"), Via.SESSION, True),
        (Browser(**OWN, origin="http://evil.example"), Via.TRUSTED, False),
        (Browser(**OWN, origin="http://evil.example"), Via.INSTALL_KEY, False),
        (Browser(host="b.example", origin="http://b.example", scheme="https"), Via.SESSION, False),
        (Browser(host="b.example", origin="https://b.example", scheme="https"), Via.SESSION, True),
    ],
)
def test_live_origin(browser, via, good) -> None:
    assert live_origin(browser, via) is good


@pytest.mark.parametrize(
    ("tree", "method", "header", "authorization", "query", "expected"),
    [
        (Tree.api, "GET", ["k"], ["Bearer b"], ["q"], ("k",)),
        (Tree.api, "GET", [""], ["Bearer b"], ["q"], ("b", "q")),
        (Tree.api, "POST", [], [], ["q"], ()),
        (Tree.api, "HEAD", [], [], ["q"], ("q",)),
        (Tree.api, "GET", ["a", "b"], [], ["q"], ()),
        (Tree.api, "GET", ["a", "a"], [], [], ("a",)),
        (Tree.api, "GET", [], [], ["a", "b"], ()),
        (Tree.api, "GET", [], ["Basic eDp5"], ["q"], ("q",)),
        (Tree.live, "GET", [], [], ["q"], ()),
        (Tree.live, "GET", [], ["Bearer b"], ["q"], ("b",)),
        (Tree.opds, "POST", [], [], ["q"], ("q",)),
        (Tree.facade, "DELETE", [], [], ["q"], ("q",)),
        (Tree.metrics, "GET", [], ["bearer b"], ["q"], ("b", "q")),
        (Tree.calendar, "GET", ["h"], ["Bearer b"], ["q"], ("q", "h")),
        (Tree.app, "GET", ["h"], ["Bearer b"], ["q"], ()),
    ],
)
def test_key_sources(tree, method, header, authorization, query, expected) -> None:
    assert key_sources(tree, method, header, authorization, query) == expected
