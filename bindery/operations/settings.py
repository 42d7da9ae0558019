"""Settings that people change while Bindery runs: a declared registry (identity-and-system.md 6).

A key that is not declared here does not exist, but for `ui.*`, which belongs to the browser. What
the registry calls hidden is never listed, read or written here: it has an operation of its own.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from bindery.domain import languages
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import settings_rows
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

Visibility: TypeAlias = Literal["user", "admin"]
Check: TypeAlias = Callable[[str], bool]
MAX_VALUE = 20_000
UI_PREFIX = "ui."
LANGUAGES = "metadata.allowed_languages"
UNKNOWN_LANGUAGE = "metadata.unknown_language"


class Known(msgspec.Struct, frozen=True):
    """One declared setting. Every value is text; an empty one means the default."""

    default: str
    fits: Check
    visibility: Visibility = "admin"


class SettingRow(msgspec.Struct, frozen=True):
    """What a reader sees: the stored value or the default; `updated_at` None = default."""

    key: str
    value: str
    updated_at: int | None = None


def _any(_text: str) -> bool:
    return True


def _one_of(*values: str) -> Check:
    return lambda text: text in values


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text[:12]) > 0


def _languages(text: str) -> bool:
    return all(piece.strip().replace("-", "").isalpha() for piece in text.split(",") if piece)


_UNITS = {"h": 3600, "m": 60, "s": 1}


def _duration(low_h: int, high_h: int) -> Check:
    def fits(text: str) -> bool:
        seconds = duration_s(text)
        return seconds is not None and low_h * 3600 <= seconds <= high_h * 3600

    return fits


def duration_s(text: str) -> int | None:
    """`90m`, `1h30m` in seconds; None when it is no duration."""
    total, digits = 0, ""
    for char in text:
        if char.isascii() and char.isdecimal() and len(digits) < 9:
            digits += char
        elif char in _UNITS and digits:
            total, digits = total + int(digits) * _UNITS[char], ""
        else:
            return None
    return total if text and not digits else None


_BOOL = _one_of("true", "false")

KNOWN: dict[str, Known] = {
    "default.media_type": Known("ebook", _one_of("ebook", "audiobook", "both"), "user"),
    "default.media_type_strict": Known("false", _BOOL, "user"),
    "author.default_monitor_mode": Known("all", _one_of("all", "future", "latest", "none"), "user"),
    "author.default_monitor_latest_count": Known("1", _whole, "user"),
    "library.defaultRootFolderId": Known("", _whole, "user"),
    "metadata.primary_provider": Known("openlibrary", _one_of("openlibrary")),
    LANGUAGES: Known("eng", _languages, "user"),
    UNKNOWN_LANGUAGE: Known("pass", _one_of("pass", "fail"), "user"),
    "search.feeds": Known("true", _one_of("true", "false")),
    "search.interval": Known("12h", _duration(1, 168)),
    "search.preferredLanguage": Known("", _languages),
    "autoGrab.enabled": Known("true", _BOOL),
    "stall.timeout_minutes": Known("120", _whole),
    "log.retention_days": Known("", _whole),
    "history.keepDays": Known("730", _whole),
    "recycleBinDays": Known("7", _whole),
    "backup.keep": Known("7", _whole),
    "naming.bookTemplate": Known("", _any),
    "naming_template_audiobook": Known("", _any),
    "naming.audiobook_file_template": Known("", lambda text: "{Part" in text),
    "import.mode": Known("auto", _one_of("auto", "move", "copy", "hardlink")),
    "import.audiobook.flatten_multi_disc": Known("false", _BOOL),
    "telemetry.enabled": Known("false", _one_of("false")),
}


def declared(key: str) -> Known | None:
    """What is known of a key; `ui.*` is the browser's own."""
    if key.startswith(UI_PREFIX) and 3 < len(key) <= 100:
        return Known("", _any, "user")
    return KNOWN.get(key)


def list_settings(reader: Reader, who: Principal) -> list[SettingRow]:
    """Every setting that the caller may see, by key."""
    stored = {row.key: row for row in settings_rows.list_settings(reader)}
    keys = {*KNOWN, *(key for key in stored if key.startswith(UI_PREFIX))}
    return [_row(key, stored.get(key)) for key in sorted(keys) if _visible(key, who)]


def find_setting(reader: Reader, who: Principal, key: str) -> SettingRow | Refusal:
    """One setting; what is hidden from the caller does not exist."""
    if not _visible(key, who):
        return refuse(Code.UNKNOWN_SETTING, value=key)
    return _row(key, settings_rows.find_setting(reader, key))


async def put_setting(store: Store, who: Principal, key: str, value: str) -> SettingRow | Refusal:
    """Store a value; an empty one is the default again. Refusals: `unknown_setting`, `invalid`."""
    known = declared(key)
    if known is None:
        return refuse(Code.UNKNOWN_SETTING, value=key)
    text = value.strip()
    if len(value) > MAX_VALUE or (text and not known.fits(text)):
        return refuse(Code.INVALID, "value", key=key)

    def work(tx: Tx) -> SettingRow:
        if text:
            settings_rows.put_setting_in(tx, key, text, who.by)
        else:
            settings_rows.delete_settings_in(tx, [key])
        return _row(key, settings_rows.find_setting(tx, key))

    return await store.write(work)


async def reset_setting(store: Store, key: str) -> Refusal | None:
    """Back to the default."""
    if declared(key) is None:
        return refuse(Code.UNKNOWN_SETTING, value=key)
    await store.write(lambda tx: settings_rows.delete_settings_in(tx, [key]))
    return None


def _visible(key: str, who: Principal) -> bool:
    known = declared(key)
    return known is not None and (known.visibility == "user" or who.is_admin)


def _row(key: str, stored: settings_rows.Setting | None) -> SettingRow:
    if stored is not None:
        return SettingRow(key, stored.value, stored.updated_at)
    known = declared(key)
    return SettingRow(key, known.default if known else "")


def languages_allowed(reader: Reader) -> tuple[str, ...]:
    """Languages of works that a sync takes and a mode counts; empty = every language."""
    text = setting(reader, LANGUAGES, KNOWN[LANGUAGES].default)
    return tuple(sorted(languages.parse_allowed(text)))


def unknown_language_fails(reader: Reader) -> bool:
    """Whether a work without a language is left out."""
    return setting(reader, UNKNOWN_LANGUAGE, "pass") == "fail"
