"""Cut a release name into segments and take its tail of tags off (judgement.md 4, 7-9, 11, 15)."""

import re

import msgspec

from bindery.domain.name_parse import parse as parse_name
from bindery.domain.release_tables import CONNECTIVES, FORMATS, NARRATOR_MARKS, TAGS
from bindery.domain.release_tags import Facts, read_language, read_tag
from bindery.domain.text import fold

_SEPARATOR = re.compile(
    r"\s+[-–—~]+\s+|\s*--+\s*|\s*—\s*|\s+~\s*|\A\s*[-–—]\s+|\s+[-–—]+\s*\Z|\s*\|\s*"
)
_SCENE_DASH = re.compile(r"(?<=[^\s-])-(?=[^\s-])")
_YEAR = re.compile(r"(?:18|19|20)\d\d\Z")
_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")
_INITIAL_DOTS = re.compile(r"\b([A-Z])\.(?=[A-Z]\b)")
_EXTENSION = re.compile(r"\.(kepub\.epub|[A-Za-z]\w{1,4})\Z")
_NARRATOR = re.compile(r"(?<!\w)(?:" + "|".join(NARRATOR_MARKS) + r")(?!\w)[:\s]*", re.IGNORECASE)


class Segment(msgspec.Struct, frozen=True):
    """One piece between separators: its text and the open (unbracketed) year behind it, if any."""

    text: str
    year: str = ""
    dotted: bool = False


def is_scene(text: str) -> bool:
    """Words joined by dots or underscores instead of blanks."""
    blanks = text.count(" ")
    joints = len(_DOT.findall(text)) + text.count("_")
    return joints > blanks and joints > 0 and blanks <= 3


def cut(text: str, facts: Facts) -> list[Segment]:
    """The segments of a name, tail tags noted in ``facts``."""
    text = _extension(text.strip(), facts)
    scene = is_scene(text)
    if scene:
        text = re.sub(r"[._]+-[._]+", " - ", text)
        text = _DOT.sub(" ", text).replace("_", " ")
    else:
        text = re.sub(r"(?<=\w)_ (?=\w)", ": ", text)
        text = re.sub(r"(?<=[^\W\d_])- (?=\w)", ": ", text).replace("_", " ")
    text = _narrator(text, facts)
    pieces = [piece.strip(" ,-") for piece in _SEPARATOR.split(text)]
    pieces = [piece for piece in pieces if fold(piece)]
    if scene and (len(pieces) == 1 or text.count("-") > 2):
        pieces = [part for piece in pieces for part in _scene_parts(piece)]
    return _tail(pieces, facts, scene=scene)


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
    while words and is_tag(words[-1], Facts()):
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


def is_tag(token: str, facts: Facts) -> bool:
    """Would this token be a tag at the end of a name?"""
    return read_tag(token, facts, bracketed=False) or read_language(
        token, facts, bracketed=False, between=True
    )


def _scene_parts(piece: str) -> list[str]:
    """A single dash of a scene name separates when one side is a name or a tag zone."""
    parts = _SCENE_DASH.split(piece)
    if len(parts) == 1:
        return parts
    out = [parts[0]]
    for part in parts[1:]:
        left, right = out[-1], part
        if _person_like(left) or _separable(right):
            out.append(part)
        else:
            out[-1] = f"{left}-{right}"
    return [part.strip() for part in out if part.strip()]


def _separable(text: str) -> bool:
    first = text.split(" ", maxsplit=1)[0]
    return (
        first.casefold() in TAGS
        or first.casefold() in FORMATS
        or (len(first) in (2, 3) and first.isupper() and is_tag(first, Facts()))
        or bool(_YEAR.match(first))
    )


def _person_like(text: str) -> bool:
    found = text.split()
    if not 2 <= len(found) <= 4 or any(c.isdigit() for c in text):
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
        return (
            bool(first.strip()) and 1 <= len(last.split()) <= 3 and _all_capital(first + " " + last)
        )
    found = text.replace(".", ". ").split()
    return 2 <= len(found) <= 5 and _all_capital(text)


def _all_capital(text: str) -> bool:
    if any(c.isdigit() for c in text) or any(c in ":!?()" for c in text):
        return False
    name = parse_name(text)
    particles = set(name.particles_raw.split())
    for word in text.replace(",", " ").split():
        folded = fold(word)
        if word in particles or folded in (
            "de",
            "da",
            "del",
            "van",
            "von",
            "la",
            "le",
            "di",
            "el",
            "y",
        ):
            continue
        if folded in CONNECTIVES and "." not in word:
            return False
        cased = word[:1].isupper() or not word[:1].islower()
        if not cased:
            return False
    return True


def _tail(pieces: list[str], facts: Facts, *, scene: bool) -> list[Segment]:
    """Step 7-9: from the end, while words are tags; a scene title ends at year or format."""
    open_years: dict[int, str] = {}
    for index in range(len(pieces) - 1, -1, -1):
        tokens = pieces[index].split()
        earlier = any(fold(p) for p in pieces[:index])
        if scene:
            tokens = _scene_end(tokens, facts, open_years, index, earlier=earlier)
        tokens = _pop(tokens, facts, open_years, index, earlier=earlier)
        pieces[index] = " ".join(tokens)
        if tokens:
            break
    out: list[Segment] = []
    for index, piece in enumerate(pieces):
        text = piece.replace("\x02", "(").replace("\x03", ")").strip(" ,-")
        if fold(text):
            out.append(Segment(" ".join(text.split()), open_years.get(index, ""), scene))
        elif open_years.get(index) and out:
            last = out[-1]
            out[-1] = Segment(last.text, open_years[index], scene)
    return out


def _scene_end(
    tokens: list[str], facts: Facts, years: dict[int, str], index: int, *, earlier: bool
) -> list[str]:
    start = 0 if earlier else 1
    for at in range(start, len(tokens)):
        low = tokens[at].casefold()
        is_year = bool(_YEAR.match(tokens[at])) and tokens[at][:2] != "18"
        strong = (low in FORMATS and low not in ("lit", "html")) or low in (
            "retail",
            "ebook",
            "audiobook",
            "unabridged",
        )
        if not (is_year or strong) or (
            is_year and at == 0 and len(tokens) == 1 and not facts.tagged and not facts.formats
        ):
            continue
        if is_year and any(_YEAR.match(t) for t in tokens[at + 1 :]):
            continue
        for token in tokens[at:]:
            if _YEAR.match(token):
                facts.year, years[index] = int(token), token
                facts.year_open = True
            else:
                _note_tag(token, facts, bracketed=False)
        facts.tagged = True
        return tokens[:at]
    return tokens


def _pop(
    tokens: list[str], facts: Facts, years: dict[int, str], index: int, *, earlier: bool
) -> list[str]:
    while tokens and (len(tokens) > 1 or earlier):
        token = tokens[-1]
        if token.startswith("\x02") or token.endswith("\x03"):
            break
        if read_tag(token, facts, bracketed=False):
            tokens = tokens[:-1]
            continue
        if read_language(token, facts, bracketed=False, between=True):
            tokens = tokens[:-1]
            if tokens and tokens[-1].casefold() == "in":
                tokens = tokens[:-1]
            continue
        if _YEAR.match(token) and token[:2] != "18" and facts.year is None and len(tokens) > 1:
            facts.year, years[index], facts.year_open = int(token), token, True
            tokens = tokens[:-1]
            continue
        if not fold(token):
            tokens = tokens[:-1]
            continue
        break
    return tokens
