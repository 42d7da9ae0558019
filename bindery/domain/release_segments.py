"""Cut a release name into segments and take its tail of tags off (judgement.md 4, 7-9, 11, 15).

A name is a row of fields between separators (` - `, `--`, `~`, `|`). A field may be written the
scene's way, its words joined by dots or underscores; a single dash can then separate parts of it
(`Author-Title-AUDIOBOOK-DE-2020`). Parts of nothing but tags leave first, then tags from the end.
"""

import re

import msgspec

from bindery.domain.name_parse import parse as parse_name
from bindery.domain.release_tables import CONNECTIVES, FORMATS, NARRATOR_MARKS, PROGRAM_WORDS
from bindery.domain.release_tags import (
    MONTHS,
    Facts,
    read_language,
    read_tag,
    read_zone,
    zone_word,
)
from bindery.domain.text import fold

_SEPARATOR = re.compile(
    r"\s+[-–—~]+\s+|\s*--+\s*|\s*—\s*|\s+~\s*|\A\s*[-–—]\s+|\s+[-–—]+\s*\Z|\s*\|\s*"
)
_SCENE_SEPARATOR = re.compile(r"[._]+-+[._]+|~")
_SCENE_DASH = re.compile(r"(?<=[^\s-])-(?=[^\s-])")
_YEAR = re.compile(r"(?:18|19|20)\d\d\Z")
# A dot between short numbers is a decimal (`7.5`); beside a longer one it joins words.
_DOT = re.compile(r"\.(?!\d)|(?<!\d)\.|\.(?=\d{3})|(?<=\d{3})\.(?=\d)")
_WORDY = re.compile(r"[^\W_]")
_JOINT = re.compile(r"(?<!\d)\.|\.(?!\d)|_")
_EXTENSION = re.compile(r"\.(kepub\.epub|[A-Za-z]\w{1,4})\Z")
_NARRATOR = re.compile(r"(?<!\w)(?:" + "|".join(NARRATOR_MARKS) + r")(?!\w)[:\s]*", re.IGNORECASE)
_FOLGE = re.compile(r"F\d{1,3}(?=\s|\Z)")
_ISSUE_WORDS = frozenset("issue no nr vol volume heft ausgabe".split())
_ISSUE = re.compile(
    r"(?:\s+(?:(?:issue|no|nr|n|vol|volume|heft|ausgabe)\.?\s?#?\d{1,4}|#\d{1,4}))+\Z",
    re.IGNORECASE,
)
# Formats that are no words: where one stands alone behind a title, the title has ended.
_PLAIN_FORMATS = frozenset("epub azw3 mobi pdf djvu m4b mp3 flac".split())
_NAME_PARTICLES = frozenset("de da del van von la le di el y".split())


class Segment(msgspec.Struct, frozen=True):
    """One piece between separators: its text and the open (unbracketed) year behind it, if any."""

    text: str
    year: str = ""
    dotted: bool = False


def is_scene(text: str) -> bool:
    """Words joined by dots or underscores instead of blanks."""
    blanks = text.count(" ")
    joints = len(_JOINT.findall(text))
    return joints > blanks and joints > 0 and blanks <= 3


def cut(text: str, facts: Facts) -> list[Segment]:
    """The segments of a name, tail tags noted in ``facts``."""
    text = _extension(text.strip(), facts)
    scene = is_scene(text)
    if scene:
        text = _spaced(_SCENE_SEPARATOR.sub(" - ", text))
    else:
        text = re.sub(r"(?<=\w)_ (?=\w)", ": ", text)
        text = re.sub(r"(?<=[^\W\d_])- (?=\w)", ": ", text).replace("_", " ")
    text = _narrator(text, facts)
    facts.title_first = text.count("—") == 1 and " — " in text
    fields = [field.strip(" ,-") for field in _SEPARATOR.split(text)]
    fields = [field for field in fields if _WORDY.search(field)]
    if scene and (len(fields) == 1 or text.count("-") > 2):
        fields = [part for field in fields for part in _parts(field, facts)]
    elif not scene and fields:
        fields = [_spaced(field) if is_scene(field) else field for field in fields]
        fields[-1] = _without_tail(fields[-1], facts)
    return _tail(fields, facts, scene=scene)


def _spaced(text: str) -> str:
    return _DOT.sub(" ", text).replace("_", " ")


def _extension(text: str, facts: Facts) -> str:
    found = _EXTENSION.search(text)
    if not found:
        return text
    name = found[1].casefold()
    if name == "kepub.epub":
        facts.formats.append("kepub")
    elif not read_tag(name, facts, bracketed=True):
        return text
    facts.tagged = True
    return text[: found.start()]


