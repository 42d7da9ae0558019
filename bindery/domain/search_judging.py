"""Judging what one indexer brought for a search: one verdict per release (architecture.md 8.4)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.decision import judge_answer, rank
from bindery.domain.matching import judge
from bindery.domain.names import parse_list
from bindery.domain.offers import Release
from bindery.domain.release import parse
from bindery.domain.rules import BlockFacts, Candidate, Rules, SlotFacts
from bindery.domain.wanted import FileEvidence, WantedWork

VERDICTS = ("grab", "acceptable", "soft", "hard")
_OF_ANY_BOOK = frozenset(
    (
        "obfuscated",
        "usenet-junk",
        "not-book-content",
        "dangerous",
        "password",
        "blocklisted",
        "no_client_for_protocol",
        "seeders",
    )
)
"""Rules that hold for a release whatever book it is: all that a free search can be judged by."""


class Judged(msgspec.Struct, frozen=True):
    """A release with the slot that it fits best; no slot in a free search."""

    slot_id: int | None
    candidate: Candidate


def judge_for_slots(
    slots: Sequence[SlotFacts], releases: Sequence[Release], rules: Rules, history: BlockFacts
) -> list[Judged]:
    """Every release once, best first, against the slot with the mildest verdict."""
    chosen: dict[int, Judged] = {}
    for slot in slots:
        for candidate in judge_answer(slot, releases, rules, history):
            known = chosen.get(candidate.release_index)
            if known is None or _fits(slot, candidate) > _fit_of(known, slots):
                chosen[candidate.release_index] = Judged(slot.slot_id, candidate)
    order = {
        candidate.release_index: place
        for place, candidate in enumerate(rank([one.candidate for one in chosen.values()]))
    }
    return sorted(chosen.values(), key=lambda one: order[one.candidate.release_index])


def judge_text(
    text: str, releases: Sequence[Release], rules: Rules, history: BlockFacts
) -> list[Judged]:
    """A free search: junk is told apart, the rest ranked by the words; nothing is hidden."""
    slot = SlotFacts(slot_id=0, format="ebook", wanted=WantedWork(title=text))
    judged: list[Candidate] = []
    for candidate in judge_answer(slot, releases, rules, history):
        kept = tuple(one for one in candidate.rejections if one.code in _OF_ANY_BOOK)
        hard = any(one.hard for one in kept)
        verdict = "hard" if hard else "soft" if kept else "acceptable"
        judged.append(msgspec.structs.replace(candidate, rejections=kept, verdict=verdict))
    return [Judged(None, candidate) for candidate in rank(judged)]


def is_relevant(works: Sequence[WantedWork], releases: Sequence[Release]) -> bool:
    """Whether one of the releases is certainly one of the works: later tiers are not needed."""
    for release in releases:
        for work in works:
            parsed = parse(
                release.title,
                categories=release.categories,
                known_authors=(*work.authors, *work.aliases),
                known_series=tuple(place.name for place in work.series),
            )
            if judge(work, parsed).verdict == "yes":
                return True
            if release.author and judge(work, _told(release)).verdict == "yes":
                return True
    return False


def _told(release: Release) -> FileEvidence:
    """What the indexer's own fields say, for a name that leaves it open."""
    return FileEvidence(
        title=release.book_title or release.title,
        authors=parse_list(release.author).names,
        language=release.language,
        isbns=(release.isbn,) if release.isbn else (),
    )


def _fits(slot: SlotFacts, candidate: Candidate) -> tuple[int, bool, float]:
    same = candidate.parsed.media in ("", slot.format)
    return (-VERDICTS.index(candidate.verdict), same, candidate.score)


def _fit_of(known: Judged, slots: Sequence[SlotFacts]) -> tuple[int, bool, float]:
    slot = next(one for one in slots if one.slot_id == known.slot_id)
    return _fits(slot, known.candidate)
