"""Packs: which works of an author one release holds (judgement.md 6, rule 9).

A pack is no book: it is refused for one slot, unless packs are allowed and the work is certainly
inside. `judge_pack` gives the answer for each of several works.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from bindery.domain import names, spans
from bindery.domain.match_authors import AuthorEvidence, find_authors
from bindery.domain.match_explained import PACK_WORDS
from bindery.domain.match_volumes import stated_place
from bindery.domain.release import ParsedRelease
from bindery.domain.text import fold
from bindery.domain.title_parts import is_container
from bindery.domain.titles import series_key
from bindery.domain.wanted import Evidence, Match, WantedWork
from bindery.domain.wanted_titles import wanted_titles

_SIZES = {
    "duology": 2, "dilogie": 2,
    "trilogy": 3, "trilogie": 3, "trilogia": 3,
    "quartet": 4, "tetralogy": 4, "tetralogie": 4,
    "quintet": 5,
}  # fmt: skip
_OF_SERIES = frozenset(_SIZES) | {"saga", "series"}
_WHOLE = frozenset("complete gesamtausgabe integrale schuber all komplett complet".split())
_SURE, _LIKELY = 0.90, 0.70


def judge_pack(release: ParsedRelease, works: Sequence[WantedWork]) -> tuple[Match, ...]:
    """One answer per work, in their order: is it in this pack? Pure and total.

    ``yes`` = its place lies in the range the pack names, or its title is named; ``unsure`` = the
    pack is of its series without saying how much of it, or the author is not sure.
    """
    return tuple(_one(work, release) for work in works)


def refuse_or_open(wanted: WantedWork, release: ParsedRelease, match: Match) -> Match | None:
    """Rule 9 for one slot, given what the words said; None when the release is no pack for it."""
    if release.kind != "pack" or match.code == "wrong-author":
        return None
    if match.verdict != "no" and _is_own_word(wanted, release, match):
        return None
    answer = _one(wanted, release)
    if answer.verdict == "no" and match.verdict == "no":
        return None
    if wanted.packs_allowed and answer.verdict == "yes":
        return msgspec.structs.replace(answer, code="pack")
    found = Evidence("pack", wanted.title, release.title or release.text)
    return Match("no", 0.0, (*match.evidence, found), "pack")


def _is_own_word(wanted: WantedWork, release: ParsedRelease, match: Match) -> bool:
    """The word for a pack is one of the wanted title (`The Annual Collection`), or of the series
    that the release has a place in (`Some Trilogy 01`, `Some Trilogy - The Title`).
    """
    series, position = stated_place(release)
    if position and not release.position_end:
        return not PACK_WORDS.isdisjoint(fold(series).split(" "))
    title = next((one for one in match.evidence if one.code.startswith("title-")), None)
    if title is None:
        return False
    if not PACK_WORDS.isdisjoint(title.found.split(" ")):
        return not release.position_end or is_container(wanted.title)
    fields = [fold(segment.text) for segment in release.segments]
    beside = {word for field in fields if field != title.found for word in field.split(" ")}
    return title.found in fields and not release.position_end and beside & PACK_WORDS <= _OF_SERIES


def _one(wanted: WantedWork, release: ParsedRelease) -> Match:
    found = spans.tokens(release.segments)
    titles = wanted_titles(wanted, ())
    author = find_authors(wanted, release, found, titles)
    if author.contradicts:
        return _answer("no", 0.0, wanted, author, "", "wrong-author")
    place = _place(wanted, release)
    own = {series_key(title.text) for title in titles}
    named = next((t.text for t in titles if not t.main and spans.find(found, t.words)), "")
    listed = bool(named) and own.isdisjoint(_names(release))
    sure = place == "inside" or (listed and place != "outside")
    if not sure and place != "maybe":
        code = "different-volume" if place == "outside" else "title-missing"
        return _answer("no", 0.0, wanted, author, named, code)
    strong = author.score >= names.STRONG
    if sure and strong:
        return _answer("yes", _SURE, wanted, author, named, "match")
    return _answer("unsure", _LIKELY, wanted, author, named, "unsure")


def _place(wanted: WantedWork, release: ParsedRelease) -> str:
    """Where the work stands to the pack's range: inside, outside, maybe, or '' (other series)."""
    said = _names(release)
    for place in wanted.series:
        if series_key(place.name) not in said:
            continue
        low, high = _range(release)
        if high is None:
            return "maybe"
        try:
            at = float(place.position)
        except ValueError:
            return "maybe"
        return "inside" if low <= at <= high else "outside"
    return ""


def _names(release: ParsedRelease) -> set[str]:
    """What the pack as a whole may be called: keys of its series, title and segments."""
    texts = (release.series, release.title, *(segment.text for segment in release.segments))
    return {series_key(_bare(text)) for text in texts} - {""}


def _bare(text: str) -> str:
    """A series name without the words and numbers of a pack."""
    kept = [word for word in fold(text).split(" ") if word not in PACK_WORDS | _WHOLE]
    while kept and kept[-1].isdecimal():
        kept.pop()
    return " ".join(kept)


def _range(release: ParsedRelease) -> tuple[float, float | None]:
    """The positions a pack says it holds; high None = it does not say."""
    if release.position_end:
        try:
            return float(release.position or 0), float(release.position_end)
        except ValueError:
            return 0.0, None
    said = fold(" ".join([release.text, *release.notes])).split(" ")
    size = next((_SIZES[word] for word in said if word in _SIZES), None)
    if size is not None:
        return 1.0, float(size)
    for number, word in pairwise(said):
        if word in ("books", "novels", "volumes") and number.isdecimal() and len(number) < 4:
            return 1.0, float(number)
    return (0.0, float("inf")) if _WHOLE & set(said) else (0.0, None)


def _answer(
    verdict: str, score: float, wanted: WantedWork, author: AuthorEvidence, named: str, code: str
) -> Match:
    evidence = (
        Evidence("pack", wanted.title, named, score),
        Evidence(author.code, ", ".join(wanted.authors), author.found, author.score),
    )
    if verdict == "yes":
        return Match("yes", score, evidence)
    return Match("unsure" if verdict == "unsure" else "no", score, evidence, code)
