"""Tags of a release name: brackets, tail, group, ids (judgement.md 4, steps 4-10)."""

import re
from dataclasses import dataclass, field

from bindery.domain import languages
from bindery.domain.identifiers import asin, isbn13
from bindery.domain.release_tables import (
    AUDIO_FORMATS,
    FORMAT_ALIASES,
    FORMATS,
    GROUP_SUFFIXES,
    NATIVE_BOOK_WORDS,
    PERIODICAL_WORDS,
    SAMPLE,
    SHY_FORMATS,
    TAGS,
    ZONE_WORDS,
)
from bindery.domain.text import fold

_JOINED = re.compile(
    r"\b(graphic)[ ._-](audio)\b|\b(full)[ ._-](cast)\b|\b(livre)[ ._-](audio)\b"
    r"|\b(audio)[ ._-](books?)\b|\b(e)-(books?)\b|\b(drm)[ ._-](free)\b",
    re.IGNORECASE,
)
_BITRATE = re.compile(
    r"(?<!\w)(?<!\W\d\.)@?(\d{2,3})(?:[ ._]?k(?:bps|bit/?s|bits?|b/s)?|[ ._]k(?:bps|bit))(?![\w])"
    r"|@(\d{2,3})\b",
    re.IGNORECASE,
)
_BARE_RATE = re.compile(r"[)\]]\s*(64|96|128|160|192|224|256|320)\Z")
_RATE = re.compile(r"@?\d{2,3}k(?:bps|bit)?\Z")
_ISBN = re.compile(r"(?<![\w-])(97[89][-\s]?(?:\d[-\s]?){9}\d|\d{9}[\dXx])(?![\w-])")
_ASIN = re.compile(r"(?<!\w)(B[0-9A-Z]{9})(?!\w)")
YEAR = re.compile(r"(1[89]\d\d|20\d\d)\Z")
_DATE = re.compile(r"(?<!\d)(\d{1,2})[. ](\d{1,2})[. ]((?:19|20)\d\d)(?!\d)")
_YEAR_RANGE = re.compile(r"(?<!\d)(?:19|20)\d\d[ _]?[-–][ _]?(?:19|20)\d\d(?!\d)")
_YEAR_FIELD = re.compile(r"(?<=[^\s-])-((?:19|20)\d\d)-(?=[^\s-].*-)")
VERSION = re.compile(r"v(\d{1,2})(?:\.\d{1,2})?\Z")
_LONG_VERSION = re.compile(r"v\d{1,3}(?:\.\d{1,4}){1,4}\Z")
_GROUP = re.compile(r"[ ]?-([A-Za-z0-9]{1,20})\Z")
# What indexers and uploaders hang behind the group.
_SUFFIX = re.compile(
    rf"(?:-(?:{GROUP_SUFFIXES}))+\Z|_iNT\Z|[ ._-]*\[[\w.-]{{2,20}}\.\w{{2,4}}\]\Z"
    r"|(?<=-\w{3})(?<!\s)\s*\((?:REQ|repost|reup)\)\Z|\s+\((?:REQ|repost|reup)\)\Z"
    r"|(?<=[A-Za-z0-9])[ ._]*\[(?:eztv|rartv|rarbg|ettv|tgx|glt|req)\][ ._-]*\Z",
    re.IGNORECASE,
)
_BEHIND_GROUP = re.compile(r"(-[A-Za-z0-9]{2,20})[ .](\w{4,12})\Z")
_LEADING_GROUP = re.compile(r"\A\[([A-Za-z][A-Za-z-]{1,19})\]\s*(?=\S)")
_LEADING_GENRE = re.compile(r"\A\s*\([^()\d]{3,40}\)\s+(?=[^\s-].* - )")
_ONLY_NUMBER = re.compile(r"#?(\d{1,3}(?:\.\d{1,2})?)\Z")
MONTHS = frozenset(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec januar februar marz maerz mai juni juli "
    "oktober dezember".split()
)


