"""What of a release is accounted for: people, series, years, tags, editions (judgement.md 6)."""

import re
from collections.abc import Iterator, Sequence

from bindery.domain import languages, names, spans
from bindery.domain.match_authors import AuthorEvidence
from bindery.domain.numbers import MARKERS
from bindery.domain.release import ParsedRelease
from bindery.domain.release_tables import FORMATS, TAGS
from bindery.domain.text import Word, words
from bindery.domain.title_parts import NOISE_WORDS
from bindery.domain.wanted import WantedWork
from bindery.domain.wanted_titles import stop_words

_HARMLESS = (
    frozenset(
        "novel roman edition retail unabridged abridged complete audiobook audio ebook book read "
        "narrated narrator english version illustrated annotated uncut revised updated".split()
    )
    | MARKERS
)
_EDITION = frozenset("edition ed ausgabe auflage anniversary editie edizione edicion".split())
_ORDINAL = re.compile(r"\d{1,3}(?:st|nd|rd|th)")
PACK_WORDS = frozenset(
    "trilogy trilogie quartet collection omnibus box boxed set bundle complete series books saga "
    "gesamtausgabe sammelband schuber integrale volumes".split()
)


def explained_tokens(
    release: ParsedRelease,
    found: Sequence[spans.Token],
    author: AuthorEvidence,
    wanted: WantedWork,
) -> frozenset[int]:
    """Tokens that a person, series, year, tag or language accounts for."""
    out = set(author.explained)
    people = (*release.narrators, *wanted.narrators, *wanted.publishers)
    for name in wanted.authors:
        for span in spans.find(found, names.parse(name).family):
            out |= set(range(span.start, span.end))
    names_of_series = (*(p.name for p in wanted.series), *wanted.known_series, release.series)
    for text in people:
        out |= set(_places(found, text))
    for text in names_of_series:
        places = set(_places(found, text))
        out |= places | set(_numbered(found, places))
    out |= set(_editions(found))
    stop = stop_words(wanted.language)
    for at, token in enumerate(found):
        low = token.word.s
        if (
            token.year
            or token.noise
            or low in stop
            or low in TAGS
            or low in FORMATS
            or low in _HARMLESS
            or (len(low) > 3 and languages.known(low))
            or (release.kind == "pack" and (low in PACK_WORDS or token.word.value is not None))
        ):
            out.add(at)
    return frozenset(out)


def _places(found: Sequence[spans.Token], text: str) -> Iterator[int]:
    """Where a name stands."""
    for span in spans.find(found, words(text)):
        yield from range(span.start, span.end)


def _numbered(found: Sequence[spans.Token], series: set[int]) -> Iterator[int]:
    """The position right behind a series name (`Saga 01`, `Saga, Book 1`)."""
    for at, token in enumerate(found):
        marked = found[at - 1].word.s in MARKERS and at - 2 in series
        if token.word.value is not None and (at - 1 in series or marked):
            yield at


def _editions(found: Sequence[spans.Token]) -> Iterator[int]:
    """`2nd Edition`, `60th Anniversary Ed`: the word and what counts or names the edition.

    The word itself may have gone with the tags; its `2nd` is then the last of the segment.
    """
    for at, token in enumerate(found):
        last = at + 1 == len(found) or found[at + 1].segment != token.segment
        if token.word.s not in _EDITION and not (last and _ORDINAL.fullmatch(token.word.s)):
            continue
        yield at
        before = at - 1
        while before >= 0 and (found[before].word.s in NOISE_WORDS or _counts(found[before].word)):
            yield before
            before -= 1


def _counts(word: Word) -> bool:
    return word.value is not None or word.s[:1].isdecimal()
