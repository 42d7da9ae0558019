"""Is this release or file the wanted work? Evidence, rules and confidence (judgement.md 6)."""

import re
from collections.abc import Sequence

from bindery.domain import languages, match_packs, match_signs, names, spans
from bindery.domain.match_authors import (
    AuthorEvidence,
    find_authors,
    find_in_text,
    other_author,
)
from bindery.domain.match_derivative import no_whole_book
from bindery.domain.match_rivals import rival_wins
from bindery.domain.match_titles import TitleEvidence, best_title, title_places
from bindery.domain.match_volumes import other_volume
from bindery.domain.release import ParsedRelease
from bindery.domain.release_segments import Segment
from bindery.domain.text import fold
from bindery.domain.titles import same_position
from bindery.domain.wanted import Evidence, FileEvidence, Match, RivalWork, WantedWork
from bindery.domain.wanted_titles import stop_words, wanted_titles

__all__ = ("Evidence", "FileEvidence", "Match", "RivalWork", "WantedWork", "judge")

YES, UNSURE = 0.75, 0.40
_WEAK = 0.70
_LONGEST = 1000
_FIELDS = re.compile(r"\s+[-–—]\s+")

_REFUSED = {
    "junk": "usenet-junk",
    "obfuscated": "obfuscated",
    "derivative": "derivative",
    "sample": "sample",
    "video": "not-book-content",
    "comic": "not-book-content",
    "magazine": "not-book-content",
    "music": "not-book-content",
    "software": "not-book-content",
    "game": "not-book-content",
    "other": "not-book-content",
}

# Rows: title exact with two or more significant words, exact with fewer, part, part of one word,
# typo; columns: author strong, weak, none.
_STEPS = {
    "exact": (1.0, 0.80, 0.70),
    "short": (1.0, 0.80, 0.30),
    "part": (0.90, 0.70, 0.45),
    "part-short": (0.75, 0.0, 0.0),
    "fuzzy": (0.75, 0.55, 0.20),
}


def judge(
    wanted: WantedWork,
    found: ParsedRelease | FileEvidence,
    rivals: Sequence[RivalWork] = (),
    *,
    comics: bool = False,
) -> Match:
    """Answer yes, no or unsure with a confidence and each piece of evidence. Pure and total.

    ``comics`` = the profile lists comic formats, so a comic is content like any other.
    """
    release = as_release(found) if isinstance(found, FileEvidence) else found
    refused = _REFUSED.get(release.kind)
    if refused and not (comics and release.kind == "comic"):
        return _no(refused, found=release.kind)
    isbns = found.isbns if isinstance(found, FileEvidence) else (release.isbn,)
    identifier = _identifier(wanted, isbns, release.asin, rivals)
    if identifier and identifier.verdict == "no":
        return identifier
    match = identifier or _by_words(wanted, release, rivals)
    match = match_packs.refuse_or_open(wanted, release, match) or match
    if match.verdict == "no":
        return match
    return _hard_facts(wanted, release) or match


def as_release(found: FileEvidence) -> ParsedRelease:
    """A file's own statements in the shape of a parsed release: author and title are structure."""
    people = [Segment(name[:_LONGEST]) for name in found.authors]
    fields = _FIELDS.split(found.title[:_LONGEST]) if found.title else []
    title = [Segment(field) for field in fields]
    return ParsedRelease(
        raw=found.title,
        text=found.title,
        authors=found.authors,
        title=found.title,
        series=found.series,
        position=found.position,
        year=found.year,
        languages=tuple(filter(None, (languages.normalise(found.language),))),
        narrators=found.narrators,
        isbn=found.isbns[0] if found.isbns else "",
        asin=found.asin,
        media=found.media,
        format=found.format,
        abridged=found.abridged,
        tagged=True,
        structured=bool(people),
        segments=tuple(people + title),
        notes=(found.publisher,) if found.publisher else (),
    )


def _no(code: str, wanted: str = "", found: str = "", *more: Evidence) -> Match:
    return Match("no", 0.0, (*more, Evidence(code, wanted, found)), code)


def _identifier(
    wanted: WantedWork, isbns: Sequence[str], asin: str, rivals: Sequence[RivalWork]
) -> Match | None:
    """Rules 2 and 3: an identifier of any edition decides, one of another work refuses."""
    for value in filter(None, (*isbns, asin)):
        if value in wanted.isbns or value in wanted.asins:
            return Match("yes", 1.0, (Evidence("id-match", value, value, 1.0),), "id-match")
        for rival in rivals:
            if value in rival.isbns or value in rival.asins:
                return _no("isbn-mismatch", wanted.title, f"{value} ({rival.title})")
    return None


def _by_words(wanted: WantedWork, release: ParsedRelease, rivals: Sequence[RivalWork]) -> Match:
    """Rules 5-8 and 11."""
    found = spans.tokens(release.segments)
    titles = wanted_titles(wanted, rivals)
    places = title_places(titles, found, stop_words(wanted.language))
    if not titles and match_signs.is_signs(wanted.title):
        return _by_signs(wanted, release, found)
    if not places:
        return _without_title(wanted, release, found, rivals)
    author = find_authors(wanted, release, found, titles)
    title = best_title(places, release, found, author, wanted)
    if author.contradicts and not (title and title.overlaps(author.contradicting)):
        return _no("wrong-author", ", ".join(wanted.authors), author.found)
    rival = rival_wins(wanted, release, found, title, rivals, author)
    if rival:
        return _no("different-book", wanted.title, rival)
    volume = other_volume(wanted, release, title)
    if volume:
        return _no("different-volume", *volume)
    if title is None:
        return _no("title-missing", wanted.title, release.title or release.text)
    if author.score < _WEAK:
        signs = match_signs.sign_author(wanted, release)
        author = signs or find_in_text(wanted, release) or author
    if title.behind and not title.subtitle:
        return _no("title-runs-on", wanted.title, title.behind)
    partial = no_whole_book(title, release)
    if partial:
        return _no(partial, wanted.title, title.others)
    return _weigh(wanted, release, title, author)


