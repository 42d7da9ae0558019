"""The file name of a direct download: fit for any disk, with an extension that says what it is."""

import re
import unicodedata

MOST_BYTES = 150
_BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")

EXTENSIONS = {
    "application/epub+zip": ".epub",
    "application/kepub+zip": ".kepub.epub",
    "application/pdf": ".pdf",
    "application/x-mobipocket-ebook": ".mobi",
    "application/vnd.amazon.ebook": ".azw3",
    "application/vnd.amazon.mobi8-ebook": ".azw3",
    "application/x-mobi8-ebook": ".azw3",
    "application/x-fictionbook+xml": ".fb2",
    "application/fb2+zip": ".fb2.zip",
    "application/vnd.comicbook+zip": ".cbz",
    "application/x-cbz": ".cbz",
    "application/x-cbr": ".cbr",
    "image/vnd.djvu": ".djvu",
    "application/rtf": ".rtf",
    "text/plain": ".txt",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4b",
    "audio/x-m4b": ".m4b",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
}
"""Media types of books and audiobooks."""


def media_type(header: str) -> str:
    """The bare type of a Content-Type header, lower case."""
    return header.partition(";")[0].strip().lower()


def download_name(told: str, title: str, mime: str) -> str:
    """A safe file name from what the server told, else from the title; never empty, never hidden.

    An extension that is missing, or that says only how the page was made (`.images`, `.php`), is
    taken from the media type when we know it.
    """
    name = _clean(told.rpartition("/")[2].rpartition("\\")[2]) or _clean(title) or "download"
    wanted = EXTENSIONS.get(mime, "")
    found = _EXTENSION.search(name)
    known = found is not None and _is_known(name)
    stem, extension = (name[: found.start()], found[0]) if found and known else (name, wanted)
    if found and known and name.lower().endswith(wanted) and wanted:
        stem, extension = name[: -len(wanted)], name[-len(wanted) :]
    return _shortened(stem, extension)


def _is_known(name: str) -> bool:
    return any(name.lower().endswith(ext) for ext in EXTENSIONS.values()) or name.lower().endswith(
        (".azw", ".lit", ".lrf", ".pdb", ".m4a", ".aac", ".opus", ".wav", ".cb7", ".rar", ".7z")
    )


def _clean(text: str) -> str:
    plain = _BAD.sub("_", unicodedata.normalize("NFC", text))
    plain = "".join(char for char in plain if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    plain = " ".join(plain.split()).strip(". ")
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain


def _shortened(stem: str, extension: str) -> str:
    room = MOST_BYTES - len(extension.encode())
    raw = stem.encode()[:room].decode("utf-8", "ignore").strip(". ")
    return (raw or "download") + extension
