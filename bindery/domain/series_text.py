"""Series as OpenLibrary writes them: "Wheel of Time, Book 1" (metadata.md 5)."""

import re
from collections.abc import Iterable

from bindery.domain.catalogue import SeriesRef
from bindery.domain.text import slug

_HASH = re.compile(r"^(.*?)\s*#\s*(\d+(?:\.\d+)?)$")
_BOOK = re.compile(r"^(.*?)(?:\s*(?:,|--?|–|—)\s*|\s+)book\s+(\d+(?:\.\d+)?)$", re.IGNORECASE)


def parse_series(text: str) -> SeriesRef | None:
    """Title, position and our synthesised id; None when nothing of the title can be a slug."""
    plain = " ".join(text.split())
    found = _HASH.match(plain) or _BOOK.match(plain)
    title, position = (found[1], found[2]) if found else (plain, "")
    title = title.strip(" ,-–—")
    key = slug(re.sub("['’]", " ", title))  # the apostrophe is a break in these ids
    return SeriesRef(title=title, position=position, ref=f"ol-series:{key}") if key else None


def series_refs(texts: Iterable[str]) -> tuple[SeriesRef, ...]:
    """All that can be read; the first one kept is primary."""
    kept = [ref for ref in map(parse_series, texts) if ref is not None]
    return tuple(
        SeriesRef(title=ref.title, position=ref.position, ref=ref.ref, primary=index == 0)
        for index, ref in enumerate(kept)
    )
