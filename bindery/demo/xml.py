"""Writing XML for the demo servers."""

import xml.etree.ElementTree as ET


def element(tag: str, text: str = "", **attributes: str) -> ET.Element:
    """An element with text and attributes (`type_` is `type`)."""
    made = ET.Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    made.text = text or None
    return made


def within(parent: ET.Element, *children: ET.Element) -> ET.Element:
    """`parent` with the children added."""
    parent.extend(children)
    return parent


def document(root: ET.Element) -> bytes:
    """The whole document, UTF-8 with declaration."""
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)