@dataclass(slots=True)
class Facts:
    """What was read so far; one per parse, filled step by step."""

    formats: list[str] = field(default_factory=list[str])
    languages: list[str] = field(default_factory=list[str])
    inferred: str = ""
    year: int | None = None
    year_open: bool = False
    bitrate: int | None = None
    retail: bool = False
    abridged: bool | None = None
    dramatised: bool = False
    audio: bool = False
    audio_word: bool = False
    ebook: bool = False
    vip: bool = False
    revision: int = 1
    group: str = ""
    isbn: str = ""
    asin: str = ""
    narrators: list[str] = field(default_factory=list[str])
    series: str = ""
    position: str = ""
    position_end: str = ""
    title_first: bool = False
    """`Title — Author`: the long dash is a habit of those who write the author last."""
    credits: bool = False
    """Whether a person in round brackets is the narrator: a recording with its author outside."""
    sample: bool = False
    periodical: bool = False
    notes: list[str] = field(default_factory=list[str])
    tagged: bool = False


def number(text: str) -> str:
    """Canonical text of a position: `07` -> `7`, `1.50` -> `1.5`."""
    head, _, tail = text.partition(".")
    tail = tail.rstrip("0")
    return (head.lstrip("0") or "0") + (f".{tail}" if tail else "")


def join_pairs(text: str) -> str:
    """Write tags of two words as one (`Graphic Audio` -> `GraphicAudio`)."""
    return _JOINED.sub(lambda found: "".join(part for part in found.groups() if part), text)


def take_numbers(text: str, facts: Facts) -> str:
    """Step 4 and the bit rate: ids, bit rates and full dates leave the text."""
    for found in _ASIN.finditer(text):
        if asin(found[1]):
            facts.asin = found[1]
            text = text.replace(found[1], " ")
            break
    for found in _ISBN.finditer(text):
        value = isbn13(re.sub(r"\s", "", found[1]))
        if value:
            facts.isbn = facts.isbn or value
        if value or len(re.sub(r"\D", "", found[1])) == 13:
            text = text.replace(found[1], " ")
    bare = _BARE_RATE.search(text)
    if bare:
        facts.bitrate, facts.audio = int(bare[1]), True
        text = text[: bare.start(1)]
    rate = _BITRATE.search(text)
    if rate:
        facts.bitrate = int(rate[1] or rate[2])
        facts.audio = True
        text = _BITRATE.sub(" ", text)
    date = _DATE.search(text)
    if date and sorted((int(date[1]) - 1, int(date[2]) - 1)) <= [11, 30]:
        facts.year = int(date[3])
        text = text.replace(date[0], " ")
    return _YEAR_RANGE.sub("", text)


def take_year_field(text: str, facts: Facts) -> str:
    """`Artist-2007-Title-GRP`: the year is a field, and what is behind the last dash the group."""
    found = _YEAR_FIELD.search(text)
    if not found or len(_YEAR_FIELD.findall(text)) > 1:
        return text
    head, _, group = text[found.end() :].rpartition("-")
    tail = re.split(r"[\s._-]+", head)
    if not group.isalnum() or len(group) > 20 or any(zone_word(word) for word in tail):
        return text
    facts.year, facts.tagged = int(found[1]), True
    facts.group = facts.group or group
    return f"{text[: found.start()]} - {head}"


def take_group(text: str, facts: Facts) -> str:
    """Step 6: the scene group behind the last dash; for want of one, the one in front."""
    previous = None
    while previous != text:
        previous, text = text, _SUFFIX.sub("", text)
    behind = _BEHIND_GROUP.search(text)
    if behind and languages.known(fold(behind[2])):
        read_language(behind[2], facts, bracketed=True)
        text = text[: behind.start(2) - 1]
    text = _take_last(text, facts)
    leading = _LEADING_GROUP.match(text)
    if leading and not (
        facts.group or zone_word(leading[1]) or read_language(leading[1], Facts(), bracketed=True)
    ):
        facts.group, text = leading[1], text[leading.end() :]
    return _LEADING_GENRE.sub("", text)


def zone_word(word: str) -> bool:
    """Could this word stand in the tag zone: a tag, a format, a source?"""
    low = word.casefold()
    return low in ZONE_WORDS or low in FORMATS or low in TAGS or low in SAMPLE


