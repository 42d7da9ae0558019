"""The JSON form of a Newznab answer (`o=json`, or an indexer's own mind) as the elements of its XML
form, so that one reader serves both (acquisition.md 2.10).

The form is PHP's: attributes stand under `@attributes`, a single item is no list, empty texts are
empty objects. Some programs leave `@attributes` out and write the values beside each other.
"""

from collections.abc import Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element

_TEXTS = "title guid link comments pubDate description size usenetdate".split()
MOST_ITEMS = 5_000


def channel_of(answer: dict[str, Any]) -> Element | None:
    """The `<channel>` of an answer, None when it holds none."""
    channel = answer.get("channel", answer)
    if not isinstance(channel, dict) or not ("item" in channel or "response" in channel):
        return None
    found = cast("dict[str, Any]", channel)
    root = Element("channel")
    for name, attributes in _elements(found, "response"):
        root.append(Element(name, attributes))
    for item in _listed(found.get("item"))[:MOST_ITEMS]:
        root.append(_item(item))
    return root


def _item(said: dict[str, Any]) -> Element:
    item = Element("item")
    for name in _TEXTS:
        if text := _text(said.get(name)):
            child = Element(name, _attributes(said.get(name)))
            child.text = text
            item.append(child)
    for one in _texts(said.get("category")):
        child = Element("category")
        child.text = one
        item.append(child)
    for name in ("enclosure", "attr", "newznab:attr", "torznab:attr"):
        for _, attributes in _elements(said, name):
            item.append(Element(name.rpartition(":")[2], attributes))
    return item


def _elements(said: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, str]]]:
    for one in _listed(said.get(name)):
        yield name, _attributes(one)


def _attributes(said: Any) -> dict[str, str]:
    """Names and values as texts; `_name` is how one family of servers writes them."""
    if not isinstance(said, dict):
        return {}
    inner: Any = cast("dict[str, Any]", said).get("@attributes", said)
    pairs = cast("dict[str, Any]", inner).items() if isinstance(inner, dict) else ()
    return {
        key.lstrip("_@"): str(value)
        for key, value in pairs
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _listed(said: Any) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", one) for one in _many(said) if isinstance(one, dict)]


def _texts(said: Any) -> list[str]:
    return [text for one in _many(said) if (text := _text(one))]


def _many(said: Any) -> list[Any]:
    return cast("list[Any]", said) if isinstance(said, list) else [said]


def _text(said: Any) -> str:
    if isinstance(said, dict):
        inner = cast("dict[str, Any]", said)
        said = inner.get("text") or inner.get("#text") or inner.get("$")
    return str(said) if isinstance(said, str | int | float) and not isinstance(said, bool) else ""
