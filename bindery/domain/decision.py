"""Judge an indexer's answer against a slot: every rule, reason and one order (judgement.md 7)."""

import math
from collections.abc import Sequence
from statistics import median

import msgspec

from bindery.domain import decision_rules, languages, names
from bindery.domain.matching import judge
from bindery.domain.offers import Release, Transport
from bindery.domain.release import ParsedRelease, parse
from bindery.domain.rules import (
    BlockFacts,
    Candidate,
    CustomFormat,
    DelayRule,
    FormatCondition,
    Rejection,
    Rules,
    SlotFacts,
    Verdict,
)
from bindery.domain.text import fold
from bindery.domain.wanted import FileEvidence, Match

__all__ = ("Candidate", "Rejection", "best", "judge_answer", "rank", "read_release")

_MIME = {
    "application/epub+zip": "epub",
    "application/pdf": "pdf",
    "application/x-mobipocket-ebook": "mobi",
    "application/vnd.amazon.ebook": "azw3",
    "application/x-mobi8-ebook": "azw3",
    "application/fb2+zip": "fb2",
    "text/plain": "txt",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4b",
    "audio/x-m4b": "m4b",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
}
_AUDIO = frozenset(("mp3", "m4b", "m4a", "flac", "ogg", "opus", "aac", "wma"))
# Matches on the name that better facts of the indexer (author, book title) may still turn.
_REVISABLE = frozenset(("title-missing", "unsure", "low-confidence"))


def judge_answer(
    slot: SlotFacts, releases: Sequence[Release], rules: Rules, history: BlockFacts
) -> list[Candidate]:
    """Every release of one answer as a ranked candidate; none is dropped silently."""
    judged = [
        _candidate(index, slot, release, rules, history) for index, release in enumerate(releases)
    ]
    return rank(judged)


def rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Order by the comparator chain; also merges the answers of several indexers."""
    typical: dict[str, float] = {}
    for media in ("ebook", "audiobook", ""):
        sizes = [c.release.size for c in candidates if c.release.size and c.parsed.media == media]
        typical[media] = float(median(sizes)) if sizes else 0.0

    def key(candidate: Candidate) -> tuple[object, ...]:
        place = _VERDICTS.index(candidate.verdict)
        chain = tuple(-part for part in candidate.rank_key)
        size = candidate.release.size or 0
        usual = typical[candidate.parsed.media]
        off = abs(math.log((size + 1) / (usual + 1))) if size else math.inf
        grabs = -(candidate.release.grabs or 0)
        return (place, *chain, round(off, 3), grabs, candidate.release.guid)

    return sorted(candidates, key=key)


_VERDICTS: tuple[Verdict, ...] = ("grab", "acceptable", "soft", "hard")


def best(candidates: Sequence[Candidate], *, automatic: bool = True) -> Candidate | None:
    """The candidate to grab: automatic only one without any rejection, a person also soft ones."""
    allowed = ("grab",) if automatic else ("grab", "acceptable", "soft")
    return next((c for c in rank(candidates) if c.verdict in allowed), None)


def read_release(slot: SlotFacts, release: Release) -> ParsedRelease:
    """Parse the name, then let the indexer's own fields fill what it leaves open."""
    wanted = slot.wanted
    parsed = parse(
        release.title,
        categories=release.categories,
        known_authors=(*wanted.authors, *wanted.aliases),
        known_series=(*(place.name for place in wanted.series), *wanted.known_series),
    )
    format_ = parsed.format or _MIME.get(release.mime.partition(";")[0].strip().casefold(), "")
    media = parsed.media
    if not media and format_:
        media = "audiobook" if format_ in _AUDIO else "ebook"
    if not media:
        media = _media_of(release.categories)
    told = languages.normalise(release.language)
    return msgspec.structs.replace(
        parsed,
        format=format_,
        formats=parsed.formats or ((format_,) if format_ else ()),
        media=media,
        isbn=parsed.isbn or release.isbn,
        year=parsed.year or release.year,
        languages=parsed.languages or ((told,) if told in languages.CODES else ()),
        kind="book" if parsed.kind == "bare" and (release.author or format_) else parsed.kind,
    )


def _media_of(categories: Sequence[int]) -> str:
    if any(c == 3030 for c in categories):
        return "audiobook"
    return "ebook" if any(7000 <= c < 8000 and c not in (7010, 7030) for c in categories) else ""


def _match(slot: SlotFacts, release: Release, parsed: ParsedRelease, rules: Rules) -> Match:
    match = judge(slot.wanted, parsed, slot.rivals, comics=rules.comics)
    if match.verdict == "yes" or match.code not in _REVISABLE or not release.author:
        return match
    told = FileEvidence(
        title=release.book_title or release.title,
        authors=names.parse_list(release.author).names,
        series=parsed.series,
        position=parsed.position,
        year=parsed.year,
        language=parsed.languages[0] if parsed.languages else "",
        isbns=(parsed.isbn,) if parsed.isbn else (),
        media=parsed.media,
        publisher=release.publisher,
    )
    second = judge(slot.wanted, told, slot.rivals)
    return second if second.confidence > match.confidence else match


