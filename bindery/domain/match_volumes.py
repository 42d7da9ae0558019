"""Another volume of the same series or of the same title (judgement.md 6, rule 7)."""

from bindery.domain.match_titles import TitleEvidence
from bindery.domain.numbers import sequence
from bindery.domain.release import ParsedRelease
from bindery.domain.spans import noted_place
from bindery.domain.titles import same_position, series_key
from bindery.domain.wanted import WantedWork


def other_volume(
    wanted: WantedWork, release: ParsedRelease, title: TitleEvidence | None
) -> tuple[str, str] | None:
    """The two positions (ours, theirs) when the release is another volume, else None."""
    if release.kind == "pack":
        return None
    mine = {series_key(place.name): place.position for place in wanted.series}
    series, position = stated_place(release)
    if position:
        found = _placed(wanted, mine, series, position, title)
        if found:
            return found
    if title is None or title.number is None:
        return None
    ours = [value for value in mine.values() if value]
    if any(same_position(value, title.number) for value in ours):
        return None
    if title.number == 1 and not ours:
        return None
    return ours[0] if ours else wanted.title, f"{title.number:g}"


def stated_place(release: ParsedRelease) -> tuple[str, str]:
    """Series and position as the release states them, blank where it does not."""
    if release.position and release.series:
        return release.series, release.position
    noted = noted_place(release.segments)
    return noted if noted[1] else (release.series, release.position)


def _placed(
    wanted: WantedWork,
    mine: dict[str, str],
    series: str,
    position: str,
    title: TitleEvidence | None,
) -> tuple[str, str] | None:
    """The place is one of a series of ours, of the title as a series, or of no named series."""
    named = series_key(series)
    if mine.get(named):
        return None if same_position(mine[named], position) else (mine[named], position)
    if named:
        is_title = named == series_key(wanted.title) and not mine and title is None
        return (wanted.title, f"{series} {position}") if is_title else None
    if title is None:
        return None
    ours = [value for value in mine.values() if value]
    if ours:
        fits = any(same_position(value, position) for value in ours)
        return None if fits else (ours[0], position)
    if title.before:
        return None
    # A number alone in front of the title is its place in a series that nobody named.
    if mine or position == "1" or title.numbered:
        return None
    if any(same_position(word.value, position) for word in sequence(title.wanted[:1000])):
        return None
    return wanted.title, position
