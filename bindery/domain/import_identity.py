"""Which unit of files is which wanted work (judgement.md 5 and 9.2)."""

from collections.abc import Iterable, Sequence

import msgspec

from bindery.domain import names
from bindery.domain.file_tags import merge
from bindery.domain.filename import (
    disc_of_path,
    is_chapter_like,
    is_sample,
    natural_key,
    parse_path,
    track_of,
)
from bindery.domain.import_facts import DownloadFacts, SourceFile
from bindery.domain.library_units import home_of
from bindery.domain.matching import judge
from bindery.domain.media import ProbedFile
from bindery.domain.release import parse as parse_release
from bindery.domain.rules import SlotFacts
from bindery.domain.text import fold
from bindery.domain.wanted import FileEvidence, Match

# A no for these reasons stands even when the release's name said yes: the bytes know better.
_BINDING = frozenset(
    (
        "wrong-author",
        "different-book",
        "different-volume",
        "isbn-mismatch",
        "derivative",
        "sample",
        "wrong-language",
    )
)


_SIDECARS = (".opf", "metadata.json", ".cue", ".nfo")


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """Files that belong together: one ebook file, or one audiobook in playing order.

    ``sidecars`` are those beside it that say something of the book (OPF, metadata.json, cue, NFO),
    the most telling first.
    """

    media: str
    folder: str
    files: tuple[SourceFile, ...]
    sidecars: tuple[SourceFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.probed.size for file in self.files)


def units(files: Sequence[SourceFile], beside: Sequence[SourceFile] = ()) -> list[Unit]:
    """Each ebook alone; audio by directory (disc directories joined), then by album.

    ``beside``: the other files of the download, of which side-cars go to their unit.
    """
    out = [
        Unit(media="ebook", folder=home_of(f.rel), files=(f,))
        for f in files
        if f.probed.format == "ebook"
    ]
    groups: dict[tuple[str, str], list[SourceFile]] = {}
    audio = [f for f in files if f.probed.format == "audiobook"]
    by_folder: dict[str, list[SourceFile]] = {}
    for file in audio:
        by_folder.setdefault(home_of(file.rel), []).append(file)
    for folder, members in by_folder.items():
        albums = {fold(f.probed.album) for f in members if f.probed.album}
        split = len(albums) > 1 and all(f.probed.album for f in members)
        for file in members:
            album = fold(file.probed.album) if split and not disc_of_path(file.rel) else ""
            groups.setdefault((folder, album), []).append(file)
    for (folder, _), members in groups.items():
        out.append(Unit(media="audiobook", folder=folder, files=tuple(in_order(members))))
    return [_with_sidecars(unit, out, beside) for unit in out]


def _with_sidecars(unit: Unit, found: Sequence[Unit], beside: Sequence[SourceFile]) -> Unit:
    """A side-car speaks for the files of its own stem, else for the only work of its folder."""
    stem = _stem_of(unit.files[0])
    stems = {_stem_of(one.files[0]) for one in found if one.folder == unit.folder}
    spoken = [
        file
        for file in beside
        if (file.probed.title or file.probed.isbns or file.probed.asin)
        and not is_sample(file.rel)
        and home_of(file.rel) == unit.folder
        and (_stem_of(file) == stem or (len(stems) == 1 and _stem_of(file) not in stems))
    ]
    return msgspec.structs.replace(unit, sidecars=tuple(sorted(spoken, key=_telling)))


def _telling(file: SourceFile) -> tuple[int, str]:
    name = file.rel.casefold()
    order = next((at for at, end in enumerate(_SIDECARS) if name.endswith(end)), len(_SIDECARS))
    return order, name


def _stem_of(file: SourceFile) -> str:
    return file.rel.rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()


def numbers_of(file: SourceFile) -> tuple[int, int]:
    """(disc, track) by directory and name, else by tag; 0 = not said."""
    disc = disc_of_path(file.rel) or file.probed.track.disc
    return disc, file.probed.track.number or track_of(file.rel)