def _by_signs(wanted: WantedWork, release: ParsedRelease, found: spans.Run) -> Match:
    """A title without letters or digits."""
    author = find_authors(wanted, release, found, ())
    if author.contradicts:
        return _no("wrong-author", ", ".join(wanted.authors), author.found)
    if not match_signs.sign_title(wanted, release, found, author):
        return _no("title-missing", wanted.title, release.title or release.text)
    span = spans.Span(len(found), len(found))
    title = TitleEvidence(
        wanted=wanted.title, found=wanted.title, step="short", code="exact", span=span
    )
    return _weigh(wanted, release, title, author)


def _without_title(
    wanted: WantedWork, release: ParsedRelease, found: spans.Run, rivals: Sequence[RivalWork]
) -> Match:
    """No title, no book: only the rule that says so best is looked for."""
    stranger = other_author(wanted, release, found)
    if stranger:
        return _no("wrong-author", ", ".join(wanted.authors), stranger)
    rival = rival_wins(wanted, release, found, None, rivals, AuthorEvidence())
    if rival:
        return _no("different-book", wanted.title, rival)
    missing = _no("title-missing", wanted.title, release.title or release.text)
    volume = other_volume(wanted, release, None)
    return _no("different-volume", *volume) if volume else missing


def _weigh(
    wanted: WantedWork, release: ParsedRelease, title: TitleEvidence, author: AuthorEvidence
) -> Match:
    column = 0 if author.score >= names.STRONG else 1 if author.score >= 0.70 else 2
    base = _STEPS[title.step][column]
    if title.step == "short" and column == 1 and not author.segmented:
        base = 0.75
    if title.step == "part-short" and not title.whole_segment:
        base = 0.0
    evidence = [
        Evidence(f"title-{title.code}", title.wanted, title.found, base),
        Evidence(author.code, ", ".join(wanted.authors), author.found, author.score),
    ]
    extra = _extras(wanted, release)
    evidence += extra
    score = base + sum(one.weight for one in extra)
    if title.before:
        score -= 0.35
        evidence.append(Evidence("words-before", title.wanted, title.before, -0.35))
    cap = 1.0
    if release.part > 1 and release.parts > 1:
        cap = 0.70
    if title.following:
        evidence.append(Evidence("words-behind", title.wanted, title.following))
    if title.subtitle or title.following:
        cap = 0.70
    if release.kind == "bare" and author.score < names.STRONG:
        cap = 0.70
    score = round(max(0.0, min(score, cap)), 4) if base else 0.0
    if score >= YES:
        return Match("yes", score, tuple(evidence))
    if score >= UNSURE:
        return Match("unsure", score, tuple(evidence), "unsure")
    return Match("no", score, tuple(evidence), "low-confidence")


def _extras(wanted: WantedWork, release: ParsedRelease) -> list[Evidence]:
    out: list[Evidence] = []
    for place in wanted.series:
        if release.position and same_position(place.position, release.position):
            out.append(Evidence("series-position", place.position, release.position, 0.10))
            break
    if wanted.year and release.year and abs(wanted.year - release.year) <= 1:
        out.append(Evidence("year", str(wanted.year), str(release.year), 0.05))
    for narrator in release.narrators:
        if any(names.same(narrator, one).score >= names.STRONG for one in wanted.narrators):
            out.append(Evidence("narrator", ", ".join(wanted.narrators), narrator, 0.05))
            break
    spoken = set(release.languages) & set(wanted.allowed_languages)
    if spoken:
        out.append(Evidence("language", ", ".join(wanted.allowed_languages), ", ".join(spoken)))
    if wanted.format and wanted.format == release.media:
        out.append(Evidence("format", wanted.format, release.format or release.media))
    publishers = {fold(one) for one in wanted.publishers}
    # A house in a bracket of a recording reads like a person there.
    houses = [one for one in (*release.notes, *release.narrators) if fold(one) in publishers]
    if houses:
        out.append(Evidence("publisher", ", ".join(wanted.publishers), houses[0], 0.05))
    return out


def said_languages(wanted: WantedWork, release: ParsedRelease) -> tuple[str, ...]:
    """The languages a release names; a word of the wanted author's name (`Dan`) names none."""
    own = {languages.known(w.s) for name in wanted.authors for w in names.parse(name).tokens}
    return tuple(one for one in release.languages if one not in own)


def _hard_facts(wanted: WantedWork, release: ParsedRelease) -> Match | None:
    """Rule 10: explicit languages of which none is allowed; the other medium."""
    spoken = said_languages(wanted, release)
    if spoken and not languages.allowed(spoken, wanted.allowed_languages):
        allowed = ", ".join(wanted.allowed_languages)
        return _no("wrong-language", allowed, ", ".join(spoken))
    if wanted.format and release.media and wanted.format != release.media:
        return _no("wrong-media-type", wanted.format, release.media)
    return None
