"""Media types of what is shelved, by extension (catalogue.md 7.4, 7.6).

Nothing that a browser would run has a type here: HTML, SVG and XML leave the server as bytes
(security-rulings.md 9). OPDS links and file answers read the same table, so they agree.
"""

from collections.abc import Mapping
from types import MappingProxyType

BYTES = "application/octet-stream"
ZIP = "application/zip"

_TYPES: Mapping[str, str] = MappingProxyType({
    "azw": "application/vnd.amazon.ebook",
    "azw3": "application/vnd.amazon.mobi8-ebook",
    "cb7": "application/x-cb7",
    "cbr": "application/vnd.comicbook-rar",
    "cbz": "application/vnd.comicbook+zip",
    "djvu": "image/vnd.djvu",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "fb2": "application/x-fictionbook+xml",
    "flac": "audio/flac",
    "kfx": "application/vnd.amazon.ebook",
    "lit": "application/x-ms-reader",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "mobi": "application/x-mobipocket-ebook",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "txt": "text/plain",
    "zip": ZIP,
})  # fmt: skip


def media_type(name: str) -> str:
    """The type of a file by its name; bytes when the extension says nothing to us."""
    low = name.lower()
    if low.endswith(".kepub.epub"):
        return "application/kepub+zip"
    _, dot, extension = low.rpartition(".")
    return _TYPES.get(extension, BYTES) if dot else BYTES


def extension_of(name: str) -> str:
    """Lower case, without the dot; empty when there is none."""
    _, dot, extension = name.rpartition("/")[2].rpartition(".")
    return extension.lower() if dot else ""
