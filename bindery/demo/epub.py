"""A small valid EPUB 3 with an EPUB 2 table of contents for old readers."""

import io
import zipfile
from xml.sax.saxutils import escape

from bindery.demo.pictures import cover, plate
from bindery.demo.shelf import Work

CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
TWO_LETTERS = {"eng": "en", "ger": "de", "fre": "fr"}
MADE = "2026-01-01T00:00:00Z"


def _page(title: str, body: str, language: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">\n'
        f"<head><title>{escape(title)}</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _package(work: Work, language: str, names: list[str], plates: list[str]) -> str:
    series = ""
    if work.series:
        title, _, position = work.series.partition(" #")
        series = (
            f'    <meta property="belongs-to-collection" id="series">{escape(title)}</meta>\n'
            '    <meta refines="#series" property="collection-type">series</meta>\n'
            f'    <meta refines="#series" property="group-position">{position}</meta>\n'
        )
    items = "".join(
        f'    <item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>\n'
        for name in names
    ) + "".join(
        f'    <item id="{name}" href="{name}.png" media-type="image/png"/>\n' for name in plates
    )
    spine = "".join(f'    <itemref idref="{name}"/>\n' for name in names)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="pub-id">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="pub-id">urn:isbn:{work.isbn}</dc:identifier>
    <dc:title>{escape(work.title)}</dc:title>
    <dc:creator id="creator">{escape(work.author.name)}</dc:creator>
    <meta refines="#creator" property="role" scheme="marc:relators">aut</meta>
    <dc:language>{language}</dc:language>
    <dc:publisher>Loopback Press</dc:publisher>
    <dc:date>{work.year}</dc:date>
    <dc:description>{escape(work.description)}</dc:description>
{series}    <meta property="dcterms:modified">{MADE}</meta>
    <meta name="cover" content="cover"/>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
    <item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>
{items}  </manifest>
  <spine toc="ncx">
{spine}  </spine>
</package>
"""


def _contents(work: Work, language: str, names: list[str]) -> tuple[str, str]:
    entries = "".join(
        f'<li><a href="{name}.xhtml">Chapter {place}</a></li>'
        for place, name in enumerate(names, 1)
    )
    nav = _page(work.title, f'<nav epub:type="toc"><ol>{entries}</ol></nav>', language)
    points = "".join(
        f'<navPoint id="{name}" playOrder="{place}"><navLabel><text>Chapter {place}</text>'
        f'</navLabel><content src="{name}.xhtml"/></navPoint>'
        for place, name in enumerate(names, 1)
    )
    ncx = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><head>'
        f'<meta name="dtb:uid" content="urn:isbn:{work.isbn}"/></head>'
        f"<docTitle><text>{escape(work.title)}</text></docTitle><navMap>{points}</navMap></ncx>\n"
    )
    return nav, ncx


def make_epub(work: Work) -> bytes:
    """The book as a reader program opens it; the same bytes for the same work."""
    language = TWO_LETTERS.get(work.language, "en")
    texts = work.text()
    names = [f"chapter{place}" for place in range(1, len(texts) + 1)]
    plates = [f"plate{place}" for place in range((work.padding + 999_999) // 1_000_000)]
    nav, ncx = _contents(work, language, names)
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": _package(work, language, names, plates),
        "OEBPS/nav.xhtml": nav,
        "OEBPS/toc.ncx": ncx,
        "OEBPS/cover.png": cover(work),
    }
    for place, (name, text) in enumerate(zip(names, texts, strict=True), 1):
        shown = "".join(f'<p><img src="{plate_}.png" alt=""/></p>' for plate_ in plates)
        body = f"<h1>Chapter {place}</h1><p>{escape(text)}</p>{shown if place == 1 else ''}"
        files[f"OEBPS/{name}.xhtml"] = _page(work.title, body, language)
    for place, name in enumerate(plates):
        files[f"OEBPS/{name}.png"] = plate(place, work.padding // len(plates))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        first = zipfile.ZipInfo("mimetype", (2026, 1, 1, 0, 0, 0))
        archive.writestr(first, "application/epub+zip", zipfile.ZIP_STORED)
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
            squeezed = zipfile.ZIP_STORED if path.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, squeezed)
    return out.getvalue()
