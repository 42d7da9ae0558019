"""Rejections as the wire says them: class by name, values under speaking keys, English text.

The browser has its own sentences by code; tools read the text (acquisition.md 6.7).
"""

from collections.abc import Mapping

from bindery.domain.rules import Rejection
from bindery.domain.wire.search import WireRejection

CLASSES: Mapping[str, str] = {"H": "hard", "S": "soft", "A": "approval", "T": "temporary"}

_KEYS: Mapping[str, tuple[str, str]] = {
    "protocol-disabled": ("enabled", "protocol"),
    "no_client_for_protocol": ("available", "protocol"),
    "wrong-media-type": ("wanted", "found"),
    "format-not-wanted": ("allowed", "format"),
    "language": ("allowed", "found"),
    "language-unknown": ("allowed", "found"),
    "size-min": ("min", "size"),
    "size-max": ("max", "size"),
    "bitrate-min": ("min", "bitrate"),
    "custom-format-score": ("min", "score"),
    "retention": ("max", "days"),
    "min-age": ("min", "minutes"),
    "seeders": ("min", "seeders"),
    "free-space": ("needed", "free"),
    "unsure": ("min", "confidence"),
}
"""Per code, the names of what was wanted and what was found; else `wanted` and `found`."""

_TEXTS: Mapping[str, str] = {
    "obfuscated": "the name is obfuscated",
    "usenet-junk": "looks like a raw per-article posting",
    "not-book-content": "not a book",
    "dangerous": "dangerous file type",
    "password": "password protected",
    "not-the-book": "another book: {found}",
    "unsure": "not certain that it is this book",
    "pack": "a pack of several books",
    "blocklisted": "release is blocklisted",
    "no_client_for_protocol": "no enabled {protocol} download client configured",
    "protocol-disabled": "{protocol} disabled in delay profile",
    "indexer-blocked": "the indexer is paused",
    "wrong-media-type": "it is {found}, wanted is {wanted}",
    "format-not-wanted": 'format "{format}" not in quality profile',
    "language": 'release language "{found}" not in allowed list',
    "language-unknown": "release language unknown",
    "size-min": "release size {size} B below minimum {min} B",
    "size-max": "release size {size} B above maximum {max} B",
    "bitrate-min": "bit rate {bitrate} below minimum {min}",
    "required-term": "does not contain one of the required terms",
    "ignored-term": "contains the ignored term {found}",
    "custom-format-score": "custom format score {score} below minimum {min}",
    "retention": "older than the retention of {max} days",
    "min-age": "younger than {min} minutes",
    "early-release": "published too long before the book",
    "seeders": "not enough seeders: {seeders}, minimum {min}",
    "freeleech-hold": "freeleech hold",
    "not-monitored": "not monitored",
    "recent-grab": "grabbed in the last 12 h",
    "already-present": "book already imported",
    "cutoff-met": "the existing file meets the quality cutoff",
    "upgrade-off": "the profile does not allow upgrades",
    "not-better": "not better than the existing file",
    "queued-better": "as good a release is already in the queue",
    "already-imported": "book already imported",
    "free-space": "not enough free space",
    "delay": "delay not met",
}


def rejection_wire(rejection: Rejection) -> WireRejection:
    """One rejection for the wire."""
    wanted, found = _KEYS.get(rejection.code, ("wanted", "found"))
    params: dict[str, object] = dict(rejection.params)
    for key, value in ((wanted, rejection.wanted), (found, rejection.found)):
        if value:
            params.setdefault(key, _number(value))
    text = _TEXTS.get(rejection.code, rejection.code.replace("-", " "))
    return WireRejection(
        code=rejection.code,
        klass=CLASSES[rejection.klass],
        params=params,
        text=text.format_map(_Blanks(params)),
    )


class _Blanks(dict[str, object]):
    """A value that is not known reads as `?`."""

    def __missing__(self, key: str) -> str:
        return "?"


def _number(value: str) -> int | float | str:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except ValueError:
        return value
    return number if number == number and abs(number) != float("inf") else value  # noqa: PLR0124
