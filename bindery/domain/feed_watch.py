"""What is new in an indexer's feed of latest releases, and under which names it may be wanted.

Source: acquisition.md 7.4 (RSS sync) and 9.1: one request per indexer instead of one search per
book; the first look only takes the position; a gap is told.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from bindery.domain.offers import Release
from bindery.domain.release import parse
from bindery.domain.search_judging import is_relevant
from bindery.domain.text import fold
from bindery.domain.wanted import WantedWork

REMEMBERED = 400
"""Marks kept per indexer: four full pages."""
_MOST_WORDS = 40
_NAME_WORDS = 4
_TITLE_WORDS = 12


class News(msgspec.Struct, frozen=True):
    """The releases that were not there before, newest first as the feed has them.

    `gap`: nothing of the last look is left on the page, so some may have passed unseen. `seen` are
    the marks to remember.
    """

    fresh: tuple[Release, ...]
    gap: bool
    seen: tuple[str, ...]


class Names(msgspec.Struct, frozen=True):
    """Folded texts a release holds that could be a person's name, or a title."""

    people: frozenset[str]
    titles: frozenset[str]


def news(releases: Sequence[Release], seen: Sequence[str]) -> News:
    """Compare a feed with what was remembered of it. Nothing remembered: nothing is news."""
    known = frozenset(seen)
    marked = {mark_of(release): release for release in releases}
    fresh = tuple(release for mark, release in marked.items() if mark not in known)
    remembered = tuple(dict.fromkeys((*marked, *seen)))[:REMEMBERED]
    if not known:
        return News((), gap=False, seen=remembered)
    return News(fresh, gap=bool(releases) and len(fresh) == len(marked), seen=remembered)


def mark_of(release: Release) -> str:
    """A short mark of a release, the same whenever the feed shows it."""
    return blake2b(release.guid.encode("utf-8", "replace"), digest_size=8).hexdigest()


def names_of(release: Release) -> Names:
    """Every run of words that could be an author (4 words at most, `Family, Given` turned round)
    or a title (12 at most).
    """
    parsed = parse(release.title, categories=release.categories)
    words = fold(release.title).split()[:_MOST_WORDS]
    people = {fold(name) for name in (*parsed.authors, release.author) if name}
    titles = {fold(title) for title in (parsed.title, release.book_title) if title}
    for start in range(len(words)):
        for length in range(1, min(_TITLE_WORDS, len(words) - start) + 1):
            run = " ".join(words[start : start + length])
            titles.add(run)
            if length <= _NAME_WORDS:
                people.add(run)
            if 1 < length <= _NAME_WORDS:
                people.add(" ".join((*words[start + 1 : start + length], words[start])))
    return Names(frozenset(people - {""}), frozenset(titles - {""}))


def fitting(works: Sequence[tuple[int, WantedWork]], releases: Sequence[Release]) -> list[int]:
    """Ids of the works of which one of the releases certainly is one; pure and heavy."""
    return [number for number, work in works if is_relevant((work,), releases)]
