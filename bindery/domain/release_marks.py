"""The outside of a release name: wrapping, junk, obfuscation, other media (judgement.md 4, 1-3)."""

import html
import re
from itertools import pairwise

import msgspec

from bindery.domain.release_tables import CONSOLES

_COUNTER = re.compile(r"[\[(]\s?(\d{1,4})\s?[/_]\s?(\d{1,4})\s?[\])]|\b(\d{1,4}) of (\d{1,4})\b")
_NOISE = re.compile(
    r"\byenc\b|[\[(]#?a\.b\.[^\])]{0,40}[\])]|\[\s?#[^\]]{1,60}\]|\[\s?www\.[^\]]{1,60}\]\s?-?"
    r"|\A\s*\(NMR\)|\breq(?:uest)? \d{3,}:?|\b\d+(?:[.,]\d+)? ?[KMG]i?B\b(?!ps)|\bpassword(?= - )",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"([^"]{3,400})"')
_UNDERLINED = re.compile(r"(?:\A|\s)_([^_\s][^_]{2,300}\.\w{2,5})_(?:\s|\Z)")
# A post whose every part stands in square brackets: the longest is the name.
_BRACKETED = re.compile(r"(?:[\s-]*\[[^\[\]]{1,300}\]){2,8}[\s-]*(?:yenc)?[\s-]*\Z", re.IGNORECASE)
_INNER = re.compile(r"\[([^\[\]]{1,300})\]")
_JUNK = re.compile(
    r"\.(?:par2|vol\d+\+\d+(?:\.par2)?|sfv|nfo|srr|part\d+\.rar|r\d\d|srs|diz)\b", re.IGNORECASE
)
# The folder of a collection in front of one of its files: the file is the name.
_CONTAINER = (
    r"(?:collection|bibliography|e?books|audiobooks|complete works|series|sammlung|library)"
)
_FOLDER = re.compile(
    rf"[^\[\](){{}}]{{0,200}}\b{_CONTAINER}/"
    rf"(?!(?:the |complete )*{_CONTAINER}\b)(?=[^/]+ - [^/]+\Z)",
    re.IGNORECASE,
)
_WRAPPER = re.compile(r"\.(?:nzb|torrent|rar|zip|7z)\Z", re.IGNORECASE)
_FILE_ENDING = re.compile(r"\.\w{2,5}\Z")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{16,}\Z", re.IGNORECASE)
_CAMEL = re.compile(r"(?:[A-Z][a-z]{2,}|[A-Z]{2,5}(?![a-z])|\d{1,4}(?!\d))+\Z")

_VIDEO = re.compile(
    r"(?<![a-z0-9])(?:(?:480|576|720|1080|2160)[pi]|[xh][. ]?26[45]|hevc|xvid|divx"
    r"|web[-. ]?(?:dl|rip)"
    r"|hdtv|bdrip|brrip|dvdrip|blu-?ray|remux|s\d{1,2}e\d{1,3}|dvdr|webisode)(?![a-z0-9])"
)
_COMIC = re.compile(
    r"(?<![a-z0-9])(?:cbr(?! ?\d)|cbz|c2c|issue[ ._]#?\d+)(?![a-z0-9])|[\[(]comics?[\])]"
    r"|(?<![a-z])comics?[ ._-]{1,3}e?book|\.comic\.|\(digital\)"
)
_MAGAZINE = re.compile(
    r"(?<![a-z])magazine(?:s)?[ ._\])-]*(?:retail|hybrid|true|e-?book|e?pdf|epub|-\w+\Z|\Z)"
    r"|(?<![a-z])newspaper.{0,40}(?:19|20)\d\d"
)
_MUSIC = re.compile(
    r"(?<![a-z])(?:discograph(?:y|ie)|discograf(?:ia|ía))(?![a-z])"
    r"|[- (\[](?:web|\d?cd|vinyl|ep|lp)(?:-flac)?[- ](?:\w+[- ]){0,2}(?:19|20)\d\d-\w+\Z"
    r"|\A(?:va|various artists) ?[-_]"
)
_SOFTWARE = re.compile(
    r"(?<![a-z0-9])(?:x64|x86|win64|iso|keygen|keymaker|multilingual|multilanguage"
    r"|cracked|incl[ ._]patch)(?![a-z0-9])"
)
_GAME = re.compile(r"(?<![a-z0-9])(?:strategy[ ._]guide|dox|" + CONSOLES + r")(?![a-z0-9])")
_BOOK_WORD = re.compile(
    r"audio ?book|h(?:ö|oe|o)rbuch|e-?book|h(?:ö|oe)rspiel|luisterboek|audiolibro"
)


