"""Environment and one TOML file become one frozen, typed `Settings` (architecture.md 2).

The environment wins over the file. A name in the file is the variable's without `BINDERY_`, in
small letters: `BINDERY_URL_BASE` is `url_base`. Empty means unset. Every switch has one grammar:
1, true, yes, on / 0, false, no, off. A bad value stops the start and is named with its rule,
never with its content, which may be a secret. Source: identity-and-system.md 7.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

PREFIX = "BINDERY_"
CONFIG = "BINDERY_CONFIG"
FILE_NAME = "bindery.toml"

Network: TypeAlias = IPv4Network | IPv6Network

_ON = {"1", "true", "yes", "on"}
_OFF = {"0", "false", "no", "off"}
_PORTS = 65_535
_FORBIDDEN_IN_HEADER = set(";,\r\n")


class SettingsError(Exception):
    """A value that breaks its rule. `key` is the variable or the name in the file."""

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key} must be {rule}")
        self.key = key
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator decides before the start; everything else is a row."""

    data_dir: Path = Path("data")
    db_path: Path = Path("data/bindery.db")
    download_dir: Path = Path("data/downloads")
    download_path_remap: tuple[tuple[str, str], ...] = ()
    host: str = "0.0.0.0"  # noqa: S104 - a household reaches its server from other machines
    port: int = 8787
    url_base: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    trusted_proxy: tuple[Network, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    cookie_secure: Literal["auto", "always", "never"] = "auto"
    frame_ancestors: str = ""
    local_auth_enabled: bool = True
    rate_limit_max_failures: int = 5
    rate_limit_window_minutes: int = 15
    enforce_tenancy: bool = False
    download_allow_loopback: bool = False
    notifications_allow_private: bool = False
    contact: str = ""
    openlibrary_url: str = "https://openlibrary.org"
    openlibrary_covers_url: str = "https://covers.openlibrary.org"
    api_key: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    ignored: tuple[str, ...] = ()
    """`BINDERY_` variables that mean nothing here: shown at start, since most are misspelt."""


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the environment and the file it names (`BINDERY_CONFIG`, else `bindery.toml` in the
    data folder if it is there). Raises `SettingsError`.
    """
    data_dir = _text("data_dir", environ) or "data"
    given = _from_file(_config_path(environ, data_dir))
    ignored: list[str] = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or not text.strip():
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _RULES:
            given[name] = (variable, text.strip())
        elif variable not in _ELSEWHERE:
            ignored.append(variable)
    if environ.get("TZ", "").strip():
        given["timezone"] = ("TZ", environ["TZ"].strip())
    values = {name: _parse(key, text, _RULES[name]) for name, (key, text) in given.items()}
    values.setdefault("data_dir", Path("data"))
    values.setdefault("db_path", values["data_dir"] / "bindery.db")
    values.setdefault("download_dir", values["data_dir"] / "downloads")
    return Settings(**values, ignored=tuple(sorted(ignored)))


# Variables that other parts read for themselves.
_ELSEWHERE = {CONFIG, "BINDERY_FAULT", "BINDERY_FUZZ_SEEDS", "BINDERY_FIXTURES"}


def _text(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(PREFIX + name.upper(), "").strip()


def _config_path(environ: Mapping[str, str], data_dir: str) -> Path | None:
    asked = environ.get(CONFIG, "").strip()
    if asked:
        path = Path(asked)
        if not path.is_file():
            raise SettingsError(CONFIG, "the path of a file that exists")
        return path
    path = Path(data_dir, FILE_NAME)
    return path if path.is_file() else None


def _from_file(path: Path | None) -> dict[str, tuple[str, str]]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"TOML: {error}") from error
    given: dict[str, tuple[str, str]] = {}
    for name, value in document.items():
        key = f"{name} in {path.name}"
        if name not in _RULES:
            raise SettingsError(key, "removed: there is no such setting")
        text = _plain(key, value)
        if text:
            given[name] = (key, text)
    return given


def _plain(key: str, value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value).strip()
        case list():
            parts = cast("list[Any]", value)
            return ",".join(_plain(key, part) for part in parts)
        case _:
            raise SettingsError(key, "a text, a whole number, true or false, or a list of texts")


# -- rules: each takes the text and returns the value, or raises ValueError(rule) --------------

Rule: TypeAlias = Callable[[str], Any]


def _parse(key: str, text: str, rule: Rule) -> Any:
    try:
        return rule(text)
    except ValueError as error:
        raise SettingsError(key, str(error)) from None


def _switch(text: str) -> bool:
    low = text.lower()
    if low not in _ON | _OFF:
        raise ValueError("one of 1, true, yes, on, 0, false, no, off")
    return low in _ON


def _whole(least: int, most: int) -> Rule:
    def rule(text: str) -> int:
        # isdecimal also takes other scripts' digits, and int() underscores; neither is meant.
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return rule


def _one_of(*words: str, **synonyms: str) -> Rule:
    def rule(text: str) -> str:
        low = text.lower()
        word = synonyms.get(low, low)
        if word not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return word

    return rule


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _host(text: str) -> str:
    if any(c in text for c in "/ @\t"):
        raise ValueError("an address or host name to listen on, without port or scheme")
    return text


def _url_base(text: str) -> str:
    """identity-and-system.md 7.1: a path, or a URL of which the path counts."""
    path = text.partition("://")[2].partition("/")[2] if "://" in text else text
    parts = [part for part in path.split("/") if part]
    plain = all(c.isascii() and (c.isalnum() or c in "-_.~") for part in parts for c in part)
    if not plain or any(part in {".", ".."} for part in parts):
        raise ValueError("a path like /bindery, of letters, digits and - . _ ~")
    return "".join(f"/{part}" for part in parts)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part, strict=False) for part in _names(text))
    except ValueError:
        raise ValueError("a comma-separated list of addresses or CIDR networks") from None


def _origin(text: str) -> str:
    message = "a comma-separated list of origins like https://books.example"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    exact = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not exact:
        raise ValueError(message)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + ("" if port in {None, default} else f":{port}")


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_origin(part) for part in _names(text))


def _frame_ancestors(text: str) -> str:
    """security-rulings.md 9; the value goes into a header as it is."""
    message = "'self' or origins separated by spaces, without ; , or line breaks"
    if _FORBIDDEN_IN_HEADER & set(text):
        raise ValueError(message)
    try:
        return " ".join(part if part == "'self'" else _origin(part) for part in text.split())
    except ValueError:
        raise ValueError(message) from None


def _remaps(text: str) -> tuple[tuple[str, str], ...]:
    """`from:to` pairs, split at the first colon (downloads-and-import.md)."""
    pairs: list[tuple[str, str]] = []
    for entry in _names(text):
        there, colon, here = entry.partition(":")
        if not (colon and there.strip() and here.strip()):
            raise ValueError("a comma-separated list of from:to pairs of folders")
        pairs.append((there.strip().rstrip("/") or "/", here.strip().rstrip("/") or "/"))
    return tuple(pairs)


def _header_safe(text: str) -> str:
    if not text.isprintable():
        raise ValueError("printable text on one line")
    return text


def _contact(text: str) -> str:
    """identity-and-system.md 7: no spaces; a bare mail address becomes a mailto."""
    text = _header_safe(text.replace(" ", ""))
    if "@" in text and not text.startswith(("mailto:", "http")):
        return f"mailto:{text}"
    return text


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise ValueError("a time zone like Europe/Berlin") from None


_RULES: dict[str, Rule] = {
    "data_dir": Path,
    "db_path": Path,
    "download_dir": Path,
    "download_path_remap": _remaps,
    "host": _host,
    "port": _whole(0, _PORTS),
    "url_base": _url_base,
    "log_level": _one_of("debug", "info", "warning", "error", warn="warning"),
    "log_format": _one_of("auto", "json", "console"),
    "trusted_proxy": _networks,
    "allowed_hosts": lambda text: _names(text.lower()),
    "allowed_origins": _origins,
    "cookie_secure": _one_of("auto", "always", "never"),
    "frame_ancestors": _frame_ancestors,
    "local_auth_enabled": _switch,
    "rate_limit_max_failures": _whole(1, 1_000_000),
    "rate_limit_window_minutes": _whole(1, 1_000_000),
    "enforce_tenancy": _switch,
    "download_allow_loopback": _switch,
    "notifications_allow_private": _switch,
    "contact": _contact,
    "openlibrary_url": _origin,
    "openlibrary_covers_url": _origin,
    "api_key": _header_safe,
    "metrics_token": _header_safe,
    "timezone": _zone,
}
