"""The ordered rules of judgement.md 7: each looks at one offer and may object."""

from collections.abc import Callable, Iterator

import msgspec

from bindery.domain import languages
from bindery.domain.offers import Release, Transport
from bindery.domain.release import ParsedRelease
from bindery.domain.release_tables import AUDIO_FORMATS, EBOOK_FORMATS
from bindery.domain.rules import BlockEntry, BlockFacts, Klass, Rejection, Rules, SlotFacts
from bindery.domain.text import fold
from bindery.domain.wanted import Match

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
RECENT_GRAB_US = 12 * 60 * MINUTE_US
SPARE_BYTES = 100_000_000
_DANGEROUS = (".exe", ".scr", ".lnk", ".bat", ".cmd", ".msi", ".js", ".vbs", ".com", ".ps1")
_CONTENT = frozenset(("obfuscated", "usenet-junk", "not-book-content"))


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule may look at."""

    slot: SlotFacts
    release: Release
    parsed: ParsedRelease
    match: Match
    rules: Rules
    history: BlockFacts
    custom_score: int = 0

    @property
    def quality(self) -> str:
        """The best of the offered formats that the profile wants, else the main one."""
        profile, media = self.slot.profile, self.slot.format
        own = AUDIO_FORMATS if media == "audiobook" else EBOOK_FORMATS
        wanted = [f for f in self.parsed.formats if f in own and profile.allows(f, media)]
        if wanted and self.parsed.media in ("", media):
            return max(wanted, key=lambda one: profile.index(one, media))
        return self.parsed.format


def check(offer: Offer) -> list[Rejection]:
    """Run every rule, cheap ones first; every objection is reported."""
    return [rejection for rule in _RULES for rejection in rule(offer)]


def _no(
    code: str, klass: Klass, wanted: object = "", found: object = "", **params: str | int | float
) -> Rejection:
    return Rejection(code=code, klass=klass, wanted=str(wanted), found=str(found), params=params)


def _content(offer: Offer) -> Iterator[Rejection]:
    if offer.match.code in _CONTENT:
        yield _no(offer.match.code, "H", "book", offer.parsed.kind)
    if offer.release.title.casefold().rstrip().endswith(_DANGEROUS):
        yield _no("dangerous", "H", "book", offer.release.title[-12:])
    if offer.release.password:
        yield _no("password", "H", "open", "password")


def _identity(offer: Offer) -> Iterator[Rejection]:
    match = offer.match
    if match.code in _CONTENT or match.code in ("wrong-language", "wrong-media-type"):
        return
    if match.code == "pack" and match.verdict != "yes":
        yield _no("pack", "S", "single", offer.parsed.title or offer.parsed.text)
    elif match.verdict == "no":
        reason = match.evidence[-1] if match.evidence else None
        yield _no(
            "not-the-book",
            "H",
            offer.slot.wanted.title,
            reason.found if reason else "",
            match=match.code,
            confidence=match.confidence,
        )
    elif match.verdict == "unsure" or match.confidence < offer.rules.threshold:
        yield _no("unsure", "A", offer.rules.threshold, match.confidence)


def _blocklist(offer: Offer) -> Iterator[Rejection]:
    if any(_blocked(entry, offer) for entry in offer.history.blocked):
        yield _no("blocklisted", "H", "", offer.release.title)


def _blocked(entry: BlockEntry, offer: Offer) -> bool:
    """By info-hash, else guid, else title + size within 1 % + indexer."""
    release = offer.release
    if entry.info_hash and release.info_hash:
        return entry.info_hash.casefold() == release.info_hash.casefold()
    if entry.guid and entry.guid == release.guid:
        return True
    if not entry.title_key or entry.title_key != fold(release.title):
        return False
    if entry.indexer_id is not None and entry.indexer_id != offer.rules.indexer.id:
        return False
    if entry.size and release.size:
        return abs(entry.size - release.size) <= 0.01 * entry.size
    return True


def _transport(offer: Offer) -> Iterator[Rejection]:
    transport = offer.release.transport
    if transport not in offer.rules.transports:
        have = ", ".join(sorted(offer.rules.transports))
        yield _no("no_client_for_protocol", "H", have, transport)
    elif transport not in offer.rules.delay.enabled:
        yield _no("protocol-disabled", "H", ", ".join(offer.rules.delay.enabled), transport)
    if offer.rules.indexer.blocked:
        yield _no("indexer-blocked", "T")


def _format(offer: Offer) -> Iterator[Rejection]:
    slot = offer.slot
    if offer.parsed.media and offer.parsed.media != slot.format:
        yield _no("wrong-media-type", "H", slot.format, offer.parsed.media)
    elif not slot.profile.allows(offer.quality or "unknown", slot.format):
        allowed = ", ".join(name for name, yes in slot.profile.items if yes)
        yield _no("format-not-wanted", "S", allowed, offer.quality or "unknown")


def _language(offer: Offer) -> Iterator[Rejection]:
    allowed = offer.slot.wanted.allowed_languages
    found = offer.parsed.languages
    if not languages.parse_allowed(allowed):
        return
    if not found and offer.rules.unknown_language_fails:
        yield _no("language-unknown", "S", ", ".join(allowed), "")
    elif found and not languages.allowed(found, allowed):
        yield _no("language", "S", ", ".join(allowed), ", ".join(found))


def _size(offer: Offer) -> Iterator[Rejection]:
    size = offer.release.size
    limit = offer.rules.sizes.get(offer.quality) or offer.rules.sizes.get(offer.slot.format)
    if size and limit:
        if limit.least is not None and size < limit.least:
            yield _no("size-min", "S", limit.least, size)
        if limit.most is not None and size > limit.most:
            yield _no("size-max", "S", limit.most, size)
    least = offer.rules.minimum_bitrate
    if least and offer.parsed.bitrate and offer.parsed.bitrate < least:
        yield _no("bitrate-min", "S", least, offer.parsed.bitrate)


def _terms(offer: Offer) -> Iterator[Rejection]:
    title = f" {fold(offer.release.title)} "
    required = offer.rules.required_terms
    if required and not any(f" {fold(term)} " in title for term in required):
        yield _no("required-term", "S", ", ".join(required), "")
    for term in offer.rules.ignored_terms:
        if fold(term) and f" {fold(term)} " in title:
            yield _no("ignored-term", "S", "", term)
    if offer.custom_score < offer.slot.profile.minimum_score:
        yield _no("custom-format-score", "S", offer.slot.profile.minimum_score, offer.custom_score)


def _age(offer: Offer) -> Iterator[Rejection]:
    published, rules = offer.release.published_at, offer.rules
    age_us = max(0, rules.now_us - published) if published else 0
    if offer.release.transport is Transport.USENET and published:
        days = age_us // DAY_US
        if rules.retention_days is not None and days > rules.retention_days:
            yield _no("retention", "S", rules.retention_days, days)
        minutes = age_us // MINUTE_US
        if minutes < rules.minimum_age_min:
            yield _no("min-age", "T", rules.minimum_age_min, minutes)
    early, released = rules.indexer.early_days, offer.slot.released_at
    if early is not None and published and released and released - published > early * DAY_US:
        yield _no("early-release", "T", early, (released - published) // DAY_US)


def _torrent(offer: Offer) -> Iterator[Rejection]:
    if offer.release.transport is not Transport.TORRENT:
        return
    seeders, least = offer.release.seeders, offer.rules.indexer.minimum_seeders
    if seeders is not None and seeders < least:
        yield _no("seeders", "S", least, seeders)
    if offer.rules.indexer.freeleech == "require" and not offer.rules.by_person:
        factor = offer.release.download_volume_factor
        if factor is None or factor > 0:
            yield _no("freeleech-hold", "A", 0, "unknown" if factor is None else factor)


def _automatic(offer: Offer) -> Iterator[Rejection]:
    if offer.rules.by_person:
        return
    slot = offer.slot
    if not (slot.monitored and slot.is_wanted):
        yield _no("not-monitored", "S", "monitored", "")
    if slot.last_grab_at and offer.rules.now_us - slot.last_grab_at < RECENT_GRAB_US:
        yield _no(
            "recent-grab", "S", 12, (offer.rules.now_us - slot.last_grab_at) // (60 * MINUTE_US)
        )


def _upgrade(offer: Offer) -> Iterator[Rejection]:
    slot, profile = offer.slot, offer.slot.profile
    new = profile.index(offer.quality, slot.format)
    current = slot.current
    if current is not None:
        code = upgrade_refusal(slot, offer.quality, offer.parsed.revision, offer.custom_score)
        if code:
            yield _no(code, "S", current.format or "unknown", offer.quality or "unknown")
    for queued in slot.queued:
        same = profile.index(queued.format, slot.format)
        if (same, queued.revision) >= (new, offer.parsed.revision):
            yield _no("queued-better", "S", queued.format, offer.quality or "unknown")
            break


def upgrade_refusal(slot: SlotFacts, quality: str, revision: int, custom_score: int = 0) -> str:
    """Why ``quality`` may not replace the current file: a code, '' when it may."""
    profile, current = slot.profile, slot.current
    if current is None:
        return ""
    have = profile.index(current.format, slot.format)
    new = profile.index(quality, slot.format)
    known = bool(current.format) and current.format != "unknown"
    if known and profile.cutoff == "any" and not profile.items:
        return "already-present"
    cutoff = profile.index(profile.cutoff, slot.format)
    met = known and (have >= cutoff or profile.cutoff == "any")
    scored = profile.cutoff_score is not None and current.custom_score < profile.cutoff_score
    if met and not (scored and custom_score > current.custom_score):
        return "cutoff-met"
    if not profile.upgrade_allowed:
        return "upgrade-off"
    better = new > have or (new == have and revision > current.revision)
    better = better or (new == have and custom_score > current.custom_score and scored)
    return "" if better else "not-better"


def _imported(offer: Offer) -> Iterator[Rejection]:
    digest = offer.release.info_hash
    named = fold(offer.release.title) in offer.history.imported_titles
    if named or (digest and digest in offer.history.imported_hashes):
        yield _no("already-imported", "H", "", offer.release.title)


def _space(offer: Offer) -> Iterator[Rejection]:
    free, size = offer.rules.free_bytes, offer.release.size
    if free is not None and size and free < size + SPARE_BYTES:
        yield _no("free-space", "T", size + SPARE_BYTES, free)


def _delay(offer: Offer) -> Iterator[Rejection]:
    rules, release = offer.rules, offer.release
    delay = rules.delay
    minutes = {Transport.USENET: delay.usenet_min, Transport.TORRENT: delay.torrent_min}.get(
        release.transport, 0
    )
    if rules.by_person or minutes <= 0 or _bypassed(offer):
        return
    waited = max(0, rules.now_us - release.published_at) if release.published_at else 0
    oldest = offer.history.oldest_pending_at
    if oldest is not None and rules.now_us - oldest >= minutes * MINUTE_US:
        return
    left = minutes - waited // MINUTE_US
    if left > 0:
        yield _no("delay", "T", minutes, minutes - left, left_min=left)


def _bypassed(offer: Offer) -> bool:
    """Best allowed quality, or score enough, in the preferred protocol."""
    delay, profile, media = offer.rules.delay, offer.slot.profile, offer.slot.format
    if offer.release.transport is not delay.preferred:
        return False
    allowed = [name for name, yes in profile.items if yes and profile.index(name, media) >= 0]
    if allowed and offer.quality == allowed[-1]:
        return True
    return delay.bypass_score is not None and offer.custom_score >= delay.bypass_score


_RULES: tuple[Callable[[Offer], Iterator[Rejection]], ...] = (
    _content,
    _identity,
    _blocklist,
    _transport,
    _format,
    _language,
    _size,
    _terms,
    _age,
    _torrent,
    _automatic,
    _upgrade,
    _imported,
    _space,
    _delay,
)
