"""What the path of a library or download file says (judgement.md 5)."""

import re
from posixpath import splitext

import msgspec

from bindery.domain import names
from bindery.domain.release import parse as parse_release
from bindery.domain.release_tables import AUDIO_FORMATS, EBOOK_FORMATS
from bindery.domain.text import fold
from bindery.domain.title_parts import series_key
from bindery.domain.wanted import FileEvidence

_DISC = re.compile(
    r"\A(?:.*?[\s_-])?(?:disc|disk|cd|vol(?:ume)?|part|teil)[\s._-]*0*(\d{1,3})(?:\s*-\s.*)?\Z",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"\A(?:(\d{1,2})[-.](?=\d))?(\d{1,3}(?:\.\d{1,2})?)(?:\s*[-_.]+\s*|\s+)(?=\D)"
)
_TRACK_ONLY = re.compile(r"\A(?:(\d{1,2})[-.])?(\d{1,4})\Z")
_TRACK_WORD = re.compile(
    r"\b(?:track|chapter|kapitel|part|teil|ch)[\s._-]*0*(\d{1,4})\b", re.IGNORECASE
)
_CHAPTER = re.compile(
    r"\A(?:chapter|chapitre|cap[ií]tulo|capitolo|hoofdstuk|kapitel|track|part|partie|parte|teil|deel"
    r"|disc|disk|cd)[\s._-]*\d{1,4}(?=\s*(?:[-.:_/]|of\b|\Z))",
    re.IGNORECASE,
)
_CHAPTER_NAMES = frozenset(
    ("intro", "introduction", "prologue", "epilogue", "opening credits", "end credits")
)
_LEADING_NUMBER = re.compile(r"\A\d{1,3}(?:\s*[-.]\s+\S|_+[^\W\d])")
_IGNORED_PARTS = re.compile(r"\A(?:\.|@eadir\Z|_unpack_|_failed_|thumbs\.db\Z)", re.IGNORECASE)
_SAMPLE_PART = re.compile(r"\A(?:sample|proof)s?\Z", re.IGNORECASE)
_JUNK_ENDING = re.compile(r"\.(?:par2|sfv|nzb|srr|srs|diz|nfo|url|md5|sha1)\Z", re.IGNORECASE)
_SERIES_FOLDER = re.compile(r"\A(.+?)\s+#(\d{1,3}(?:\.\d{1,2})?)\s*-\s*(.+)\Z")


class PathFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Reading of one relative path. ``disc`` and ``track`` are 0 when not said."""

    evidence: FileEvidence = FileEvidence()
    disc: int = 0
    track: int = 0
    subtitle: str = ""
    ignored: bool = False


def disc_of(folder: str) -> int:
    """Disc number of one directory name, 0 when it is none."""
    found = _DISC.match(folder)
    return int(found[1]) if found else 0


def disc_of_path(path: str) -> int:
    """Disc number by the deepest disc directory of a relative path."""
    folders = path.split("/")[:-1]
    return next((disc_of(f) for f in reversed(folders) if disc_of(f)), 0)


def track_of(path: str) -> int:
    """Track number by the file name, 0 when it says none."""
    stem = splitext(path.rsplit("/", 1)[-1])[0]
    only = _TRACK_ONLY.match(stem)
    if only:
        return int(only[2])
    word = _TRACK_WORD.search(stem)
    if word:
        return int(word[1])
    leading = _LEADING.match(stem)
    return int(float(leading[2])) if leading else 0


def is_ignored(path: str) -> bool:
    """Hidden, sample, unpack and posting leftovers: skipped without a word."""
    parts = path.split("/")
    if any(_IGNORED_PARTS.match(part) for part in parts):
        return True
    return is_sample(path) or bool(_JUNK_ENDING.search(parts[-1]))


def is_sample(path: str) -> bool:
    """In a folder of samples or proofs."""
    return any(_SAMPLE_PART.match(part) for part in path.split("/")[:-1])


def is_chapter_like(title: str) -> bool:
    """A tag that names a chapter (`04 - The Temple`, `Kapitel 01`), never the book."""
    clean = title.strip()
    if not clean or (clean.isdecimal() and len(clean) <= 3):
        return True
    marked = _LEADING_NUMBER.match(clean) or _CHAPTER.match(clean)
    return bool(marked) or fold(clean) in _CHAPTER_NAMES


def natural_key(path: str) -> tuple[tuple[int, int, str], ...]:
    """Order of paths as people count: `2` before `10`."""
    pieces = re.split(r"(\d{1,9})", path.casefold())
    return tuple((1, int(p), "") if p.isdecimal() and p.isascii() else (0, 0, p) for p in pieces)


def parse_path(
    path: str,
    *,
    known_authors: tuple[str, ...] = (),
    known_series: tuple[str, ...] = (),
    audio: bool | None = None,
) -> PathFacts:
    """Read a path relative to its root: folders and stem (`author/[series/]title/file`)."""
    if is_ignored(path):
        return PathFacts(ignored=True)
    parts = [part for part in path.split("/") if part]
    folders = [part for part in parts[:-1] if not disc_of(part)]
    name = parts[-1] if parts else ""
    extension = splitext(name)[1].removeprefix(".").casefold()
    is_audio = extension in AUDIO_FORMATS if audio is None else audio
    disc, track = disc_of_path(path), track_of(path) if is_audio else 0
    stem = splitext(name)[0]
    dual = _TRACK_ONLY.match(stem)
    if dual and dual[1] and not disc:
        disc = int(dual[1])
    own = _stem(
        stem, folders, known_authors, known_series, is_audio=is_audio, whole=extension == "m4b"
    )
    layout = _layout(folders, known_authors, known_series)
    in_parts = is_audio and extension != "m4b"
    evidence = _merge(own, layout, is_audio=is_audio, in_parts=in_parts, extension=extension)
    return PathFacts(evidence=evidence, disc=disc, track=track)


def _stem(
    stem: str,
    folders: list[str],
    authors: tuple[str, ...],
    series: tuple[str, ...],
    *,
    is_audio: bool,
    whole: bool,
) -> FileEvidence:
    """The file's own stem. ``whole``: a container that usually holds a whole recording (m4b)."""
    if is_audio and ((is_chapter_like(stem) and not whole) or _TRACK_ONLY.match(stem)) and folders:
        return FileEvidence()
    position = ""
    leading = _LEADING.match(stem)
    if leading and len(folders) >= 2 and leading[2]:
        position, stem = leading[2].lstrip("0") or "0", stem[leading.end() :]
    parsed = parse_release(f"{stem}.epub", known_authors=authors, known_series=series)
    if fold(parsed.title) == "" and parsed.asin:
        return FileEvidence(asin=parsed.asin)
    return FileEvidence(
        title=parsed.title,
        authors=parsed.authors,
        series=parsed.series,
        position=parsed.position or position,
        year=parsed.year,
        language=parsed.languages[0] if parsed.languages else "",
        isbns=(parsed.isbn,) if parsed.isbn else (),
        asin=parsed.asin,
        narrators=parsed.narrators,
        abridged=parsed.abridged,
    )


