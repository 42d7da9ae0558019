"""JSON of strangers, read without trust: a field may be missing or of another type."""

from typing import TypeAlias, cast

from bindery.adapters.failures import Malformed

Json: TypeAlias = dict[str, object]


def mapping(value: object) -> Json:
    """The value if it is an object, else an empty one."""
    return cast("Json", value) if _is_object(value) else {}


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def items(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def listed(answer: Json | None, name: str) -> list[object]:
    """The list of an answer; none for "not found". An answer without it is no answer: taken for an
    empty list, a changed format would look like an author who wrote nothing.
    """
    if answer is None:
        return []
    value = answer.get(name)
    if not isinstance(value, list):
        raise Malformed
    return cast("list[object]", value)


def text(value: object) -> str:
    """A string, or the `value` of a typed text; blanks trimmed."""
    inner = mapping(value).get("value") if _is_object(value) else value
    return inner.strip() if isinstance(inner, str) else ""


def texts(value: object) -> list[str]:
    """The non-empty strings of a list; a single string counts as a list of one."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    return [one for one in map(text, items(value)) if one]


def number(value: object) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def ratio(value: object) -> float:
    """A number, or 0."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
