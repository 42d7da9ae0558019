"""Reading XML from strangers (acquisition.md 2.10): hardened, bounded, and patient.

No entity is expanded, nothing is fetched, trees are bounded by libxml2's own limits. Broken input
is repaired step by step; only what stays unreadable is `Malformed`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5
from typing import Any, cast
from xml.etree.ElementTree import Element

from lxml import etree as _untyped  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType] - lxml has no stubs

from bindery.adapters.failures import Malformed, Unauthorized

_etree = cast("Any", _untyped)

_DECLARATION = re.compile(
    rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", re.IGNORECASE
)
_PROLOGUE = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"&(#[0-9]{1,7};|#x[0-9a-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)?", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HTML = re.compile(
    rb"^\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE | re.DOTALL
)
_CAPTCHA = re.compile(
    rb"captcha|cf-chl|cf_chl|just a moment|attention required|ddos-guard", re.IGNORECASE
)
_LOGIN = re.compile(rb"type\s*=\s*[\"']?password|log\s?in|sign\s?in", re.IGNORECASE)
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}
_BOM = b"\xef\xbb\xbf"


def refuse_html(body: bytes) -> None:
    """Raise when the body is a web page: a login form, a captcha, or just HTML."""
    head = body[:4096]
    if not _HTML.match(head.removeprefix(_BOM)):
        return
    if _CAPTCHA.search(head):
        raise Unauthorized("captcha_page")
    if _LOGIN.search(head):
        raise Unauthorized("login_page")
    raise Malformed("html_page")


def read_xml(body: bytes, *, charset: str = "", repeated: str = "item") -> Element:
    """The root element. `charset` is what HTTP said; `repeated` names the element after whose last
    complete occurrence a truncated document is cut. Call it in a thread when the body is large.
    """
    refuse_html(body)
    body = body.removeprefix(_BOM).strip(b" \t\r\n\x00") if body[:2] not in _UTF16 else body
    if not body:
        raise Malformed("empty_answer")
    root = _parse(body)
    if root is None:
        text = _repaired(_decoded(body, charset))
        root = _parse(text.encode())
        if root is None:
            root = _parse(_cut(text, repeated).encode(), recover=True)
    if root is None:
        raise Malformed("broken_xml")
    return root


def read_strictly(body: bytes) -> Element:
    """The root element of a document that is whole, or `Malformed`: nothing is cut or completed.

    Letters that XML forbids are dropped, since programs put names of files into their answers.
    """
    refuse_html(body)
    if not body.strip():
        raise Malformed("empty_answer")
    root = _parse(body)
    if root is None:
        text = _CONTROL.sub("", _PROLOGUE.sub("", _decoded(body, ""), count=1))
        root = _parse(text.encode())
    if root is None:
        raise Malformed("broken_xml")
    return root


_UTF16 = {b"\xff\xfe", b"\xfe\xff"}


def _parse(body: bytes, *, recover: bool = False) -> Element | None:
    parser = _etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
    try:
        # The elements of lxml and of the standard library read alike; only the latter are typed.
        return cast("Element | None", _etree.fromstring(body, parser))
    except (_etree.XMLSyntaxError, ValueError):
        return None


def _decoded(body: bytes, charset: str) -> str:
    declared = _DECLARATION.match(body)
    for name in (declared[1].decode("ascii") if declared else "", charset, "utf-8"):
        try:
            if name:
                return body.decode(name)
        except (LookupError, UnicodeError):
            continue
    return body.decode("utf-8", "replace")


def _repaired(text: str) -> str:
    text = _CONTROL.sub("", _PROLOGUE.sub("", text, count=1))
    return "".join(_in_sections(text))


def _in_sections(text: str) -> Iterator[str]:
    # Ampersands inside CDATA are text already.
    for part in re.split(r"(<!\[CDATA\[.*?\]\]>)", text, flags=re.DOTALL):
        yield part if part.startswith("<![CDATA[") else _ENTITY.sub(_entity, part)


def _entity(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        return found[0]
    if name[:-1] in _XML_NAMES:
        return found[0]
    known = html5.get(name)
    return "".join(f"&#{ord(char)};" for char in known) if known else f"&amp;{name}"


def _cut(text: str, repeated: str) -> str:
    end = text.rfind(f"</{repeated}>")
    return text if end < 0 else text[: end + len(repeated) + 3]


def local_name(element: Element) -> str:
    """The tag in lower case without its namespace; empty for what is not an element."""
    tag = cast("object", element.tag)
    return _local(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=2048)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def children(element: Element, *names: str) -> Iterator[Element]:
    """Direct children with one of these local names, whatever their namespace."""
    for child in element:
        if local_name(child) in names:
            yield child


def text_of(element: Element | None) -> str:
    """The element's own text, blanks trimmed; entities that nobody expanded are left out."""
    return (element.text or "").strip() if element is not None else ""


def child_text(element: Element, name: str) -> str:
    """Text of the first direct child with this local name."""
    return text_of(next(children(element, name), None))


def number_of(text: str | None, most: int = 2**53) -> int | None:
    """A count or size; None when it is not a plain, sane number."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 16):
        return None
    value = int(digits)
    return value if value <= most else None
