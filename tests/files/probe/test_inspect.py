"""What each kind of file says about itself, and what is wrong with damaged ones."""

import struct
from pathlib import Path

import pytest

from bindery.domain.media import MediaKind, ProbedFile, ProblemCode, Track
from bindery.files.probe.inspect import list_archive, probe_file
from tests.files.probe import samples
from tests.fixtures_dir import fixture


def probed(tmp_path: Path, name: str, content: bytes) -> ProbedFile:
    file = tmp_path / name
    file.write_bytes(content)
    return probe_file(str(file))


def test_an_epub_tells_everything(tmp_path: Path) -> None:
    content = samples.epub()
    book = probed(tmp_path, "x.epub", content)
    assert book == ProbedFile(
        kind=MediaKind.EPUB,
        size=len(content),
        title="Sula",
        authors=("Toni Morrison",),
        narrators=("Some Reader",),
        series="Novels",
        position="2",
        language="en",
        isbns=("9780345472199",),
        publisher="Knopf",
        published="1973-11",
        has_cover=True,
    )
    assert (book.format, book.health) == ("ebook", "ok")


def test_epub_2_roles_series_and_identifiers(tmp_path: Path) -> None:
    metadata = (
        '<dc:creator opf:role="edt">Ed Itor</dc:creator>'
        '<dc:creator opf:role="aut">An Author</dc:creator>'
        '<dc:identifier opf:scheme="MOBI-ASIN">B01LVSUORS</dc:identifier>'
        '<dc:identifier opf:scheme="ISBN">0-345-47219-5</dc:identifier>'
        '<dc:identifier opf:scheme="UUID">1234</dc:identifier>'
        '<dc:date opf:event="modification">2020-01-01</dc:date>'
        '<dc:date opf:event="publication">1999</dc:date>'
        '<meta name="calibre:series" content="The Testers"/>'
        '<meta name="calibre:series_index" content="1.50"/>'
    )
    book = probed(tmp_path, "x.epub", samples.epub(samples.package(metadata)))
    assert book.authors == ("An Author",)
    assert (book.asin, book.isbns) == ("B01LVSUORS", ("9780345472199",))
    assert (book.series, book.position, book.published) == ("The Testers", "1.5", "1999")


ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
    'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
    '<enc:EncryptionMethod Algorithm="{}"/></enc:EncryptedData></encryption>'
)
FONTS = ENCRYPTION.format("http://www.idpf.org/2008/embedding")
DRM = ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")


@pytest.mark.parametrize(
    ("content", "code", "health"),
    [
        (samples.epub(extra={"META-INF/rights.xml": "<r/>"}), "epub_encrypted", "encrypted"),
        (samples.epub(extra={"META-INF/encryption.xml": DRM}), "epub_encrypted", "encrypted"),
        (samples.epub(without="META-INF/container.xml"), "epub_no_container", "broken"),
        (samples.epub(without="OEBPS/content.opf"), "epub_no_package", "broken"),
        (samples.epub("no xml at all"), "epub_bad_package", "broken"),
        (samples.epub(without="OEBPS/t one.xhtml"), "epub_no_content", "broken"),
        (samples.epub(without="mimetype"), "epub_no_mimetype", "ok"),
        (samples.epub(extra={"../../evil": "x"}), "zip_unsafe_name", "broken"),
        (samples.epub()[:-30], "zip_broken", "broken"),
        (samples.epub()[:200], "zip_broken", "broken"),
        (b"<html>not found</html>", "zip_broken", "broken"),
        (b"", "empty", "broken"),
        (b"%PDF-1.4\n%%EOF", "type_mismatch", "ok"),
        (b"MZ\x90\x00", "dangerous", "dangerous"),
    ],
)
def test_damage_of_an_epub_has_its_code(
    tmp_path: Path, content: bytes, code: str, health: str
) -> None:
    book = probed(tmp_path, "x.epub", content)
    assert code in book.problems
    assert book.health == health


def test_obfuscated_fonts_are_not_encryption(tmp_path: Path) -> None:
    book = probed(tmp_path, "x.epub", samples.epub(extra={"META-INF/encryption.xml": FONTS}))
    assert book.problems == ()


