"""Descriptions as providers write them, without their markup (catalogue.md 5.6)."""

import html
import re

MAX_LENGTH = 20_000
"""Characters that are looked at; more is cut."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:p|div|ul|ol|li|h[1-6]|blockquote|table|tr|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
_RUNS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")


def plain_text(text: str) -> str:
    """Entities decoded, `<br>` a new line, blocks a blank line, other tags gone."""
    text = text[:MAX_LENGTH]
    text = _TAG.sub("", _BLOCK.sub("\n\n", _BREAK.sub("\n", text)))
    lines = _RUNS.sub(" ", html.unescape(text)).split("\n")
    return _LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()
