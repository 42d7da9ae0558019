"""One title taken apart: main, subtitle, series note, volume number, container (judgement.md 3)."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from bindery.domain.numbers import MARKERS, PART_WORDS, VOLUME_WORDS, valued
from bindery.domain.text import ALL_ARTICLES, Word, fold, words

# Closed table of edition noise inside round brackets (judgement.md 3, step 1).
NOISE_WORDS = frozenset(
    "unabridged abridged audiobook audio ebook epub mobi azw3 azw pdf mp3 m4b m4a flac retail "
    "illustrated revised tie in movie us uk ungekurzt ungekuerzt gekurzt gekuerzt "
    "horspiel hoerspiel horbuch hoerbuch large print edition ed ausgabe auflage kindle "
    "expanded updated anniversary "
    "collectors collector deluxe special reprint reissue vollstandige".split()
)
_NOISE_TAIL = frozenset("edition ausgabe auflage ed".split())
GENERIC_WORDS = frozenset(
    "novel memoir thriller roman krimi kriminalroman novella story stories mystery romance "
    "novelle erzahlung erzaehlung psychothriller tale romanzo novela thriller-roman".split()
)
CONTAINER_LAST = frozenset("trilogy quartet trilogie tetralogy trilogia duology quintet".split())
_CONTAINER = re.compile(
    r"\b(?:box(?:ed)? ?set|boxed|omnibus|bundle|collection set|carton of|sammelband|schuber|"
    r"gesamtausgabe|integrale|complete series|complete collection|books? \d+ (?:to )?\d+|"
    r"\d+ (?:\w+ )?(?:books?|vols?|volumes)|(?:\w+ )?collection of \d+)\b"
)
_SERIES_TAIL = frozenset(
    "series trilogy saga chronicles cycle books novels reihe zyklus serie".split()
)
_BRACKET = re.compile(r"\s*\[([^\[\]]*)\]\s*\Z")
_ROUND = re.compile(r"\s*\(([^()]*)\)\s*\Z")
_CUT = re.compile(r":\s+|：\s*|\s[-–—]\s|;\s+or,\s+|,\s+or,\s+")
_TRAILING_ARTICLE = re.compile(r"\A(.{1,300}),\s+([^\W\d_]{1,4}|L')\Z", re.DOTALL)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d\Z")
_REVISION = re.compile(r"v\d{1,2}\Z")


_CONTAINER_WORDS = frozenset(
    "box boxed boxset omnibus bundle collection carton sammelband schuber gesamtausgabe integrale "
    "complete book books vol vols volumes set".split()
).union(CONTAINER_LAST)


class TitleParts(msgspec.Struct, frozen=True, gc=False):
    """A title's facts; word tuples are comparable sequences (numbers by value)."""

    text: str
    whole: tuple[Word, ...]
    main: tuple[Word, ...]
    rest: tuple[Word, ...] = ()
    main_text: str = ""
    subtitle_text: str = ""
    volume: float | None = None
    marked: bool = False
    part: bool = False
    container: bool = False
    noise: bool = False
    generic: bool = False
    series_note: bool = False
    series_text: str = ""
    alternative: tuple[str, ...] = ()

    @property
    def full(self) -> tuple[Word, ...]:
        """Main and rest, volume number and notes removed."""
        return self.main + self.rest


def is_container(text: str) -> bool:
    """Does a title name several works (box set, omnibus, trilogy)? `TitleParts.container`."""
    if "/" not in text and _CONTAINER_WORDS.isdisjoint(fold(text).split(" ")):
        return False
    return parse(text).container


def is_noise(text: str) -> bool:
    """Does a bracket hold only edition noise?"""
    found = fold(text).split(" ")
    if found == [""]:
        return True
    if found[-1] in _NOISE_TAIL and len(found) <= 5:
        return True
    return all(w in NOISE_WORDS or _YEAR.match(w) or _REVISION.match(w) for w in found)


def is_generic(text: str) -> bool:
    """`A Novel`, `Ein Roman`, `A Thriller`: a subtitle that names no work."""
    found = fold(text).split(" ")
    if found and (found[0] in ALL_ARTICLES or found[0] in ("un", "una", "een")):
        found = found[1:]
    return 1 <= len(found) <= 2 and found[-1] in GENERIC_WORDS


def series_note(text: str) -> tuple[str, float | None] | None:
    """(series, position) when the piece only places the book in a series, else None."""
    raw = words(text)
    found = valued(raw)
    folded = [w.s for w in found]
    if not folded:
        return None
    if folded[:3] == ["ein", "fall", "fur"] or (
        len(folded) > 2
        and folded[0] in ("a", "an", "ein")
        and folded[-1] in ("novel", "mystery", "thriller", "roman", "krimi", "adventure", "story")
    ):
        return " ".join(folded[1:-1]), None
    at = _marker(found, "#" in text)
    if at is None:
        return None
    number = found[at].value
    start = at - 1 if at and folded[at - 1] in MARKERS else at
    before, after = folded[:start], folded[at + 1 :]
    if after[:1] in (["of"], ["in"], ["der"], ["des"], ["de"], ["du"]):
        before, after = after[1:], []
    if not before or after:
        return None
    return " ".join(before), number


def _marker(found: Sequence[Word], hashed: bool) -> int | None:
    """Index of a number that follows a volume word (or stands last behind a `#`)."""
    for at in range(1, len(found)):
        if found[at].value is not None and found[at - 1].s in VOLUME_WORDS:
            return at
    if hashed and found[-1].value is not None and len(found) > 1:
        return len(found) - 1
    return None


def parse(title: str) -> TitleParts:
    """Take one title apart (its first 1,000 characters). Never raises; linear."""
    return _parse(title[:1000])


