"""What is looked for: one work, its names, and the other works it could be taken for."""

from typing import Literal

import msgspec

from bindery.domain.offers import BookFormat


class SeriesPlace(msgspec.Struct, frozen=True):
    """One membership: series name and position as text (`1`, `1.5`, `prelude`, '')."""

    name: str
    position: str = ""


class WantedWork(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted work as matching sees it. Languages are ISO codes; empty allowed = any.

    ``other_titles`` are those of editions in allowed languages and the original one.
    ``known_series`` are series names of the author beyond those of this work.
    """

    title: str
    subtitle: str = ""
    other_titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    series: tuple[SeriesPlace, ...] = ()
    known_series: tuple[str, ...] = ()
    year: int | None = None
    language: str = ""
    allowed_languages: tuple[str, ...] = ()
    format: BookFormat | None = None
    isbns: frozenset[str] = frozenset()
    asins: frozenset[str] = frozenset()
    narrators: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    packs_allowed: bool = False


class RivalWork(msgspec.Struct, frozen=True, kw_only=True):
    """Another work of the author (or series) that a release may be instead."""

    title: str
    other_titles: tuple[str, ...] = ()
    series: tuple[SeriesPlace, ...] = ()
    year: int | None = None
    isbns: frozenset[str] = frozenset()
    asins: frozenset[str] = frozenset()


class FileEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a file or unit of files says about itself (tags, side-cars, names; judgement.md 5)."""

    title: str = ""
    authors: tuple[str, ...] = ()
    series: str = ""
    position: str = ""
    year: int | None = None
    language: str = ""
    isbns: tuple[str, ...] = ()
    asin: str = ""
    narrators: tuple[str, ...] = ()
    publisher: str = ""
    media: str = ""
    format: str = ""
    abridged: bool | None = None


class Evidence(msgspec.Struct, frozen=True):
    """One piece of evidence: its stable code, the two values compared, what it weighs."""

    code: str
    wanted: str = ""
    found: str = ""
    weight: float = 0.0


class Match(msgspec.Struct, frozen=True):
    """Answer of matching. ``code`` is the rule that decided (a no), else `match`."""

    verdict: Literal["yes", "no", "unsure"]
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    code: str = "match"