def _candidate(
    index: int, slot: SlotFacts, release: Release, rules: Rules, history: BlockFacts
) -> Candidate:
    parsed = read_release(slot, release)
    match = _match(slot, release, parsed, rules)
    custom = sum(one.score for one in rules.custom_formats if _holds(one, release, parsed))
    offer = decision_rules.Offer(
        slot=slot,
        release=release,
        parsed=parsed,
        match=match,
        rules=rules,
        history=history,
        custom_score=custom,
    )
    rejections = decision_rules.check(offer)
    parts = _parts(slot, release, parsed, match, rules, custom)
    return Candidate(
        release_index=index,
        release=release,
        parsed=parsed,
        match=match,
        verdict=_verdict(rejections),
        score=_score(parts),
        score_parts=parts,
        rejections=tuple(rejections),
        quality=parsed.format or "unknown",
        rank_key=tuple(parts.values()),
    )


def _verdict(rejections: Sequence[Rejection]) -> Verdict:
    classes = {rejection.klass for rejection in rejections}
    if "H" in classes:
        return "hard"
    if "S" in classes:
        return "soft"
    return "acceptable" if classes else "grab"


def _parts(
    slot: SlotFacts,
    release: Release,
    parsed: ParsedRelease,
    match: Match,
    rules: Rules,
    custom: int,
) -> dict[str, float]:
    """The comparator chain, best first, each part higher = better."""
    narrator = any(
        names.same(one, other).is_strong
        for one in parsed.narrators
        for other in slot.wanted.narrators
    )
    edition = {False: 1.0, None: 0.0, True: -1.0}[parsed.abridged]
    return {
        "id": 1.0 if match.code == "id-match" else 0.0,
        "confidence": _bucket(match.confidence),
        "quality": float(slot.profile.index(parsed.format, slot.format)),
        "revision": float(parsed.revision),
        "custom": float(custom),
        "edition": edition,
        "retail": float(parsed.retail),
        "narrator": float(narrator),
        "plain": float(not parsed.dramatised),
        "protocol": float(release.transport is rules.delay.preferred),
        "indexer": float(rules.indexer.priority),
        "swarm": _swarm(release, rules),
        "single": float(parsed.kind != "pack"),
    }


def _bucket(confidence: float) -> float:
    return next((level for level in (1.0, 0.9, 0.8, 0.75) if confidence >= level), 0.0)


def _swarm(release: Release, rules: Rules) -> float:
    """Freeleech then seeders for torrents; age bucket for usenet."""
    if release.transport is Transport.TORRENT:
        free = release.download_volume_factor == 0 and rules.indexer.freeleech != "off"
        return 10.0 * free + round(math.log10((release.seeders or 0) + 1), 1)
    if release.transport is Transport.USENET and release.published_at:
        hours = max(0, rules.now_us - release.published_at) / 3.6e9
        return 3.0 if hours < 1 else 2.0 if hours <= 24 else 1.0 if hours <= 168 else 0.0
    return 0.0


_WEIGHTS = {
    "id": 10_000.0,
    "confidence": 1_000.0,
    "quality": 50.0,
    "revision": 10.0,
    "custom": 1.0,
    "edition": 0.9,
    "retail": 0.5,
    "narrator": 0.3,
    "plain": 0.2,
    "protocol": 0.1,
    "indexer": 0.001,
    "swarm": 0.001,
    "single": 0.0001,
}


def _score(parts: dict[str, float]) -> float:
    return round(sum(_WEIGHTS[name] * value for name, value in parts.items()), 4)


def _holds(custom: CustomFormat, release: Release, parsed: ParsedRelease) -> bool:
    """Conditions grouped by kind: every required one and at least one of each group."""
    groups: dict[str, list[tuple[bool, bool]]] = {}
    for condition in custom.conditions:
        held = _condition(condition, release, parsed) != condition.negate
        groups.setdefault(condition.kind, []).append((held, condition.required))
    return bool(groups) and all(
        any(held for held, _ in group) and all(held for held, required in group if required)
        for group in groups.values()
    )


def _condition(condition: FormatCondition, release: Release, parsed: ParsedRelease) -> bool:
    value = condition.value
    match condition.kind:
        case "title":
            return f" {fold(value)} " in f" {fold(release.title)} "
        case "group":
            return parsed.group.casefold() == value.casefold()
        case "format":
            return value in parsed.formats
        case "transport":
            return release.transport == value
        case "language":
            return languages.normalise(value) in parsed.languages
        case "flag":
            return value in release.flags
        case "retail":
            return parsed.retail
        case "narrator":
            return any(names.same(value, one).is_strong for one in parsed.narrators)


def is_preferred(release: Release, delay: DelayRule) -> bool:
    """Does the release come by the preferred transport (or is none preferred)?"""
    return delay.preferred is None or release.transport is delay.preferred