@lru_cache(maxsize=2048)  # what is kept costs pauses of the collector
def _parse(title: str) -> TitleParts:
    text = " ".join(title.split())
    body, facts = _trailing_groups(text)
    pieces = _pieces(body)
    pieces += facts.subtitle
    container = _is_container(text, body)
    whole = valued(words(" ".join([body, *facts.subtitle])))
    volume: float | None = None
    marked = part = False
    generic = False
    notes = list(facts.series)
    kept: list[str] = pieces[:1]
    for piece in pieces[1:]:
        note = None if container else series_note(piece)
        if is_generic(piece):
            generic = True
        elif note:
            notes.append(note)
        elif not is_noise(piece):
            kept.append(piece)
    for _, number in notes:
        volume = number if number is not None else volume
    from_note = volume is not None
    main_text = kept[0] if kept else ""
    main, rest = valued(words(main_text)), valued(words(" ".join(kept[1:])))
    if volume is None and not container:
        main, rest, volume, marked, part = _volume(main, rest)
    return TitleParts(
        text=text,
        whole=whole,
        main=main,
        rest=rest,
        main_text=main_text,
        subtitle_text=" ".join(kept[1:]),
        volume=volume,
        marked=marked or from_note,
        part=part,
        container=container,
        noise=bool(facts.noise),
        generic=generic,
        series_note=bool(notes),
        series_text=notes[0][0] if notes else "",
        alternative=tuple(facts.alternative),
    )


class _Groups(msgspec.Struct):
    """Trailing bracket groups of a title, by what they are."""

    noise: list[str] = []
    series: list[tuple[str, float | None]] = []
    subtitle: list[str] = []
    alternative: list[str] = []


def _trailing_groups(text: str) -> tuple[str, _Groups]:
    facts = _Groups()
    for _ in range(8):
        square = _BRACKET.search(text[-200:])
        if square:
            text = text[: len(text) - len(square[0])]
            facts.noise.append(square[1])
            if not is_noise(square[1]):
                facts.alternative.append(square[1])
            continue
        found = _ROUND.search(text[-200:])
        if not found:
            break
        note = series_note(found[1])
        text = text[: len(text) - len(found[0])]
        if is_noise(found[1]):
            facts.noise.append(found[1])
        elif note:
            facts.series.append(note)
        else:
            facts.subtitle.insert(0, found[1])
            break
    moved = _TRAILING_ARTICLE.match(text)
    if moved and fold(moved[2]) in ALL_ARTICLES:
        text = f"{moved[2]} {moved[1]}"
        facts.noise.append(moved[2])
    return text, facts


def _pieces(body: str) -> list[str]:
    """Main title first, subtitle pieces behind it; only the first colon or dash cuts twice."""
    parts = [piece for piece in _CUT.split(body) if piece.strip()]
    return parts or [body]


def _is_container(text: str, body: str) -> bool:
    folded = fold(body)
    found = _CONTAINER.search(fold(text))
    if found and _counts(found[0], folded, text.casefold()):
        return True
    if folded.rsplit(" ", 1)[-1] in CONTAINER_LAST and " " in folded:
        return True
    if body.count(" / ") >= 2:
        return True
    for inner in re.findall(r"[(\[]([^()\[\]]{1,200})[)\]]", text):
        beginning = fold(inner).split(" ")[0]
        only_set = fold(inner) == "set"
        if "/" in inner or beginning in ("collection", "boxed") or only_set:
            return True
    return False


def _counts(mark: str, folded: str, raw: str) -> bool:
    """`omnibus` not in front, `boxed` only at the start of a bracket."""
    if mark == "omnibus":
        return not _leading(folded, "omnibus")
    return mark != "boxed" or "(boxed" in raw or "[boxed" in raw


def _leading(folded: str, word: str) -> bool:
    found = folded.split(" ")
    return found[:1] == [word] or (found[0] in ALL_ARTICLES and found[1:2] == [word])


def _volume(
    main: tuple[Word, ...], rest: tuple[Word, ...]
) -> tuple[tuple[Word, ...], tuple[Word, ...], float | None, bool, bool]:
    """Cut a volume number out of main or rest: (main, rest, number, marked, is part)."""
    for which in (0, 1):
        seq = (main, rest)[which]
        for at in range(1, len(seq)):
            if seq[at].value is not None and seq[at - 1].s in MARKERS:
                left = seq[: at - 1] + seq[at + 1 :]
                is_part = seq[at - 1].s in PART_WORDS
                number = seq[at].value
                if which == 0:
                    if not left:
                        continue
                    return left, rest, number, True, is_part
                return main, left, number, True, is_part
    if len(main) < 2 or rest:
        return main, rest, None, False, False
    *_, before, last = main
    countable = before.s not in ("in", "of") and before.value is None
    if countable and last.value is not None and 1 <= last.value <= 99:
        return main[:-1], rest, last.value, False, False
    return main, rest, None, False, False


def series_key(name: str) -> str:
    """Identity of a series name: no leading article, no one last series word."""
    found = fold(name).split(" ")
    if len(found) > 1 and found[0] in ALL_ARTICLES:
        found = found[1:]
    if len(found) > 1 and found[-1] in _SERIES_TAIL:
        found = found[:-1]
    return " ".join(found)


def same_position(a: str | float | None, b: str | float | None) -> bool:
    """Equal series positions (within .001, or equal text); blank equals nothing."""
    if a is None or b is None or a == "" or b == "":
        return False
    try:
        return abs(float(a) - float(b)) <= 0.001
    except (ValueError, OverflowError):
        return str(a).strip().casefold() == str(b).strip().casefold()
