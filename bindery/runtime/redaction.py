"""Secrets out of any text: what is logged, and what health tells of a crash."""

import re

MASK = "********"

_URL = re.compile(
    r"\b([a-z][a-z0-9+.-]{1,15}://)(?:[^\s/@?#'\"]*@)?([^\s?#'\"<>]*)(\?[^\s#'\"<>]*)?"
)
_PAIR = re.compile(
    r"\b(api_?key|password|token|secret|passkey|torrent_pass|authkey)=[^&\s'\"<>]+", re.IGNORECASE
)


def redact_text(text: str) -> str:
    """Mask query values and user info of every URL in a text, and `key=value` secrets."""
    if "://" in text:
        text = _URL.sub(_masked_url, text)
    return _PAIR.sub(lambda match: f"{match[1]}={MASK}", text) if "=" in text else text


def _masked_url(match: re.Match[str]) -> str:
    query = match[3] or ""
    names = [part.partition("=")[0] for part in query[1:].split("&")] if query else []
    masked = "?" + "&".join(f"{name}={MASK}" for name in names) if names else ""
    return f"{match[1]}{match[2]}{masked}"
