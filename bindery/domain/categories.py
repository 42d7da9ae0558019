"""Which categories a search sends (acquisition.md 2.4)."""

from collections.abc import Sequence

from bindery.domain.offers import BookFormat

EBOOK = 7020
AUDIOBOOK = 3030
_PARENTS = {"ebook": 7000, "audiobook": 3000}
_FALLBACKS = {"ebook": EBOOK, "audiobook": AUDIOBOOK}


def for_book(
    configured: Sequence[int], book_format: BookFormat, *, parent: bool = False
) -> tuple[int, ...]:
    """Categories of a book search; `parent` is the opt-in that also sends 7000 or 3000."""
    top = _PARENTS[book_format]
    fallback = _FALLBACKS[book_format]
    if not configured:
        return (fallback,)
    family = [one for one in configured if one // 1000 == top // 1000]
    chosen = [one for one in family if one != top]
    if not chosen and any(one > 9999 for one in configured):
        return tuple(configured)
    chosen = chosen or [fallback]
    return (top, *chosen) if parent and family else tuple(chosen)


def for_text(configured: Sequence[int]) -> tuple[int, ...]:
    """Categories of a free search: as configured."""
    return tuple(configured) or (EBOOK,)
