"""Books about a book, and a book turned into something else (judgement.md 6, rule 4)."""

from bindery.domain.match_titles import TitleEvidence
from bindery.domain.release import ParsedRelease
from bindery.domain.release_tables import DERIVATIVE, SAMPLE
from bindery.domain.text import fold

ABOUT = frozenset("celebration unofficial encyclopedia encyclopaedia cookbook artbook".split())
"""With `DERIVATIVE`: words that nothing explains, anywhere beside the title."""

ADAPTED = frozenset("play screenplay script playscript teleplay libretto soundtrack".split())
"""Beside the title in its own segment: the work for a stage or a screen."""

PHRASES = (
    "study guide",
    "reading guide",
    "reader guide",
    "readers guide",
    "teacher guide",
    "teachers guide",
    "lesson plans",
    "graphic novel",
    "sheet music",
)


def no_whole_book(title: TitleEvidence, release: ParsedRelease) -> str:
    """Code when a release that has the title is a book about it, an adaptation or a sample."""
    beside = f"{title.behind} {title.aside}".split(" ")
    others = set(title.others.split(" "))
    text = f" {fold(release.text)} ".replace(title.found, "")
    if not SAMPLE.isdisjoint(f"{title.aside} {title.elsewhere}".split(" ")):
        return "sample"
    derived = (
        not DERIVATIVE.isdisjoint(others)
        or not ABOUT.isdisjoint(others)
        or not ADAPTED.isdisjoint(beside)
        or any(f" {phrase} " in text for phrase in PHRASES)
    )
    return "derivative" if derived else ""
