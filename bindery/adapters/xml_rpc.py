"""XML-RPC as data: a call as bytes, an answer as values. The reading is hardened and strict.

Nothing of a cut document is believed: half a list of downloads would look like a whole one.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import TypeAlias
from xml.etree.ElementTree import Element
from xmlrpc.client import Binary, dumps

import msgspec

from bindery.adapters.failures import Malformed
from bindery.adapters.xml_documents import read_strictly

Value: TypeAlias = "str | int | float | bool | bytes | list[Value] | dict[str, Value] | None"
Sent: TypeAlias = "str | int | bytes | list[Sent] | dict[str, Sent]"


class Fault(msgspec.Struct, frozen=True):
    """A refusal in the protocol's own form."""

    code: int
    text: str


def call(method: str, *params: Sent) -> bytes:
    """The body of one call; bytes travel as base64."""
    wrapped = tuple(Binary(one) if isinstance(one, bytes) else one for one in params)
    return dumps(wrapped, method, encoding="utf-8").encode()


def answer(body: bytes) -> Element | Fault:
    """The `<value>` of an answer, not yet read, or its fault. Raises `Malformed`, `Unauthorized`
    for a sign-in page. Call it in a thread when the body is large.
    """
    root = read_strictly(body)
    if root.tag != "methodResponse":
        raise Malformed("not_xml_rpc")
    fault = root.find("fault/value")
    if fault is not None:
        told = value_of(fault)
        if not isinstance(told, dict):
            raise Malformed("not_xml_rpc")
        code, text = told.get("faultCode"), told.get("faultString")
        return Fault(code if isinstance(code, int) else 0, str(text or ""))
    value = root.find("params/param/value")
    if value is None:
        raise Malformed("not_xml_rpc")
    return value


def items(value: Element) -> Iterator[Element]:
    """The `<value>`s of an array."""
    data = value.find("array/data")
    if data is None:
        raise Malformed("not_xml_rpc")
    return iter(data)


def text_of(value: Element) -> str:
    """The text of a plain value, whatever its type."""
    return (value[0].text if len(value) else value.text) or ""


def value_of(value: Element) -> Value:
    """A `<value>` with everything in it; one without a type is text."""
    if not len(value):
        return value.text or ""
    typed = value[0]
    read = _READERS.get(typed.tag)
    if read is None:
        raise Malformed("not_xml_rpc")
    try:
        return read(typed)
    except (ValueError, binascii.Error):
        raise Malformed("not_xml_rpc") from None


def _array(typed: Element) -> Value:
    data = typed.find("data")
    return [] if data is None else [value_of(one) for one in data]


def _struct(typed: Element) -> Value:
    found: dict[str, Value] = {}
    for member in typed:
        name, value = member.find("name"), member.find("value")
        if name is None or value is None:
            raise Malformed("not_xml_rpc")
        found[name.text or ""] = value_of(value)
    return found


def _whole(typed: Element) -> Value:
    return int((typed.text or "")[:20])


_READERS: dict[str, Callable[[Element], Value]] = {
    "string": lambda typed: typed.text or "",
    "int": _whole,
    "i4": _whole,
    "i8": _whole,
    "{http://ws.apache.org/xmlrpc/namespaces/extensions}i8": _whole,
    "boolean": lambda typed: (typed.text or "").strip() == "1",
    "double": lambda typed: float(typed.text or ""),
    "base64": lambda typed: base64.b64decode("".join((typed.text or "").split()), validate=True),
    "dateTime.iso8601": lambda typed: typed.text or "",
    "nil": lambda typed: None,  # noqa: ARG005 - it has no content
    "array": _array,
    "struct": _struct,
}
