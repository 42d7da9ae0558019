"""Which files of a library folder belong together, by their paths alone (judgement.md 5).

A scan hands over every path below a root; tags and side-cars are read later, unit by unit.
"""

from collections import defaultdict
from collections.abc import Iterable
from posixpath import splitext

import msgspec

from bindery.domain.filename import (
    disc_of,
    disc_of_path,
    is_ignored,
    natural_key,
    parse_path,
    track_of,
)
from bindery.domain.release_tables import AUDIO_FORMATS, EBOOK_FORMATS
from bindery.domain.wanted import FileEvidence

_AUDIO, _EBOOK = frozenset(AUDIO_FORMATS), frozenset(EBOOK_FORMATS)


class LibraryUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One ebook in one or more formats, or one audiobook in playing order.

    ``folder`` is where it lives, disc directories left out; all paths are relative to the root.
    ``discs`` is 1 when no disc is named. ``evidence`` is what the path of its first file says.
    """

    media: str
    folder: str
    files: tuple[str, ...]
    discs: int = 1
    supplements: tuple[str, ...] = ()
    sidecars: tuple[str, ...] = ()
    evidence: FileEvidence = FileEvidence()


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """Every path once: in a unit, ``ignored`` (hidden, posting leftovers), or a ``stray``."""

    units: tuple[LibraryUnit, ...] = ()
    ignored: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


def group(
    paths: Iterable[str],
    *,
    known_authors: tuple[str, ...] = (),
    known_series: tuple[str, ...] = (),
) -> Library:
    """Group the paths of a root (`/` between parts), in the natural order of their folders.

    A directory with audio is one audiobook with what is in its disc directories; its PDFs are
    supplements. Ebooks of one directory that share a stem are formats of one book. What is neither
    goes with the only unit of its directory, or with the one of its stem. Linear in the paths.
    """
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    ignored: list[str] = []
    for path in paths:
        if is_ignored(path):
            ignored.append(path)
        else:
            by_folder[home_of(path)].append(path)
    units: list[LibraryUnit] = []
    strays: list[str] = []
    for folder in sorted(by_folder, key=natural_key):
        found, left = _folder(folder, by_folder[folder], known_authors, known_series)
        units += found
        strays += left
    return Library(units=tuple(units), ignored=tuple(ignored), strays=tuple(strays))


def home_of(path: str) -> str:
    """The directory of a file without disc directories: where its unit lives."""
    folders = path.split("/")[:-1]
    while folders and disc_of(folders[-1]):
        folders.pop()
    return "/".join(folders)


def _folder(
    folder: str, paths: list[str], authors: tuple[str, ...], series: tuple[str, ...]
) -> tuple[list[LibraryUnit], list[str]]:
    """The units of one directory, and what belongs to none of them."""
    audio = [path for path in paths if _extension(path) in _AUDIO]
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    supplements: list[str] = []
    others: list[str] = []
    for path in paths:
        extension = _extension(path)
        if extension in _EBOOK:
            if audio and extension == "pdf":
                supplements.append(path)
            else:
                by_stem[_stem(path)].append(path)
        elif extension not in _AUDIO:
            others.append(path)
    units: list[LibraryUnit] = []
    if audio:
        tracks = sorted(audio, key=_playing_order)
        units.append(
            LibraryUnit(
                media="audiobook",
                folder=folder,
                files=tuple(tracks),
                discs=len({disc_of_path(path) for path in tracks} - {0}) or 1,
                supplements=tuple(sorted(supplements, key=natural_key)),
                evidence=_evidence(tracks[0], authors, series),
            )
        )
    for stem in sorted(by_stem, key=natural_key):
        books = sorted(by_stem[stem])
        units.append(
            LibraryUnit(
                media="ebook",
                folder=folder,
                files=tuple(books),
                evidence=_evidence(books[0], authors, series),
            )
        )
    return _with_sidecars(units, others)


def _with_sidecars(
    units: list[LibraryUnit], others: list[str]
) -> tuple[list[LibraryUnit], list[str]]:
    """Covers, OPF, cue sheets: with the only unit, else with the unit of their stem."""
    if not units or not others:
        return units, others
    if len(units) == 1:
        sidecars = tuple(sorted(others, key=natural_key))
        return [msgspec.structs.replace(units[0], sidecars=sidecars)], []
    owner = {_stem(path): at for at, unit in enumerate(units) for path in unit.files}
    kept: defaultdict[int, list[str]] = defaultdict(list)
    strays: list[str] = []
    for path in others:
        at = owner.get(_stem(path))
        if at is None:
            strays.append(path)
        else:
            kept[at].append(path)
    placed = [
        msgspec.structs.replace(unit, sidecars=tuple(sorted(kept[at], key=natural_key)))
        if at in kept
        else unit
        for at, unit in enumerate(units)
    ]
    return placed, strays


def _evidence(path: str, authors: tuple[str, ...], series: tuple[str, ...]) -> FileEvidence:
    return parse_path(path, known_authors=authors, known_series=series).evidence


def _playing_order(path: str) -> tuple[int, int, tuple[tuple[int, int, str], ...]]:
    return disc_of_path(path), track_of(path), natural_key(path)


def _extension(path: str) -> str:
    return splitext(path)[1].removeprefix(".").casefold()


def _stem(path: str) -> str:
    """The file name without its ending (`.kepub.epub` is one), case folded."""
    name = path.rsplit("/", 1)[-1].casefold()
    return splitext(name)[0].removesuffix(".kepub")
