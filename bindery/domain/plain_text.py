"""Descriptions as providers write them, without their markup (catalogue.md 5.6)."""

import html
import re

MAX_LENGTH = 20_000
"""Characters that are looked at; more is cut."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:p|div|ul|ol|li|h[1-6]|blockquote|table|tr|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
_LINES = re.compile(r"\n{3,}")


def plain_text(text: str) -> str:
    """Entities decoded, `<br>` a new line, blocks a blank line, other tags gone."""
    text = text[:MAX_LENGTH]
    if "<" in text:
        text = _TAG.sub("", _BLOCK.sub("\n\n", _BREAK.sub("\n", text)))
    lines = html.unescape(text).split("\n")
    return _LINES.sub("\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()
