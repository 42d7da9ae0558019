"""Who wrote a recording and who reads it, from its tags (downloads-and-import.md 5.5)."""

import re
from collections.abc import Iterable, Sequence

from bindery.domain.name_parse import parse_list

MOST_VALUES = 50
_SEVERAL = re.compile(r"\s*[;/&]\s*|\s*\x00\s*")
_READ_BY = re.compile(r"\s*(?:read|narrated|performed|presented|told)\s+by\s+", re.IGNORECASE)


def credited(
    roles: Iterable[Sequence[str]], narrators: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Authors and narrators from the values of artist, album artist and composer, in that order
    (downloads-and-import.md 5.5).

    The first role that does not say "read by" names the authors; a composer who is somebody else
    reads the book, as Audible rips and players have it. `narrators` are named as such already.
    """
    readers = [person for value in narrators for person in people_of(value)]
    authors: tuple[str, ...] = ()
    for at, values in enumerate(roles):
        said = [value for value in values if value and value.strip()]
        if not said:
            continue
        if _READ_BY.match(said[0]):
            listed = parse_list(said[0])
            readers += listed.narrators
            authors = authors or tuple(_natural(name) for name in listed.names)
            continue
        people = tuple(dict.fromkeys(p for value in said for p in people_of(value)))
        if not authors:
            authors = people
        elif at == 2 and people != authors:
            readers += people
    return authors[:MOST_VALUES], tuple(dict.fromkeys(readers))[:MOST_VALUES]


def people_of(value: str) -> list[str]:
    """The people of one value, names in natural order."""
    return [_natural(one) for one in _SEVERAL.split(value) if one.strip()]


def _natural(name: str) -> str:
    """`Enrigue, Álvaro` -> `Álvaro Enrigue`; what is no inverted name stays."""
    last, comma, first = (part.strip() for part in name.partition(","))
    inverted = comma and first and "," not in first and len(first.split()) <= 3 >= len(last.split())
    return f"{first} {last}" if inverted and len(parse_list(name).names) == 1 else name.strip()