def test_a_changed_byte_inside_is_found_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(samples.epub())
    at = content.index(b"cover.jpg") + len("cover.jpg")
    content[at + 1] ^= 0xFF
    assert ProblemCode.ZIP_ENTRY_CORRUPT in probed(tmp_path, "x.epub", bytes(content)).problems


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    levels = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' if n else '<!ENTITY e0 "lol">' for n in range(10)
    )
    prolog = f'<!DOCTYPE package [{levels}<!ENTITY x SYSTEM "file://{secret}">]>'
    metadata = "<dc:title>A&x;B&e9;</dc:title>"
    book = probed(tmp_path, "x.epub", samples.epub(samples.package(metadata, prolog=prolog)))
    assert "canary" not in repr(book)
    assert "lol" not in repr(book)
    assert len(book.title) < 20


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    book = probed(tmp_path, "x.epub", samples.epub(extra={"bomb": "0" * (80 << 20)}))
    assert book.problems == (ProblemCode.ZIP_BOMB,)
    fat = samples.epub(samples.package(samples.METADATA + "<meta/>" * 700_000))
    assert ProblemCode.TOO_LARGE in probed(tmp_path, "y.epub", fat).problems


def test_a_million_entries_are_refused(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    directory = entry * 1_000_000
    end = b"PK\x05\x06" + bytes(4) + struct.pack("<HHLLH", 65535, 65535, len(directory), 30, 0)
    book = probed(tmp_path, "x.epub", b"PK\x03\x04" + bytes(26) + directory + end)
    assert book.problems == (ProblemCode.ZIP_TOO_MANY_ENTRIES,)


def test_a_pdf_tells_title_author_pages(tmp_path: Path) -> None:
    info = rb"/Title (A \(small\) b\303\266ok) /Author <FEFF0041006E006E0061> "
    book = probed(tmp_path, "x.pdf", samples.pdf(info + b"/Subject (ISBN 978-0-345-47219-9)"))
    assert (book.kind, book.authors, book.pages) == (MediaKind.PDF, ("Anna",), 321)
    assert book.title.startswith("A (small) b")
    assert book.isbns == ("9780345472199",)
    assert book.health == "ok"


@pytest.mark.parametrize(
    ("content", "code", "health"),
    [
        (samples.pdf(end=False), "pdf_no_trailer", "broken"),
        (samples.pdf(trailer=b"/Encrypt << /Filter /Standard >>"), "pdf_restricted", "ok"),
        (samples.pdf(trailer=b"/Encrypt << /Filter /EBX_HANDLER >>"), "pdf_encrypted", "encrypted"),
        (b"garbage", "pdf_no_header", "broken"),
    ],
)
def test_damage_of_a_pdf_has_its_code(
    tmp_path: Path, content: bytes, code: str, health: str
) -> None:
    book = probed(tmp_path, "x.pdf", content)
    assert (code in book.problems, book.health) == (True, health)


def test_mobi_and_azw3_by_their_exth(tmp_path: Path) -> None:
    exth = {
        100: b"Toni Morrison",
        101: b"Knopf",
        104: b"0345472195",
        106: b"1973-11-01T00:00:00+00:00",
        113: b"B01LVSUORS",
        201: b"\0\0\0\1",
        503: b"Sula",
        524: b"en",
    }
    book = probed(tmp_path, "x.azw3", samples.mobi(version=8, exth=exth))
    assert book.kind is MediaKind.AZW3
    assert (book.title, book.authors, book.asin) == ("Sula", ("Toni Morrison",), "B01LVSUORS")
    assert (book.isbns, book.published, book.language) == (("9780345472199",), "1973-11-01", "en")
    assert book.has_cover
    assert book.health == "ok"
    plain = probed(tmp_path, "x.mobi", samples.mobi())
    assert (plain.kind, plain.title) == (MediaKind.MOBI, "Full Name")
    locked = probed(tmp_path, "y.azw", samples.mobi(encryption=2))
    assert locked.health == "encrypted"
    cut = probed(tmp_path, "z.mobi", samples.mobi()[:-12])
    assert ProblemCode.MOBI_TRUNCATED in cut.problems
    assert probed(tmp_path, "w.mobi", samples.mobi()[:100]).health == "broken"


def test_an_mp3_tells_its_tags_and_whether_it_is_whole(tmp_path: Path) -> None:
    part = probed(tmp_path, "x.mp3", samples.mp3())
    assert (part.kind, part.format, part.health) == (MediaKind.MP3, "audiobook", "ok")
    assert (part.title, part.album, part.authors) == ("Chapter 1", "Sula", ("Toni Morrison",))
    assert (part.narrators, part.asin) == (("Some Reader",), "B01LVSUORS")
    assert part.track == Track(number=3, total=12, disc=1, discs=2)
    assert part.duration_s == pytest.approx(120 * 1152 / 44100, abs=0.1)
    cut = probed(tmp_path, "y.mp3", samples.mp3()[:20_000])
    assert ProblemCode.AUDIO_TRUNCATED in cut.problems


def test_an_m4b_tells_chapters_narrators_and_protection(tmp_path: Path) -> None:
    book = probed(tmp_path, "x.m4b", samples.m4b())
    assert (book.kind, book.title, book.chapters) == (MediaKind.M4B, "Sula", 7)
    assert (book.duration_s, book.narrators) == (90.0, ("A Voice", "B Voice"))
    assert book.health == "ok"
    cut = probed(tmp_path, "y.m4b", samples.m4b(cut=50))
    assert cut.problems == (ProblemCode.AUDIO_TRUNCATED,)
    assert probed(tmp_path, "z.m4b", samples.m4b(codec=b"aavd")).health == "encrypted"
    assert probed(tmp_path, "w.m4b", b"\0\0\0\x10ftypM4B \0\0\0\0").health == "broken"


@pytest.mark.parametrize(
    ("name", "content", "kind", "health"),
    [
        ("a.epub.exe", b"text", MediaKind.UNKNOWN, "dangerous"),
        ("a.pdf", b"#!/bin/sh\n", MediaKind.EXECUTABLE, "dangerous"),
        ("a.mkv", b"\x1a\x45\xdf\xa3", MediaKind.VIDEO, "ok"),
        ("a.mp4", b"\0\0\0\x18ftypisom", MediaKind.VIDEO, "ok"),
        ("a.nfo", b"text", MediaKind.UNKNOWN, "unknown"),
        ("a.txt", b"text", MediaKind.TXT, "ok"),
        ("a.cbr", b"Rar!\x1a\x07\x00", MediaKind.CBR, "ok"),
        ("a.cbz", samples.zipped({"1.jpg": "x", "2.jpg": "y"}), MediaKind.CBZ, "ok"),
        ("a.zip", samples.zipped({"1.epub": "x"}), MediaKind.ZIP, "ok"),
        ("a.mp3", b"<html>", MediaKind.MP3, "broken"),
    ],
)
def test_content_outranks_the_name(
    tmp_path: Path, name: str, content: bytes, kind: MediaKind, health: str
) -> None:
    found = probed(tmp_path, name, content)
    assert (found.kind, found.health) == (kind, health)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "link.epub").symlink_to("/etc/passwd")
    assert probe_file(str(tmp_path / "link.epub")).problems == (ProblemCode.UNREADABLE,)
    assert probe_file(str(tmp_path)).problems == (ProblemCode.UNREADABLE,)
    assert probe_file(str(tmp_path / "no")).problems == (ProblemCode.MISSING,)
    assert probe_file("a\0b").problems == (ProblemCode.UNREADABLE,)


