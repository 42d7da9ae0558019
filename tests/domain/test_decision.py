"""Rules, ranking and upgrades (judgement.md 7)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.decision import best, judge_answer
from bindery.domain.offers import Release, Transport
from bindery.domain.rules import (
    BlockEntry,
    BlockFacts,
    Candidate,
    CurrentFile,
    CustomFormat,
    DelayRule,
    FormatCondition,
    IndexerFacts,
    QualityProfile,
    Rules,
    SizeLimit,
    SlotFacts,
)
from bindery.domain.wanted import SeriesPlace, WantedWork

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
EBOOKS = QualityProfile(items=(("pdf", True), ("mobi", True), ("epub", True)), cutoff="epub")
AUDIO = QualityProfile(items=(("mp3", True), ("m4b", True)), cutoff="m4b")
SULA = WantedWork(
    title="Sula", authors=("Toni Morrison",), format="ebook", allowed_languages=("en",)
)


def _slot(**more: Any) -> SlotFacts:
    return SlotFacts(slot_id=1, format="ebook", wanted=SULA, profile=EBOOKS, **more)


def _audio_slot(**more: Any) -> SlotFacts:
    wanted = msgspec.structs.replace(SULA, format="audiobook")
    return SlotFacts(slot_id=2, format="audiobook", wanted=wanted, profile=AUDIO, **more)


def _release(tail: str, **more: Any) -> Release:
    title = f"Toni Morrison - Sula {tail}".strip()
    facts: dict[str, Any] = {
        "guid": title,
        "title": title,
        "transport": Transport.TORRENT,
        "link": "x:",
        "seeders": 5,
    }
    return Release(**(facts | more))


def _one(
    release: Release,
    slot: SlotFacts | None = None,
    history: BlockFacts | None = None,
    **rules: Any,
) -> Candidate:
    judged = judge_answer(
        slot or _slot(), [release], Rules(now_us=NOW, **rules), history or BlockFacts()
    )
    return judged[0]


def _codes(candidate: Candidate) -> list[str]:
    return [rejection.code for rejection in candidate.rejections]


def test_a_good_release_is_grabbed() -> None:
    candidate = _one(_release("(epub)"))
    assert candidate.verdict == "grab"
    assert candidate.rejections == ()
    assert candidate.match.confidence == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("tail", "more", "verdict", "code"),
    [
        ("(azw3)", {}, "soft", "format-not-wanted"),
        ("m4b", {}, "hard", "wrong-media-type"),
        ("GERMAN epub", {}, "soft", "language"),
        ("epub", {"seeders": 0}, "soft", "seeders"),
        ("epub", {"password": True}, "hard", "password"),
        ("epub.exe", {}, "hard", "dangerous"),
        ("(Sample) epub", {}, "hard", "not-the-book"),
        ("", {"title": "Jane Doe - Sula epub"}, "hard", "not-the-book"),
        ("", {"title": "9f86d081884c7d659a2feaa0c55ad015"}, "hard", "obfuscated"),
        ("", {"title": "Sula.S01E01.1080p.WEB.h264-X"}, "hard", "not-book-content"),
        ("", {"title": "Sula.part01.rar"}, "hard", "usenet-junk"),
        ("", {"title": "Assassins Sula epub"}, "hard", "not-the-book"),
    ],
)
def test_each_objection_has_its_code(
    tail: str, more: dict[str, Any], verdict: str, code: str
) -> None:
    candidate = _one(_release(tail, **more))
    assert code in _codes(candidate)
    assert candidate.verdict == verdict


@pytest.mark.parametrize(
    "more",
    [
        {"tail": ""},
        {"tail": "ENG + GER epub"},
        {"tail": "epub", "seeders": None},
        {"tail": "[ENG / EPUB MOBI]"},
    ],
)
def test_what_is_unknown_passes(more: dict[str, Any]) -> None:
    assert _one(_release(**more)).verdict == "grab"


def test_no_format_fails_when_the_profile_says_so() -> None:
    profile = QualityProfile(items=(("unknown", False), ("epub", True)), cutoff="epub")
    slot = msgspec.structs.replace(_slot(), profile=profile)
    assert _codes(_one(_release(""), slot)) == ["format-not-wanted"]


def test_m4b_with_a_booklet_is_an_m4b() -> None:
    candidate = _one(_release("(Unabridged) [M4B + PDF]"), _audio_slot())
    assert (candidate.verdict, candidate.quality) == ("grab", "m4b")


@pytest.mark.parametrize(
    ("current", "tail", "codes"),
    [
        ("mobi", "epub", []),
        ("epub", "epub PROPER", ["cutoff-met"]),
        ("mobi", "pdf", ["not-better"]),
        ("unknown", "mobi", []),
    ],
)
def test_upgrades(current: str, tail: str, codes: list[str]) -> None:
    slot = _slot(current=CurrentFile(format=current))
    assert _codes(_one(_release(tail), slot)) == codes


def test_upgrades_can_be_off() -> None:
    profile = msgspec.structs.replace(EBOOKS, upgrade_allowed=False)
    slot = SlotFacts(
        slot_id=1, format="ebook", wanted=SULA, profile=profile, current=CurrentFile(format="mobi")
    )
    assert _codes(_one(_release("epub"), slot)) == ["upgrade-off"]


def test_what_is_on_its_way_counts() -> None:
    slot = _audio_slot(current=CurrentFile(format="mp3"), queued=(CurrentFile(format="m4b"),))
    assert _codes(_one(_release("m4b"), slot)) == ["queued-better"]


@pytest.mark.parametrize(
    ("entry", "blocked"),
    [
        (BlockEntry(guid="g"), True),
        (BlockEntry(info_hash="AB"), True),
        (BlockEntry(title_key="toni morrison sula epub", size=1000), True),
        (BlockEntry(title_key="toni morrison sula epub", size=2000), False),
        (BlockEntry(title_key="toni morrison sula epub", indexer_id=7), False),
        (BlockEntry(info_hash="cd", guid="g"), False),
    ],
)
def test_blocklist_by_hash_then_guid_then_title(entry: BlockEntry, blocked: bool) -> None:
    release = _release("epub", guid="g", info_hash="ab", size=1005)
    candidate = _one(release, history=BlockFacts(blocked=(entry,)))
    assert ("blocklisted" in _codes(candidate)) is blocked


def test_a_protocol_without_a_client_is_hopeless() -> None:
    candidate = _one(_release("epub"), transports=frozenset({Transport.USENET}))
    assert _codes(candidate) == ["no_client_for_protocol"]
    assert candidate.verdict == "hard"


def test_delay_waits_but_never_for_a_person() -> None:
    release = _release("mobi", published_at=NOW - 10 * MINUTE)
    delay = DelayRule(torrent_min=60)
    waiting = _one(release, delay=delay)
    assert waiting.verdict == "acceptable"
    assert waiting.rejections[0].params["left_min"] == 50
    assert _one(release, delay=delay, by_person=True).verdict == "grab"
    oldest = BlockFacts(oldest_pending_at=NOW - 61 * MINUTE)
    assert _one(release, delay=delay, history=oldest).verdict == "grab"
    preferred = DelayRule(torrent_min=60, preferred=Transport.TORRENT)
    assert _one(_release("epub", published_at=NOW), delay=preferred).verdict == "grab"


def test_freeleech_is_held_for_approval() -> None:
    strict = IndexerFacts(freeleech="require")
    assert _codes(_one(_release("epub"), indexer=strict)) == ["freeleech-hold"]
    free = _release("epub", download_volume_factor=0.0)
    assert _one(free, indexer=strict).verdict == "grab"


def test_sizes_terms_and_space() -> None:
    release = _release("epub", size=5_000)
    limits = {"ebook": SizeLimit(least=10_000)}
    assert _codes(_one(release, sizes=limits)) == ["size-min"]
    assert _codes(_one(release, sizes={"epub": SizeLimit(most=10)})) == ["size-max"]
    assert _codes(_one(_release("epub", size=0), sizes=limits)) == []
    assert _codes(_one(release, ignored_terms=("Sula",))) == ["ignored-term"]
    assert _codes(_one(release, required_terms=("retail",))) == ["required-term"]
    assert _one(release, free_bytes=10).verdict == "acceptable"


def test_automatic_searches_leave_a_slot_alone() -> None:
    slot = _slot(monitored=False, last_grab_at=NOW - MINUTE)
    assert _codes(_one(_release("epub"), slot)) == ["not-monitored", "recent-grab"]
    assert _one(_release("epub"), slot, by_person=True).verdict == "grab"


def _ranked(slot: SlotFacts, *releases: Release, **rules: Any) -> list[str]:
    judged = judge_answer(slot, releases, Rules(now_us=NOW, **rules), BlockFacts())
    return [candidate.release.guid for candidate in judged]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (_release("epub"), _release("mobi")),
        (_release("epub PROPER"), _release("epub")),
        (_release("RETAIL epub"), _release("epub")),
        (_release("epub", guid="a", seeders=500), _release("epub", guid="b", seeders=1)),
        (_release("epub", guid="a", grabs=1000), _release("epub", guid="b", grabs=1)),
        (_release("epub", guid="a"), _release("epub", guid="b")),
        (_release("epub"), _release("epub", title="Sula epub - Morrison", guid="w")),
    ],
)
def test_the_chain_orders(better: Release, worse: Release) -> None:
    assert _ranked(_slot(), worse, better)[0] == better.guid


def test_plain_beats_abridged_retail() -> None:
    abridged, plain = _release("abridged retail mp3"), _release("mp3")
    assert _ranked(_audio_slot(), abridged, plain)[0] == plain.guid


def test_custom_formats_score() -> None:
    liked = CustomFormat(
        name="X", score=10, conditions=(FormatCondition(kind="group", value="NODE"),)
    )
    plain = _release("RETAIL epub", guid="a")
    grouped = _release("", title="Toni.Morrison-Sula.EPUB-NODE", guid="b")
    assert _ranked(_slot(), plain, grouped, custom_formats=(liked,))[0] == "b"


def test_a_single_beats_a_pack() -> None:
    wanted = msgspec.structs.replace(SULA, packs_allowed=True, series=(SeriesPlace("Sula", "1"),))
    slot = msgspec.structs.replace(_slot(), wanted=wanted)
    pack = _release("", title="Toni Morrison - Sula 1-3 (epub)", guid="a")
    single = _release("(epub)", guid="b")
    assert _ranked(slot, pack, single)[0] == "b"


def test_best_never_takes_what_has_an_objection_by_itself() -> None:
    judged = judge_answer(_slot(), [_release("(azw3)")], Rules(now_us=NOW), BlockFacts())
    assert best(judged) is None
    by_hand = best(judged, automatic=False)
    assert by_hand is not None
    assert by_hand.verdict == "soft"


def test_the_indexers_own_fields_fill_what_the_name_leaves_open() -> None:
    release = Release(
        guid="o", title="Sula", transport=Transport.HTTP, link="x:", author="Toni Morrison",
        mime="application/epub+zip",
    )  # fmt: skip
    candidate = _one(release)
    assert (candidate.verdict, candidate.quality) == ("grab", "epub")


@given(st.lists(st.text(st.characters()), max_size=8))
def test_every_release_of_an_answer_comes_back(titles: list[str]) -> None:
    releases = [
        Release(guid=str(at), title=title, transport=Transport.USENET, link="x:")
        for at, title in enumerate(titles)
    ]
    judged = judge_answer(_slot(), releases, Rules(now_us=NOW), BlockFacts())
    assert sorted(c.release_index for c in judged) == list(range(len(titles)))
