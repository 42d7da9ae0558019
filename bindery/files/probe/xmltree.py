"""Untrusted XML as a tree: entities stay unresolved, nothing is fetched, size is the caller's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, Protocol, cast

# lxml ships no types: `Element` below is what we rely on.
_etree: Any = importlib.import_module("lxml.etree")


class Element(Protocol):
    """What we use of an lxml element; `get` without a default may give None."""

    @property
    def tag(self) -> object: ...  # a function for entity references
    @property
    def text(self) -> str | None: ...
    @property
    def tail(self) -> str | None: ...
    def get(self, key: str, default: str = "") -> str: ...
    def iter(self, tag: str | None = None) -> Iterator[Element]: ...
    def __iter__(self) -> Iterator[Element]: ...


def parse(data: bytes) -> Element | None:
    """The root of a document, mended where that is possible; None when nothing can be read."""
    parser = _etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return cast("Element | None", _etree.fromstring(data, parser))
    except (SyntaxError, ValueError):  # XMLSyntaxError is a SyntaxError
        return None


def local_name(element: Element) -> str:
    """The tag without its namespace; '' for anything that is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def own_text(element: Element) -> str:
    """Direct text only: entity references and nested markup are left out."""
    return (element.text or "") + "".join(child.tail or "" for child in element)
