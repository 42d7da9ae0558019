"""Rows become records by column name, whichever way is the fastest for a statement."""

import msgspec
import pytest

from bindery.store.rows import Plan


class ByPlace(msgspec.Struct, frozen=True):
    """A record that may be built by place."""

    id: int
    live: bool
    names: list[str]
    note: str = "none"
    size: int = 0


class ByName(msgspec.Struct, frozen=True, kw_only=True):
    """The same, by name alone."""

    id: int
    live: bool
    names: list[str]
    note: str = "none"
    size: int = 0


@pytest.mark.parametrize("kind", [ByPlace, ByName])
@pytest.mark.parametrize(
    ("columns", "values"),
    [
        (("id", "live", "names"), (1, 0, '["a"]')),
        (("id", "live", "names", "note"), (1, 0, '["a"]', "none")),
        (("id", "live", "names", "size"), (1, 0, '["a"]', 0)),
        (("names", "size", "id", "live"), ('["a"]', 0, 1, 0)),
        (("id", "live", "names", "note", "size"), (1, 0, '["a"]', "none", 0)),
    ],
    ids=["defaults left out", "last left out", "one left out between", "other order", "all"],
)
def test_a_column_feeds_the_field_of_its_name(
    kind: type[ByPlace | ByName],
    columns: tuple[str, ...],
    values: tuple[int | str, ...],
) -> None:
    assert Plan(kind, columns).records([values]) == [kind(id=1, live=False, names=["a"])]


@pytest.mark.parametrize("columns", [("id", "live"), ("id", "live", "names", "colour")])
def test_a_field_without_column_and_a_column_without_field_are_faults(
    columns: tuple[str, ...],
) -> None:
    with pytest.raises(TypeError, match="ByPlace"):
        Plan(ByPlace, columns)
