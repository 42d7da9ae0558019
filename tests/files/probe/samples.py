"""Small books made on the spot, whole and damaged."""

import io
import struct
import zipfile

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
METADATA = (
    "<dc:title>Sula</dc:title>"
    '<dc:creator id="a">Toni Morrison</dc:creator>'
    '<meta refines="#a" property="role">aut</meta>'
    '<dc:creator id="n">Some Reader</dc:creator>'
    '<meta refines="#n" property="role">nrt</meta>'
    "<dc:language>en</dc:language>"
    "<dc:identifier>urn:isbn:9780345472199</dc:identifier>"
    '<meta id="s" property="belongs-to-collection">Novels</meta>'
    '<meta refines="#s" property="collection-type">series</meta>'
    '<meta refines="#s" property="group-position">2.0</meta>'
    "<dc:date>1973-11</dc:date><dc:publisher>Knopf</dc:publisher>"
)
ITEMS = (
    '<manifest><item id="t" href="t%20one.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="c" href="../cover.jpg" media-type="image/jpeg" properties="cover-image"/></manifest>'
    '<spine><itemref idref="t"/></spine>'
)


def package(metadata: str = METADATA, items: str = ITEMS, prolog: str = "") -> str:
    return (
        f'{prolog}<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>{items}</package>'
    )


def epub(
    opf: str | None = None, extra: dict[str, str] | None = None, *, without: str = ""
) -> bytes:
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/content.opf": opf or package(),
        "OEBPS/t one.xhtml": "<html>" + "text " * 200 + "</html>",
        "cover.jpg": "jpeg",
        **(extra or {}),
    }
    members.pop(without, None)
    return zipped(members)


def zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, text, kind)
    return out.getvalue()


def pdf(info: bytes = b"", trailer: bytes = b"", *, end: bool = True) -> bytes:
    body = b"%PDF-1.4\n1 0 obj\n<< /Type /Pages /Kids [] /Count 321 >>\nendobj\n"
    body += b"2 0 obj\n<<" + info + b">>\nendobj\n"
    body += b"trailer\n<< /Info 2 0 R " + trailer + b">>\nstartxref\n0\n"
    return body + (b"%%EOF\n" if end else b"") if end else body[: body.index(b"trailer")]


def mobi(*, encryption: int = 0, version: int = 6, exth: dict[int, bytes] | None = None) -> bytes:
    name = b"Full Name"
    records = exth or {}
    block = b"".join(struct.pack(">LL", tag, len(v) + 8) + v for tag, v in records.items())
    block = b"EXTH" + struct.pack(">LL", len(block) + 12, len(records)) + block
    header = bytearray(16 + 232)
    struct.pack_into(">H", header, 12, encryption)
    header[16:20] = b"MOBI"
    struct.pack_into(">LLL", header, 20, 232, 2, 65001)
    struct.pack_into(">L", header, 36, version)
    struct.pack_into(">LL", header, 84, 248 + len(block), len(name))
    struct.pack_into(">L", header, 128, 0x40)
    first = bytes(header) + block + name
    start = 78 + 16 + 2
    palm = b"t".ljust(32, b"\0") + bytes(28) + b"BOOKMOBI" + bytes(8) + struct.pack(">H", 2)
    table = struct.pack(">LLLL", start, 0, start + len(first), 1)
    return palm + table + bytes(2) + first + b"text record"


def _id3(frame: str, text: bytes) -> bytes:
    return frame.encode() + struct.pack(">LH", len(text) + 1, 0) + b"\x03" + text


def mp3(frames: int = 120, *, promised: int | None = None) -> bytes:
    """MPEG-1 layer III, 128 kbit/s, 44.1 kHz, with ID3 and an Info header."""
    tags = _id3("TIT2", b"Chapter 1") + _id3("TPE1", b"Toni Morrison") + _id3("TALB", b"Sula")
    tags += _id3("TCOM", b"Some Reader") + _id3("TRCK", b"3/12") + _id3("TPOS", b"1/2")
    tags += _id3("TXXX", b"ASIN\x00B01LVSUORS")
    size = len(tags)
    sync = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    frame = (b"\xff\xfb\x90\x00" + bytes(413))[:417]
    first = bytearray(frame)
    total = 417 * frames if promised is None else promised
    first[36:48] = b"Info" + struct.pack(">LL", 3, frames)
    struct.pack_into(">L", first, 48, total)
    return b"ID3\x03\x00\x00" + sync + tags + bytes(first) + frame * (frames - 1)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(body), kind) + body


def m4b(*, codec: bytes = b"mp4a", sound: int = 100, cut: int = 0) -> bytes:
    mvhd = box(b"mvhd", bytes(12) + struct.pack(">LL", 1000, 90_000) + bytes(80))
    decoder = b"\x40" + bytes(8) + struct.pack(">L", 64_000)
    es = b"\x03\x20" + bytes(3) + b"\x04" + bytes([len(decoder)]) + decoder
    sound_entry = bytes(16) + struct.pack(">HH", 2, 16) + bytes(4)
    sound_entry += struct.pack(">L", 44100 << 16) + box(b"esds", bytes(4) + es)
    entry = box(codec, sound_entry)
    stsd = box(b"stsd", bytes(4) + struct.pack(">L", 1) + entry)
    stbl = box(b"stbl", stsd)
    trak = box(b"trak", box(b"mdia", box(b"minf", stbl)))
    chpl = box(b"chpl", b"\x01\x00\x00\x00" + bytes(4) + b"\x07" + bytes(63))

    def text(kind: bytes, value: bytes) -> bytes:
        return box(kind, box(b"data", struct.pack(">LL", 1, 0) + value))

    ilst = box(b"ilst", text(b"\xa9nam", b"Sula") + text(b"\xa9nrt", b"A Voice; B Voice"))
    udta = box(b"udta", chpl + box(b"meta", bytes(4) + ilst))
    whole = box(b"ftyp", b"M4B \x00\x00\x00\x00") + box(b"moov", mvhd + trak + udta)
    whole += box(b"mdat", bytes(sound))
    return whole[: len(whole) - cut]


def bencode(value: object) -> bytes:
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(bencode(v) for v in value) + b"e"
    assert isinstance(value, dict)
    return b"d" + b"".join(bencode(k) + bencode(v) for k, v in sorted(value.items())) + b"e"


def torrent(**info: object) -> bytes:
    base: dict[bytes, object] = {b"name": b"n", b"piece length": 16384, b"pieces": bytes(20)}
    base |= {k.replace("_", " ").encode(): v for k, v in info.items()}
    return bencode({b"announce": b"http://t/a", b"info": base})
