"""The naming engine: a closed grammar, rendered to path segments (judgement.md 8).

template = segment { "/" segment }      segment = { literal | "{{" | "}}" | group }
group = "{" {text} token [":" width] { text | token [":" width] } [":" default] "}"
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import msgspec

TOKENS = {
    name.casefold(): name
    for name in (
        "Author SortAuthor AuthorInitial Title SortTitle Subtitle Year ASIN ISBN Lang Series "
        "SeriesNumber Genre Narrator Publisher Quality Edition OriginalName Part Disc ext"
    ).split()
}
DEFAULT_BOOK = "{Author}/{Title}{ (Year)}/{Title} - {Author}.{ext}"
DEFAULT_AUDIOBOOK_FOLDER = "{Author}/{Title}{ (Year)}"
DEFAULT_TRACK = "{Title} - Part {Part:3}.{ext}"

MAX_TEMPLATE = 1000
MAX_VALUE = 200
MAX_SEGMENT = 214
_KEPT_WHOLE = frozenset(("Year", "ASIN", "ISBN", "SeriesNumber", "Part", "Disc", "ext", "Lang"))
_IDENTIFYING = frozenset(("Title", "ASIN", "ISBN", "OriginalName"))
_WORD = re.compile(r"[A-Za-z]+")
_WIDTH = re.compile(r"\d{1,2}(?![\d.])|0+(?:\.0+)?")
_BAD_LITERAL = frozenset('\\:*?"<>|')
_DROPPED = str.maketrans(dict.fromkeys('*?"<>|'))
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\Z", re.IGNORECASE
)
_EMPTY_PAIR = re.compile(r"\(\s*\)|\[\s*\]")


class TemplateError(msgspec.Struct, frozen=True):
    """A template that is no template: stable code and position (characters from 0)."""

    code: str
    position: int


class RenderError(msgspec.Struct, frozen=True):
    """Valid template, but a segment cannot be made short enough: `segment-too-long`."""

    code: str
    segment: str = ""


class Rendered(msgspec.Struct, frozen=True):
    """A relative path (`/` between segments) that never leaves its root."""

    path: str


class Piece(msgspec.Struct, frozen=True):
    """Part of a group or segment: literal text, or a token with its width."""

    text: str = ""
    token: str = ""
    width: str = ""


class Group(msgspec.Struct, frozen=True):
    """Pieces that vanish together when every token is empty."""

    pieces: tuple[Piece, ...]
    default: str = ""


def parse(template: str) -> tuple[tuple[Piece | Group, ...], ...] | TemplateError:
    """Segments of a template, or the first error with its position."""
    if len(template) > MAX_TEMPLATE:
        return TemplateError("too-long", MAX_TEMPLATE)
    return _parse(template)


@lru_cache(maxsize=256)
def _parse(template: str) -> tuple[tuple[Piece | Group, ...], ...] | TemplateError:
    segments: list[tuple[Piece | Group, ...]] = []
    current: list[Piece | Group] = []
    literal = ""
    at = 0
    while at < len(template):
        char = template[at]
        if template.startswith(("{{", "}}"), at):
            literal, at = literal + char, at + 2
        elif char == "{":
            end = _group_end(template, at)
            if isinstance(end, TemplateError):
                return end
            group = _group(template, at + 1, end)
            if isinstance(group, TemplateError):
                return group
            if literal:
                current.append(Piece(text=literal))
            current.append(group)
            literal, at = "", end + 1
        elif char == "}":
            return TemplateError("stray-brace", at)
        elif char == "/":
            if literal:
                current.append(Piece(text=literal))
            segments.append(tuple(current))
            current, literal, at = [], "", at + 1
        elif char in _BAD_LITERAL or not char.isprintable():
            return TemplateError("bad-literal", at)
        else:
            literal, at = literal + char, at + 1
    if literal:
        current.append(Piece(text=literal))
    segments.append(tuple(current))
    return tuple(segment for segment in segments if segment)


def _group_end(template: str, start: int) -> int | TemplateError:
    for at in range(start + 1, len(template)):
        if template[at] == "{":
            return TemplateError("nested", at)
        if template[at] == "/":
            return TemplateError("slash-in-group", at)
        if template[at] == "}":
            return at
    return TemplateError("unclosed", start)


def _group(template: str, start: int, end: int) -> Group | TemplateError:
    pieces: list[Piece] = []
    default = ""
    at, literal, known = start, "", False
    while at < end:
        word = _WORD.match(template, at, end)
        name = TOKENS.get(word[0].casefold()) if word else None
        if word and name:
            if literal:
                pieces.append(Piece(text=literal))
            literal, known, at = "", True, word.end()
            width = _WIDTH.match(template, at + 1, end) if template[at : at + 1] == ":" else None
            if width:
                pieces.append(Piece(token=name, width=width[0]))
                at = width.end()
            else:
                pieces.append(Piece(token=name))
                if template[at : at + 1] == ":" and at < end:
                    default, at = template[at + 1 : end], end
        elif word:
            literal, at = literal + word[0], word.end()
        elif template[at] in _BAD_LITERAL or not template[at].isprintable():
            return TemplateError("bad-literal", at)
        else:
            literal, at = literal + template[at], at + 1
    if not known:
        return TemplateError("unknown-token", start)
    if literal:
        pieces.append(Piece(text=literal))
    return Group(tuple(pieces), default)


def check(template: str, *, track: bool = False) -> TemplateError | None:
    """May the template be saved? Its leaf must name the book; a track template needs Part."""
    parsed = parse(template)
    if isinstance(parsed, TemplateError):
        return parsed
    if not parsed:
        return TemplateError("empty", 0)
    leaf = {p.token for g in parsed[-1] if isinstance(g, Group) for p in g.pieces}
    if track:
        return None if "Part" in leaf else TemplateError("part-missing", len(template))
    return None if leaf & _IDENTIFYING else TemplateError("leaf-unnamed", len(template))


def clean_value(value: str, *, colon: str = "-") -> str:
    """A value as it may stand in a segment: NFC, no control or reserved characters, 200 bytes."""
    text = unicodedata.normalize("NFC", value[:2000])
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn", "Co"))
    text = text.translate(_DROPPED).replace("/", "-").replace("\\", "-").replace(":", colon)
    text = " ".join(text.split())
    return "" if text in (".", "..") else _cut_bytes(text, MAX_VALUE)


def _cut_bytes(text: str, limit: int) -> str:
    """Cut at a character boundary, never between a base and its marks."""
    data = text.encode()
    if len(data) <= limit:
        return text
    cut = data[: max(limit, 0)].decode(errors="ignore")
    while cut and unicodedata.combining(text[len(cut)]):
        cut = cut[:-1]
    return cut.rstrip()


def render(
    template: str, fields: Mapping[str, str], *, colon: str = "-"
) -> Rendered | TemplateError | RenderError:
    """Render a template. ``fields``: token name (any case) to value; unknown names are ignored."""
    parsed = parse(template)
    if isinstance(parsed, TemplateError):
        return parsed
    known = {name.casefold(): value for name, value in fields.items()}
    values = {name: clean_value(known.get(key, ""), colon=colon) for key, name in TOKENS.items()}
    out: list[str] = []
    for segment in parsed:
        text = _fit(segment, values)
        if text is None:
            return RenderError("segment-too-long", _segment(segment, values)[:80])
        if text:
            out.append(text)
    extension = values["ext"] if parsed and _uses(parsed[-1], "ext") else ""
    if out and not _stem(out[-1], extension):
        out[-1] = f"Unknown.{extension}" if extension else "Unknown"
    return Rendered("/".join(out) or "Unknown")


def _uses(segment: tuple[Piece | Group, ...], token: str) -> bool:
    return any(p.token == token for g in segment if isinstance(g, Group) for p in g.pieces)


def _stem(text: str, ext: str) -> str:
    """What is left of a leaf without its extension and punctuation."""
    bare = text.removesuffix(f".{ext}") if ext else text
    return "" if bare == ext else bare.strip(" .-_")


def _fit(segment: tuple[Piece | Group, ...], values: dict[str, str]) -> str | None:
    """Render one segment; while it is too long the longest value loses characters."""
    values = dict(values)
    text = _segment(segment, values)
    while len(text.encode()) > MAX_SEGMENT:
        used = {p.token for g in segment if isinstance(g, Group) for p in g.pieces if p.token}
        free = [n for n in used if n not in _KEPT_WHOLE and len(values[n]) > 1]
        if not free:
            return None
        longest = max(free, key=lambda name: (len(values[name].encode()), name))
        values[longest] = _cut_bytes(values[longest], len(values[longest].encode()) - 1)
        text = _segment(segment, values)
    return text


def _segment(segment: tuple[Piece | Group, ...], values: dict[str, str]) -> str:
    out, dropped = "", False
    for item in segment:
        if isinstance(item, Group):
            text = _group_text(item, values)
            dropped = dropped or not text
        elif dropped and not out:
            text = item.text.lstrip(" -_")  # empty groups at the start take their glue along
        else:
            text = item.text
        out += text
    out = " ".join(_EMPTY_PAIR.sub("", out).split())
    return _safe(out)


def _group_text(group: Group, values: dict[str, str]) -> str:
    if not any(values[p.token] for p in group.pieces if p.token):
        return clean_value(group.default)
    out = ""
    for piece in group.pieces:
        out += _pad(values[piece.token], piece.width) if piece.token else piece.text
    return out


def _pad(value: str, width: str) -> str:
    """Pad digits, keep decimals, never cut: (`2`, `00.0`) -> `02.0`."""
    found = re.match(r"(\d+)(\.\d+)?\Z", value) if width else None
    if not found:
        return value
    whole, decimals = found[1], found[2] or ""
    if width.startswith("0"):
        left, _, right = width.partition(".")
        padded = whole.zfill(len(left))
        if right:
            decimals = "." + decimals.lstrip(".").ljust(len(right), "0")
        return padded + decimals
    return whole.zfill(int(width)) + decimals


def _safe(segment: str) -> str:
    """No dot first, no dot or blank last, no DOS device name."""
    text = segment.strip().lstrip(". ").rstrip(". ")
    stem, dot, rest = text.partition(".")
    return f"{stem}_{dot}{rest}" if _RESERVED.match(stem.strip()) else text
