"""From SQLite's tuples to typed records, by column name.

A plan per (statement, record type) is made once: which column feeds which field, and what must
be converted (booleans, enumerations, JSON text). Everything else is taken as STRICT tables gave
it. Callers bound the number of statements: they are constants of the store's modules.
"""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Generic, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin

import msgspec

SqlValue: TypeAlias = int | float | str | bytes | None
Params: TypeAlias = Mapping[str, SqlValue]
R = TypeVar("R", bound=msgspec.Struct)

_PLAIN = (int, str, float, bytes, type(None), msgspec.Raw)
_Convert: TypeAlias = Callable[[Any], Any]


class Plan(Generic[R]):
    """How rows of one statement become records of one type."""

    __slots__ = ("_converted", "_row", "_straight", "_targets")

    def __init__(self, row: type[R], columns: Sequence[str]) -> None:
        fields = {field.name: field for field in msgspec.structs.fields(row)}
        unknown = [name for name in columns if name not in fields]
        missing = [
            field.name for field in fields.values() if field.required and field.name not in columns
        ]
        if unknown or missing:
            message = f"{row.__name__}: no field for {unknown}, no column for {missing}"
            raise TypeError(message)
        self._row = row
        self._targets = tuple(columns)
        by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = inspect.signature(row).parameters.values()
        # Twenty times as fast as by name, for a wide row; what the statement leaves out comes last.
        self._straight = self._targets == row.__struct_fields__[: len(columns)] and all(
            parameter.kind is by_place for parameter in parameters
        )
        self._converted: list[tuple[int, _Convert]] = []
        for at, name in enumerate(columns):
            convert = _converter(fields[name].type)
            if convert is not None:
                self._converted.append((at, convert))

    def records(self, tuples: Iterable[tuple[SqlValue, ...]]) -> list[R]:
        """The rows as records."""
        row, targets = self._row, self._targets
        rows: Iterable[Sequence[Any]] = map(self._convert, tuples) if self._converted else tuples
        if self._straight:
            return [row(*values) for values in rows]
        return [row(**dict(zip(targets, values, strict=True))) for values in rows]

    def _convert(self, values: tuple[SqlValue, ...]) -> list[Any]:
        converted: list[Any] = list(values)
        for at, convert in self._converted:
            if converted[at] is not None:
                converted[at] = convert(converted[at])
        return converted


def _converter(kind: Any) -> _Convert | None:
    """What turns a column into a field of type `kind`; None when nothing is to be done."""
    if kind is Any or kind in _PLAIN:
        return _raw if kind is msgspec.Raw else None
    if kind is bool:
        return bool
    origin = get_origin(kind)
    if origin is Literal:
        return None
    if origin in (types.UnionType, Union):
        rest = [part for part in get_args(kind) if part is not type(None)]
        if all(part in _PLAIN and part is not msgspec.Raw for part in rest):
            return None
        if len(rest) == 1:
            return _converter(rest[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(cast("Any", kind))
    return decoder.decode


def _raw(text: str | bytes) -> msgspec.Raw:
    """JSON text kept as it is, for a caller that knows its type."""
    return msgspec.Raw(text if isinstance(text, bytes) else text.encode())


def json_text(value: object) -> str:
    """The JSON text of a value, for a column that holds JSON."""
    return msgspec.json.encode(value).decode()