def _narrator(text: str, facts: Facts) -> str:
    """`read by X` up to the next separator or tag."""
    found = _NARRATOR.search(text)
    if not found or found.start() == 0:
        return text
    rest = _SEPARATOR.split(text[found.end() :], maxsplit=1)
    words = rest[0].split()
    while words and is_tag(words[-1]):
        _note_tag(words[-1], facts, bracketed=True)
        words.pop()
    if not 1 <= len(words) <= 6:
        return text
    facts.narrators.append(" ".join(words))
    facts.audio = True
    behind = f" - {rest[1]}" if len(rest) > 1 else ""
    return text[: found.start()].rstrip(" ,-") + behind


def _note_tag(token: str, facts: Facts, *, bracketed: bool) -> None:
    """Note what a word of the tag zone says, if anything."""
    if not read_tag(token, facts, bracketed=False):
        read_language(token, facts, bracketed=bracketed, between=True)


def is_tag(token: str) -> bool:
    """Would this token be a tag at the end of a name?"""
    nowhere = Facts()
    return read_tag(token, nowhere, bracketed=False) or read_language(
        token, nowhere, bracketed=False, between=True
    )


def _parts(field: str, facts: Facts) -> list[str]:
    """The parts of a scene field. Parts of nothing but tags are noted and left away.

    Behind such parts the dash is known to separate; otherwise only a name on its left or a tag on
    its right says so, since words have dashes too.
    """
    parts = [part.strip() for part in _SCENE_DASH.split(field)]
    if len(parts) == 1:
        return parts
    kept = [parts[0]]
    for part in parts[1:]:
        if _only_tags(part):
            for token in part.split():
                read_zone(token, facts)
            facts.tagged = True
        else:
            kept.append(part)
    sure = len(kept) < len(parts) and len(kept) == 2
    out = [kept[0]]
    for part in kept[1:]:
        left = out[-1]
        if _person_like(left) or _separable(part) or (sure and not _hyphen(left, part)):
            out.append(part)
        else:
            out[-1] = f"{left}-{part}"
    return [part for part in out if part]


def _without_tail(field: str, facts: Facts) -> str:
    """`The Book-EPUB-2016`: parts of nothing but tags at the end of a name with blanks."""
    parts = _SCENE_DASH.split(field)
    while len(parts) > 1 and " " not in parts[-1] and _only_tags(parts[-1]):
        read_zone(parts.pop(), facts)
        facts.tagged = True
    return "-".join(parts)


def _only_tags(part: str) -> bool:
    tokens = part.split()
    if sum(bool(_YEAR.match(token)) for token in tokens) > 1:
        return False  # `1999.2014.RETAIL`: the first of two is a title
    return bool(tokens) and all(_zone(token) for token in tokens)


def _zone(token: str) -> bool:
    return zone_word(token) or bool(_YEAR.match(token)) or is_tag(token)


def _hyphen(left: str, right: str) -> bool:
    """`X-Men`, `Jay-Z`: a single letter beside the dash."""
    return len(left.rsplit(maxsplit=1)[-1]) == 1 or len(right.split(maxsplit=1)[0]) == 1


def _separable(text: str) -> bool:
    first = text.split(" ", maxsplit=1)[0]
    return (
        zone_word(first)
        or (len(first) in (2, 3) and first.isupper() and is_tag(first))
        or bool(_YEAR.match(first) or _FOLGE.match(first))
    )


def _person_like(text: str) -> bool:
    found = text.split()
    if not 2 <= len(found) <= 4 or any(c.isdecimal() for c in text):
        return False
    if any(
        fold(word) in CONNECTIVES and fold(word) not in ("la", "le", "der", "das") for word in found
    ):
        return False
    return all(word[:1].isupper() or len(word) <= 3 for word in found)


def looks_like_name(text: str) -> bool:
    """2-4 capital words, initials and particles; no digit, no stop word (judgement.md 4, 15)."""
    if "," in text:
        last, _, first = text.partition(",")
        given = [word for word in first.split() if len(word.strip(".")) > 1]
        return (
            bool(first.strip())
            and len(given) <= 2
            and 1 <= len(last.split()) <= 3
            and _all_capital(first + " " + last)
        )
    found = text.replace(".", ". ").split()
    return 2 <= len(found) <= 5 and _all_capital(text)


def _all_capital(text: str) -> bool:
    if any(c.isdecimal() or c in ":!?()" for c in text):
        return False
    for word in text.replace(",", " ").split():
        folded = fold(word)
        if folded in _NAME_PARTICLES:
            continue
        joins = folded in CONNECTIVES and "." not in word
        if (joins or word[:1].islower()) and word not in parse_name(text).particles_raw.split():
            return False
    return True


