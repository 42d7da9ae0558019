"""Every work of a family in every shape of name, against every work of the family.

The shapes under `right` name a work: judged against itself it is a yes, against its siblings a no.
The shapes under `wrong` name something that is never the work. Nothing else tells more about a
rule than ten thousand pairs that nobody wrote for it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bindery.domain import names
from bindery.domain.text import fold

SAMPLES = Path(__file__).with_name("samples")


class Family(msgspec.Struct, frozen=True):
    """Works of one author, in the order of their series if they have one."""

    author: str
    series: str
    titles: list[str]


class Shapes(msgspec.Struct, frozen=True):
    """Templates of release names; those that say ``{series}`` need one."""

    right: list[str]
    wrong: list[str]


def pairs() -> Iterator[tuple[str, dict[str, Any], str]]:
    """(release name, book, yes or no); the book tells no more than title and author."""
    families = msgspec.json.decode((SAMPLES / "families.json").read_bytes(), type=list[Family])
    shapes = msgspec.json.decode((SAMPLES / "shapes.json").read_bytes(), type=Shapes)
    for family in families:
        for wanted in family.titles:
            book = {"title": wanted, "author": family.author}
            for n, title in enumerate(family.titles, start=1):
                same = "yes" if title == wanted else "no"
                for shape in shapes.right:
                    if family.series or "series}" not in shape:
                        yield _name(shape, family, title, n), book, same
            for shape in shapes.wrong:
                if family.series or "series}" not in shape:
                    yield _name(shape, family, wanted, 1), book, "no"


def _name(shape: str, family: Family, title: str, n: int) -> str:
    parsed = names.parse(family.author)
    surname = " ".join(filter(None, (parsed.particles_raw, parsed.family_raw)))
    return shape.format(
        author=family.author,
        family=surname,
        inverted=f"{surname}, {parsed.given_raw}",
        title=title,
        series=family.series,
        n=n,
        year=1990 + n,
        dotted_author=_dotted(family.author),
        dotted_title=_dotted(title),
        dotted_series=_dotted(family.series),
    )


def _dotted(text: str) -> str:
    """As scene names are spelt: stripped words with dots between them."""
    return ".".join(word.capitalize() for word in fold(text).split(" "))