class Unwrapped(msgspec.Struct, frozen=True):
    """A release name without its posting wrapper."""

    text: str
    junk: bool = False
    part: int = 0
    parts: int = 0


def unwrap(title: str) -> Unwrapped:
    """Take away what posting added: entities, counters, quotes, sizes, container endings."""
    text = html.unescape(title[:1000]).replace("%20", " ")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    if "\\" in text:
        text = text.rsplit("\\", 1)[-1] or text
    if "/" in text and (folder := _FOLDER.match(text)):
        text = text[folder.end() :]
    counter = _COUNTER.search(text)
    part, parts = 0, 0
    if counter:
        part, parts = int(counter[1] or counter[3]), int(counter[2] or counter[4])
        if counter[1]:
            text = _COUNTER.sub(lambda m: " " if m[1] else m[0], text)
    quoted = _QUOTED.search(text) or _UNDERLINED.search(text)
    if quoted and (_FILE_ENDING.search(quoted[1]) or counter or "yenc" in text.casefold()):
        text = quoted[1]
    if _BRACKETED.match(text):
        text = max(_INNER.findall(text), key=len)
    junk = bool(_JUNK.search(text))
    if junk:
        text = _JUNK.sub("", text)
    text = " ".join(_NOISE.sub(" ", text).split())
    previous = None
    while previous != text:
        previous, text = text, _WRAPPER.sub("", text)
    return Unwrapped(text.strip(" -_"), junk, part, parts)


def is_obfuscated(text: str) -> bool:
    """A machine-made name: UUID, hash, or long mixed runs that are no words."""
    bare = _FILE_ENDING.sub("", text) if len(text) > 8 else text
    if text.count("-") >= 4 and _UUID.search(text):
        return True
    tokens = [token for token in re.split(r"[\s._\-\[\]()\"]+", bare) if token]
    if not tokens:
        return False
    if any(_HEX.match(token) and not token.isdecimal() for token in tokens):
        return True
    least = 18 if len(tokens) == 1 else 12
    return all(_random(token, least) for token in tokens)


def _random(token: str, least: int) -> bool:
    mixed = any(c.isdecimal() for c in token) and any(c.isalpha() for c in token)
    cased = not token.islower() and not token.isupper() and not token.istitle()
    if len(token) < least or not token.isascii() or not token.isalnum():
        return False
    if _CAMEL.match(token):
        return False
    return mixed or (cased and least == 18 and _switches(token) > len(token) // 4)


def _switches(token: str) -> int:
    """Changes between lower and upper case: words have few, random text has many."""
    return sum(a.isupper() != b.isupper() for a, b in pairwise(token))


def other_media(text: str, categories: tuple[int, ...] = ()) -> str:
    """Video | comic | magazine | game | music | software | other, '' for a book."""
    low = text.casefold().replace("_", " ")
    for pattern, kind in (
        (_VIDEO, "video"),
        (_COMIC, "comic"),
        (_MAGAZINE, "magazine"),
        (_GAME, "game"),
    ):
        if pattern.search(low):
            return kind
    if not _BOOK_WORD.search(low):
        for pattern, kind in ((_MUSIC, "music"), (_SOFTWARE, "software")):
            if pattern.search(low):
                return kind
    known = [c for c in categories if c > 0]
    if known and all(1000 <= c <= 2999 or 4000 <= c <= 6999 for c in known):
        return "other"
    return ""