def _tail(pieces: list[str], facts: Facts, *, scene: bool) -> list[Segment]:
    """Step 7-9: from the end, while words are tags; a title ends at a scene year or a format."""
    open_years: dict[int, str] = {}
    for index in range(len(pieces) - 1, -1, -1):
        tokens = pieces[index].split()
        earlier = index > 0
        if scene or index == len(pieces) - 1 or _starts_with_tags(tokens, earlier=earlier):
            tokens = _ended(tokens, facts, open_years, index, scene=scene, earlier=earlier)
        tokens = _pop(tokens, facts, open_years, index)
        if index in open_years or (facts.periodical and facts.year):
            tokens = _without_date(tokens, periodical=facts.periodical)
        pieces[index] = " ".join(tokens)
        if tokens:
            break
    out: list[Segment] = []
    for index, piece in enumerate(pieces):
        text = piece.replace("\x02", "(").replace("\x03", ")").strip(" ,-")
        if _WORDY.search(text):
            out.append(Segment(" ".join(text.split()), open_years.get(index, ""), scene))
        elif open_years.get(index) and out:
            last = out[-1]
            out[-1] = Segment(last.text, open_years[index], scene)
    return out


def _starts_with_tags(tokens: list[str], *, earlier: bool) -> bool:
    """`lossless FLAC Tracks`: a piece that begins with a tag and names a format."""
    return (
        earlier
        and len(tokens) > 1
        and _zone(tokens[0])
        and any(token.casefold() in FORMATS for token in tokens)
    )


def _ended(
    tokens: list[str],
    facts: Facts,
    years: dict[int, str],
    index: int,
    *,
    scene: bool,
    earlier: bool,
) -> list[str]:
    """Cut a piece where its title has ended; what is behind is read as tags."""
    start = 0 if earlier else 1
    for at in range(start, len(tokens)):
        if not _ends(tokens, at, facts, scene=scene):
            continue
        for token in tokens[at:]:
            if _YEAR.match(token):
                facts.year, years[index] = int(token), token
                facts.year_open = True
            else:
                low = token.casefold()
                facts.periodical = facts.periodical or low in ("comic", "magazine")
                _note_tag(token.strip(",;"), facts, bracketed=False)
        facts.tagged = True
        return tokens[:at]
    return tokens


def _ends(tokens: list[str], at: int, facts: Facts, *, scene: bool) -> bool:
    """Is this token the first one behind the title?

    In a scene name the last year, a format, or a word for a kind of book; elsewhere only a format
    with no more than two words behind it that are no tags (an uploader's name).
    """
    token = tokens[at]
    low = token.casefold().strip(",;")
    if not scene:
        if low not in _PLAIN_FORMATS:
            return False
        return sum(not _zone(t.strip(",;")) for t in tokens[at:]) <= 2
    if _YEAR.match(token):
        if token[:2] == "18" or any(_YEAR.match(t) for t in tokens[at + 1 :]):
            return False
        return at > 0 or len(tokens) > 1 or facts.tagged or bool(facts.formats)
    return (low in FORMATS and low not in ("lit", "html")) or low in (
        "retail",
        "ebook",
        "audiobook",
        "unabridged",
    )


def _pop(tokens: list[str], facts: Facts, years: dict[int, str], index: int) -> list[str]:
    while tokens and (len(tokens) > 1 or index > 0):
        token = tokens[-1].strip(",;")
        if token.startswith("\x02") or token.endswith("\x03"):
            break
        if read_tag(token, facts, bracketed=False) or (
            facts.group and token.casefold() in PROGRAM_WORDS
        ):
            tokens = tokens[:-1]
            continue
        if read_language(token, facts, bracketed=False, between=True):
            tokens = tokens[:-1]
            if tokens and tokens[-1].casefold() == "in":
                tokens = tokens[:-1]
            continue
        lonely = len(tokens) == 1 and index < 2
        if _YEAR.match(token) and token[:2] != "18" and facts.year is None and not lonely:
            facts.year, years[index], facts.year_open = int(token), token, True
            tokens = tokens[:-1]
            continue
        if not _WORDY.search(token):
            tokens = tokens[:-1]
            continue
        break
    return tokens


def _without_date(tokens: list[str], *, periodical: bool) -> list[str]:
    """What stood before the year: `15 Januar`, and of periodicals `January`, `Vol 1 No 26`."""
    rest = tokens
    if len(rest) > 1 and fold(rest[-1]) in MONTHS:
        day = rest[-2].strip(".")
        dated = len(rest) > 2 and day.isdecimal() and int(day) <= 31
        if dated and rest[-3].casefold().strip(".") not in _ISSUE_WORDS:
            rest = rest[:-2]
        elif periodical:
            rest = rest[:-1]
    if periodical and len(rest) > 1:
        cut_off = _ISSUE.sub("", " ".join(rest)).split()
        rest = cut_off or rest
    return rest