def in_order(files: Iterable[SourceFile]) -> list[SourceFile]:
    """Playing order: disc, track, natural path."""
    return sorted(files, key=lambda f: (*numbers_of(f), natural_key(f.rel)))


def evidence_of(unit: Unit, download: DownloadFacts, slot: SlotFacts) -> list[FileEvidence]:
    """What the unit says, strongest source first: tags, side-cars, path, name of the download."""
    first = unit.files[0].probed
    known = (*slot.wanted.authors, *slot.wanted.aliases)
    path = parse_path(unit.files[0].rel, known_authors=known).evidence
    named = parse_release(download.title, known_authors=known)
    kind = first.kind.value
    beside = [
        _said(file.probed, title, unit.media, kind)
        for file in unit.sidecars
        for title in _ebook_titles(file.probed) or [""]
    ]
    out: list[FileEvidence] = []
    for title in _titles(unit):
        own = _said(first, title, unit.media, kind)
        out.append(merge([("tags", own), *(("side-car", one) for one in beside)]).evidence)
    out += beside
    people = next((one.authors for one in out if one.authors), ())
    if path.title:
        authors = path.authors or people or named.authors
        out.append(msgspec.structs.replace(path, authors=authors, media=unit.media))
    return out


def _said(probed: ProbedFile, title: str, media: str, kind: str) -> FileEvidence:
    """The tags of a file, or of a side-car, as evidence under one of its titles."""
    authors, narrators = _credits(probed.authors)
    year = int(probed.published[:4]) if probed.published[:4].isdecimal() else None
    return FileEvidence(
        title=title,
        authors=authors,
        series=probed.series,
        position=probed.position,
        year=year,
        language=probed.language,
        isbns=probed.isbns,
        asin=probed.asin,
        narrators=(*probed.narrators, *narrators),
        publisher=probed.publisher,
        media=media,
        format=kind,
    )


def _titles(unit: Unit) -> list[str]:
    probed = unit.files[0].probed
    if unit.media == "ebook":
        return _ebook_titles(probed)
    several = len(unit.files) > 1
    album = probed.album
    tag = "" if several or is_chapter_like(probed.title) else probed.title
    return [t for t in dict.fromkeys((album, tag)) if fold(t)]


def _ebook_titles(probed: ProbedFile) -> list[str]:
    both = f"{probed.title}: {probed.subtitle}" if probed.subtitle and probed.title else ""
    return [title for title in (both, probed.title) if fold(title)]


def _credits(authors: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    listed = [names.parse_list(author) for author in authors]
    people = tuple(dict.fromkeys(name for one in listed for name in one.names))
    return people, tuple(name for one in listed for name in one.narrators)


def identify(unit: Unit, slot: SlotFacts, download: DownloadFacts, *, alone: bool) -> Match:
    """Is this unit the slot's work? ``alone``: the only unit of its medium in the download.

    What the bytes say binds when it contradicts; where they are silent the path and, for a lone
    unit, the name of the download speak.
    """
    judged = [(e, judge(slot.wanted, e, slot.rivals)) for e in evidence_of(unit, download, slot)]
    tags = [match for evidence, match in judged if evidence.authors and evidence.title]
    yes = [match for _, match in judged if match.verdict == "yes"]
    if tags and tags[0].verdict == "no" and tags[0].code in _BINDING and not yes:
        return tags[0]
    if yes:
        return max(yes, key=lambda match: match.confidence)
    silent = not any(evidence.title and evidence.authors for evidence, _ in judged)
    if alone and (silent or all(_weak(evidence) for evidence, _ in judged)):
        known = (*slot.wanted.authors, *slot.wanted.aliases)
        named = judge(slot.wanted, parse_release(download.title, known_authors=known), slot.rivals)
        if named.verdict == "yes":
            return named
    if not judged:
        return Match("unsure", 0.0, (), "unsure")
    return max((match for _, match in judged), key=lambda m: (m.verdict == "unsure", m.confidence))


def _weak(evidence: FileEvidence) -> bool:
    """A title that no person gave: one short or machine-made word."""
    return not evidence.authors or len(fold(evidence.title)) < 3