def test_an_archive_is_listed_without_unsafe_members(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(samples.zipped({"a/b.epub": "12345", "..\\evil.epub": "x", "C:/x": "y"}))
    listing = list_archive(str(file))
    assert [(f.path, f.size) for f in listing.files] == [("a/b.epub", 5)]
    assert listing.problems == (ProblemCode.ZIP_UNSAFE_NAME,)


RECORDED = [
    ("epub/alice_in_wonderland.epub", "ok", "Alice's Adventures in Wonderland"),
    ("epub/rich_metadata.epub", "ok", "The Complete Test Book"),
    ("epub/minimal_epub3.epub", "ok", "Minimal EPUB 3.0"),
    ("epub/no_mimetype.epub", "ok", "Invalid EPUB - No Mimetype"),
    ("epub/bad_no_end_header.epub", "broken", ""),
    ("epub/bad_not_ocf.epub", "broken", ""),
    ("mobi/alice_in_wonderland.mobi", "ok", "Alice's Adventures in Wonderland"),
    ("pdf/score_with_title_author.pdf", "ok", "Variations Chromatiques de concert"),
    ("audio/she_sample.m4b", "ok", "Ayesha The Return of She"),
    ("audio/she_sample.ogg", "ok", "Ayesha The Return of She"),
    ("audio/silence.flac", "ok", "Silence"),
    ("audio/silence_id3v2.mp3", "ok", "Silence"),
]


@pytest.mark.parametrize(("path", "health", "title"), RECORDED)
def test_recorded_files(path: str, health: str, title: str) -> None:
    found = probe_file(str(fixture("media", *path.split("/"))))
    assert (found.health, found.title) == (health, title)


def test_a_recorded_audiobook_of_112_chapters() -> None:
    book = probe_file(str(fixture("media", "audio", "many_chapters.m4b")))
    assert (book.chapters, round(book.duration_s)) == (112, 169_023)
    assert (book.authors, book.narrators) == (("Aleron Kong",), ("Nick Podehl",))


@pytest.mark.parametrize("name", ["she_sample.ogg", "she_sample.m4b", "silence.flac"])
def test_recorded_audio_cut_short_is_truncated(tmp_path: Path, name: str) -> None:
    content = fixture("media", "audio", name).read_bytes()
    keep = len(content) * 6 // 10 if name.endswith("ogg") else len(content) // 10
    assert probed(tmp_path, name, content[:keep]).health == "broken"