def _take_last(text: str, facts: Facts) -> str:
    found = _GROUP.search(text)
    if not found or (found[0].startswith(" ") and not text[: found.start()].endswith(("]", ")"))):
        return text
    name = found[1]
    low = name.casefold()
    if low in FORMATS or low in TAGS or YEAR.match(name):
        return text
    before = text[: found.start()].rstrip(")]} ")
    previous = re.split(r"[\s._\-(\[{/+]", before)[-1].casefold()
    tagged = zone_word(previous) or bool(YEAR.match(previous))
    tagged = tagged or (languages.known(previous) != "" and len(previous) > 3)
    tagged = tagged or bool(_RATE.match(previous)) or previous in ("kbps", "music")
    shouted = len(name) >= 4 and name.isalpha() and name.isupper() and not before.isupper()
    if not tagged and not shouted:
        return text
    facts.group = "" if name.isdecimal() else name
    facts.tagged = facts.tagged or tagged
    return text[: found.start()]


def read_tag(token: str, facts: Facts, *, bracketed: bool) -> bool:
    """Is this word a tag here? Note what it says."""
    low = token.casefold().strip(".")
    name = FORMAT_ALIASES.get(low, low)
    if name in FORMATS and (bracketed or name not in SHY_FORMATS):
        if name not in facts.formats:
            facts.formats.append(name)
        facts.audio = facts.audio or name in AUDIO_FORMATS
        return True
    folded = low if low.isascii() else fold(low)
    tag = TAGS.get(low) or TAGS.get(folded)
    if tag:
        facts.inferred = facts.inferred or NATIVE_BOOK_WORDS.get(folded, "")
        _note(tag.field, tag.value, facts)
        return True
    if _LONG_VERSION.match(low):
        return True
    version = VERSION.match(low)
    if version:
        facts.revision = max(facts.revision, min(int(version[1]), 99))
        return True
    if bracketed and low in SAMPLE:
        facts.sample = True
        return True
    return False


def _note(field_: str, value: str, facts: Facts) -> None:
    match field_:
        case "retail":
            facts.retail = True
        case "revision":
            facts.revision = max(facts.revision, int(value))
        case "abridged":
            if facts.abridged is not True:
                facts.abridged = value == "yes"
            if not facts.ebook:
                facts.audio = True
        case "audio" | "drama":
            facts.audio = facts.audio_word = True
            facts.dramatised = facts.dramatised or field_ == "drama"
            if value and value != "en" and not facts.inferred:
                facts.inferred = value
        case "bitrate":
            facts.bitrate, facts.audio = facts.bitrate or int(value), True
        case "format":
            facts.formats.append(value)
        case "vip":
            facts.vip = True
        case "ebook":
            facts.ebook = True
        case _:
            pass


def read_zone(token: str, facts: Facts) -> bool:
    """Is this word a tag in a place where only tags are? Note what it says."""
    low = token.casefold().strip(",;")
    if low in ZONE_WORDS:
        facts.periodical = facts.periodical or low in PERIODICAL_WORDS
        return True
    if YEAR.match(low):
        if facts.year is None:
            facts.year, facts.year_open = int(low), True
        return True
    return read_tag(low, facts, bracketed=True) or read_language(
        token.strip(",;"), facts, bracketed=True, between=True
    )


def read_language(token: str, facts: Facts, *, bracketed: bool, between: bool = False) -> bool:
    """Is this word a language here? Two letters need brackets, or capitals between tags."""
    clean = token.strip(".")
    if len(clean) == 2:
        if not (bracketed or (clean.isupper() and between)):
            return False
        code = languages.SCENE_CODES.get(clean.casefold()) or languages.known(clean.casefold())
    else:
        code = languages.known(clean.lower() if clean.isascii() else fold(clean))
    if not code or (len(clean) == 3 and not (bracketed or clean.isupper() or clean.istitle())):
        return False
    if (
        clean.casefold() in ("lit", "may", "per", "est", "ind", "lat", "tam", "her")
        and not clean.isupper()
    ):
        return False
    if code not in facts.languages:
        facts.languages.append(code)
    return True
