"""Where the words of a title or a name stand inside a release (judgement.md 6, `Span`)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Self

import msgspec
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from bindery.domain import names
from bindery.domain.name_match import romanised
from bindery.domain.numbers import MARKERS, joins, same_word, valued
from bindery.domain.release_segments import Segment
from bindery.domain.text import ALL_ARTICLES, AND_WORDS, Word, words
from bindery.domain.title_parts import is_generic, is_noise, series_note
from bindery.domain.titles import STOP_WORDS, typo

# A colon, an alternative title (`; or, The ...`), a bracket that opens or closes.
_CLAUSE = re.compile(
    r"(:\s|[;,]\s+(?:or|oder|ou|of|ovvero|ossia|eller),?\s|\s\(|\)(?:\s|\Z))", re.IGNORECASE
)
_TOME = re.compile(r"t(\d{1,2})")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Token(msgspec.Struct, frozen=True, gc=False):
    """One word of a release: its segment, its clause in it, whether it is an open year.

    ``aside`` = in round brackets or in an alternative title; ``noise`` = of an edition note or a
    generic subtitle (`A Novel`, `2nd Edition`): it names no work.
    """

    word: Word
    segment: int
    clause: int = 0
    year: bool = False
    aside: bool = False
    noise: bool = False


class Span(msgspec.Struct, frozen=True):
    """Tokens ``start``..``end`` (exclusive); ``fuzzy`` = one word has a typo."""

    start: int
    end: int
    fuzzy: bool = False


class Run(tuple[Token, ...]):  # noqa: SLOT001 - it carries its sets
    """All words of a release in order. ``spelt`` are their spellings, and those of neighbours that
    may count as one word; ``values`` the numbers among them.
    """

    spelt: frozenset[str]
    values: frozenset[float]
    initials: str

    def __new__(cls, found: Sequence[Token]) -> Self:
        """Made once per release; every title is looked up in the sets before it is searched for."""
        run = super().__new__(cls, found)
        spelt = {
            spelling for token in found for spelling in (token.word.s, token.word.e, token.word.n)
        }
        spelt |= {
            spelling
            for first, second in pairwise(found)
            for spelling in (first.word.s + second.word.s, first.word.e + second.word.e)
        }
        if not AND_WORDS.isdisjoint(spelt):
            spelt.add("and")
        if "and" in spelt:
            spelt |= AND_WORDS
        run.spelt = frozenset(spelt)
        run.values = frozenset(t.word.value for t in found if t.word.value is not None)
        run.initials = "".join("0" if t.word.value is not None else t.word.s[:1] for t in found)
        return run

    def may_name(self, name: names.Name) -> bool:
        """Could this person stand here at all? Only a no is certain."""
        if name.corporate or not name.latin or not self.spelt.isdisjoint(name.keys):
            return True
        keys = [key for key in map(romanised, name.keys) if len(key) >= 4]
        return any(
            extractOne(key, self.sounds, scorer=OSA.distance, score_cutoff=3) for key in keys
        )

    @cached_property
    def sounds(self) -> tuple[str, ...]:
        """The words, and neighbours as one, as transcription systems may all spell them."""
        return tuple({romanised(one) for one in self.spelt if 4 <= len(one) <= 40})

    def lacks(self, title: Sequence[Word], stop: frozenset[str] = STOP_WORDS) -> int:
        """How many significant words of the title stand nowhere in the release; 2 = several."""
        spelt, count = self.spelt, 0
        for at, word in enumerate(title):
            if word.s in spelt or word.e in spelt or word.s in stop:
                continue
            if word.value is not None and word.value in self.values:
                continue
            if (word.n and word.n in spelt) or self._joined(title, at):
                continue
            count += 1
            if count == 2:
                break
        return count

    def _joined(self, title: Sequence[Word], at: int) -> bool:
        """Is this word written together with a neighbour here?"""
        around = title[max(0, at - 1) : at + 2]
        return any(
            first.s + second.s in self.spelt or first.e + second.e in self.spelt
            for first, second in pairwise(around)
        )


def tokens(segments: tuple[Segment, ...]) -> Run:
    """All words of a release in order, numbers by value."""
    return _tokens(segments) if sum(len(s.text) for s in segments) < 600 else _tokens_of(segments)


def _tokens_of(segments: tuple[Segment, ...]) -> Run:
    out: list[Token] = []
    for index, segment in enumerate(segments):
        text = segment.text if " " in segment.text else _CAMEL.sub(" ", segment.text)
        out += _clauses(text, index)
        if segment.year:
            out += [Token(word, index, year=True) for word in valued(words(segment.year))]
    return Run(out)


def _clauses(text: str, segment: int) -> Iterator[Token]:
    """The words of one segment, clause by clause."""
    pieces = _CLAUSE.split(text)
    aside = False
    for clause in range(0, len(pieces), 2):
        mark = pieces[clause - 1].strip().casefold() if clause else ""
        aside = mark == "(" or (mark not in (")", ":") and (aside or mark != ""))
        note, by, author = _by(pieces[clause]) if clause else (pieces[clause], "", "")
        noise = _names_no_work(note, behind=clause > 0, first=segment == 0)
        for at, word in enumerate(valued(words(note))):
            yield Token(_volume(word) if at else word, segment, clause, aside=aside, noise=noise)
        for word in valued(words(by + author)):
            yield Token(word, segment, clause, aside=aside)


def _names_no_work(clause: str, *, behind: bool, first: bool) -> bool:
    """An edition, a generic subtitle, a series note; a field of its own only without a number,
    since that is where a series stands with its position.
    """
    if not behind:
        note = series_note(clause)
        return not first and (is_generic(clause) or bool(note and note[1] is None))
    return is_noise(clause) or is_generic(clause) or bool(series_note(clause))


def _by(clause: str) -> tuple[str, str, str]:
    """Behind a colon: the note, and who is named behind it (`Saga, Book 3 by Jane Doe`)."""
    return clause.partition(" by ")


def _volume(word: Word) -> Word:
    """`T01`, as French names count."""
    found = _TOME.fullmatch(word.s)
    return Word(word.s, word.e, "", float(found[1])) if found else word


@lru_cache(maxsize=2048)
def noted_place(segments: tuple[Segment, ...]) -> tuple[str, str]:
    """Series and position of a note behind a title (`: Book 2 of Saga`), or blanks."""
    for segment in segments:
        for piece in _CLAUSE.split(segment.text)[2::2]:
            note = series_note(_by(piece)[0])
            if note and note[1] is not None:
                return note[0], f"{note[1]:g}"
    return "", ""


_tokens = lru_cache(maxsize=2048)(_tokens_of)


def significant(found: Sequence[Word], stop: frozenset[str] = STOP_WORDS) -> int:
    """How many words are no stop words."""
    return sum(word.s not in stop for word in found)


def find(
    found: Sequence[Token],
    title: Sequence[Word],
    *,
    fuzzy: bool = False,
    stop: frozenset[str] = STOP_WORDS,
) -> list[Span]:
    """Every place where the title's words stand in order.

    A leading article may lack; other stop words may lack while two significant words remain.
    """
    if not title:
        return []
    if isinstance(found, Run) and found.lacks(title, stop) != (1 if fuzzy else 0):
        return []
    skippable = stop if significant(title, stop) >= 2 else frozenset[str]()
    starts = [title]
    if len(title) > 1 and title[0].s in ALL_ARTICLES:
        starts.append(title[1:])
    out: list[Span] = []
    for at in _openings(found, starts):
        for wanted in starts:
            end = _walk(found, at, wanted, skippable=skippable, fuzzy=fuzzy)
            if end is not None:
                moved = wanted is not title and end < len(found) and found[end].word.s == title[0].s
                out.append(Span(at, end + moved, fuzzy))
                break
    return out


def _openings(found: Sequence[Token], starts: Sequence[Sequence[Word]]) -> Iterable[int]:
    """Where one of these sequences may begin: a word with the same first letter, or a number."""
    if not isinstance(found, Run):
        return range(len(found))
    letters = {"0" if start[0].value is not None else start[0].s[:1] for start in starts}
    if any(start[0].s in AND_WORDS for start in starts):
        return range(len(found))
    letters |= {start[0].s[:1] for start in starts}
    return [at for at, letter in enumerate(found.initials) if letter in letters or letter == "0"]


def _walk(
    found: Sequence[Token],
    at: int,
    title: Sequence[Word],
    *,
    skippable: frozenset[str],
    fuzzy: bool,
) -> int | None:
    """End of the span that begins at ``at``, or None."""
    i, j, typos = at, 0, 0
    while j < len(title):
        here = found[i].word if i < len(found) else None
        if here and same_word(here, title[j]):
            i, j = i + 1, j + 1
        elif here and i + 1 < len(found) and joins(title[j], here, found[i + 1].word):
            i, j = i + 2, j + 1
        elif here and j + 1 < len(title) and joins(here, title[j], title[j + 1]):
            i, j = i + 1, j + 2
        elif j > 0 and title[j].s in skippable:
            j += 1
        elif here and j > 0 and title[j].value is not None and here.s in MARKERS:
            i += 1
        elif here and fuzzy and not typos and typo(here, title[j]):
            i, j, typos = i + 1, j + 1, 1
        else:
            return None
    if fuzzy and not typos:
        return None
    return i if i > at else None