def _layout(folders: list[str], authors: tuple[str, ...], series: tuple[str, ...]) -> FileEvidence:
    """Folders: 3+ levels author / [series /] title, 2 author and title, 1 author at most."""
    if not folders:
        return FileEvidence()
    author, rest = folders[0], folders[1:]
    for index, folder in enumerate(folders):
        if any(names.same(folder, known).is_strong for known in authors):
            author, rest = folder, folders[index + 1 :]
            break
    people = tuple(names.parse_list(author).names)
    if not rest:
        return FileEvidence(authors=people)
    leaf = rest[-1]
    named = _SERIES_FOLDER.match(leaf)
    if named:
        return FileEvidence(
            title=named[3], authors=people, series=named[1], position=named[2].lstrip("0") or "0"
        )
    position = ""
    leading = _LEADING.match(leaf)
    if leading and len(rest) >= 2:
        position, leaf = leading[2].lstrip("0") or "0", leaf[leading.end() :]
    parsed = parse_release(f"{leaf}.epub", known_authors=(author,), known_series=series)
    title = parsed.title
    if parsed.authors and not any(names.same(one, author).score >= 0.7 for one in parsed.authors):
        # Inside an author's folder `A - B` is a title with its subtitle.
        title = f"{parsed.authors[0]}: {parsed.title}"
    in_series = rest[-2] if len(rest) >= 2 else ""
    return FileEvidence(
        title=title,
        authors=people,
        series=parsed.series or in_series,
        position=parsed.position or position,
        year=parsed.year,
        language=parsed.languages[0]
        if parsed.languages
        else parsed.inferred_language
        if parsed.abridged is not None
        else "",
        abridged=parsed.abridged,
        narrators=parsed.narrators,
    )


def _merge(
    own: FileEvidence, layout: FileEvidence, *, is_audio: bool, in_parts: bool, extension: str
) -> FileEvidence:
    """File name over folders, field by field; a folder that is the title beats a bare stem."""
    title = own.title or layout.title
    if fold(title) == fold(layout.title):
        title = layout.title  # a person wrote the folder's name, often a program the file's
    in_series = bool(own.position and own.title and not in_parts)
    if (
        layout.title
        and not in_series
        and (in_parts or not own.authors)
        and fold(own.title) != fold(layout.title)
    ):
        title = layout.title
    series = own.series or layout.series
    if not series and in_series and fold(own.title) != fold(layout.title):
        series = layout.title
    if series_key(series) == series_key(title) and not own.series and not own.position:
        series = ""
    media = "audiobook" if is_audio else "ebook" if extension in EBOOK_FORMATS else ""
    return FileEvidence(
        title=title,
        authors=layout.authors or own.authors,
        series=series,
        position=own.position or layout.position,
        year=own.year or layout.year,
        language=own.language or layout.language,
        isbns=own.isbns,
        asin=own.asin,
        narrators=own.narrators or layout.narrators,
        abridged=own.abridged if own.abridged is not None else layout.abridged,
        media=media,
        format=extension,
    )
