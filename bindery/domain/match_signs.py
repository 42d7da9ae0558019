"""Titles and names of nothing but signs (`+`, `???`): folding leaves nothing, so as written."""

from bindery.domain.match_authors import AuthorEvidence
from bindery.domain.match_titles import unexplained
from bindery.domain.release import ParsedRelease
from bindery.domain.spans import Run
from bindery.domain.text import words
from bindery.domain.wanted import WantedWork


def is_signs(text: str) -> bool:
    """Something is written, but no letter and no digit."""
    return bool(text.strip()) and not words(text[:1000])


def stands_in(signs: str, release: ParsedRelease) -> bool:
    """Do the signs stand in the release between blanks?"""
    return f" {' '.join(signs.split())} " in f" {' '.join(release.text.split())} "


def sign_author(wanted: WantedWork, release: ParsedRelease) -> AuthorEvidence | None:
    """An author written in signs, found as written."""
    for name in (*wanted.authors, *wanted.aliases):
        if is_signs(name) and stands_in(name, release):
            return AuthorEvidence(score=1.0, code="author-full", found=name)
    return None


def sign_title(
    wanted: WantedWork, release: ParsedRelease, found: Run, author: AuthorEvidence
) -> bool:
    """Is the release the author's name and these signs, and nothing more?

    A `+` between two names or titles is no title.
    """
    return stands_in(wanted.title, release) and not unexplained(wanted, release, found, author)
