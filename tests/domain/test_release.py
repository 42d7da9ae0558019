"""Reading release names (judgement.md 4, acquisition.md 4.2)."""

import csv
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.release import ParsedRelease, parse
from tests.fixtures_dir import fixture

NAMES: list[tuple[str, dict[str, Any]]] = [
    (
        "Amy Tan - The Joy Luck Club (1989) [EPUB]",
        {"authors": ("Amy Tan",), "title": "The Joy Luck Club", "year": 1989, "formats": ("epub",)},
    ),
    (
        "Amy.Tan-The.Joy.Luck.Club.1989.RETAIL.EPUB.eBook-XYZ",
        {
            "authors": ("Amy Tan",),
            "title": "The Joy Luck Club",
            "year": 1989,
            "retail": True,
            "group": "XYZ",
            "format": "epub",
        },
    ),
    (
        "Tan, Amy - The Joy Luck Club.mobi",
        {"authors": ("Amy Tan",), "title": "The Joy Luck Club", "format": "mobi"},
    ),
    (
        "Sula by Toni Morrison [ENG / EPUB MOBI] [VIP]",
        {
            "authors": ("Toni Morrison",),
            "title": "Sula",
            "languages": ("en",),
            "formats": ("epub", "mobi"),
            "vip": True,
        },
    ),
    ("Stand by Me by Jo Doe [pdf]", {"title": "Stand by Me", "authors": ("Jo Doe",)}),
    (
        "Lee_Child_-_[Reacher_07]_-_Persuader_(v5)_(epub)",
        {"series": "Reacher", "position": "7", "revision": 5, "title": "Persuader"},
    ),
    (
        "Lee Child - Reacher 7.5 - Deep Down (epub, mobi)",
        {"position": "7.5", "formats": ("epub", "mobi"), "title": "Deep Down"},
    ),
    (
        "Robin Hobb - Liveship Traders, Bk 2 - Mad Ship",
        {"series": "Liveship Traders", "position": "2", "title": "Mad Ship"},
    ),
    ("Max.Frisch.Homo.Faber.German.EPUB-GRP", {"languages": ("de",), "authors": ()}),
    (
        "Rubinrot (Edelstein-Trilogie, Band 1) ungekürzt MP3",
        {
            "series": "Edelstein-Trilogie",
            "position": "1",
            "inferred_language": "de",
            "kind": "book",
            "abridged": False,
        },
    ),
    (
        "TKKG--Folge_12_Das_Paket-AUDIOBOOK-DE-2003-S8",
        {"series": "TKKG", "position": "12", "title": "Das Paket", "languages": ("de",)},
    ),
    (
        "Camilla Läckberg - Isprinsessan Bd. 1 - SWEDISH epub",
        {"position": "1", "languages": ("sv",), "title": "Isprinsessan"},
    ),
    ("Karin Slaughter - Bloesem (deel 2) [NL] epub", {"position": "2", "languages": ("nl",)}),
    ("Werber - Les Fourmis Tome 1 FR epub", {"position": "1", "languages": ("fr",)}),
    ("La sombra del viento [castellano]", {"languages": ("es",)}),
    ("Isabel Allende - Zorro (Spanish Edition) (2005)", {"languages": ("es",), "year": 2005}),
    ("Elena Ferrante - L'amica geniale - ITA - epub", {"languages": ("it",)}),
    ("Krew elfów [PL] czyta Jan Kos mp3", {"languages": ("pl",), "narrators": ("Jan Kos",)}),
    (
        "Стругацкие - Пикник на обочине [RUS] fb2",
        {"languages": ("ru",), "format": "fb2", "title": "Пикник на обочине"},
    ),
    ("Sula EN", {"title": "Sula", "languages": ("en",)}),
    ("The German Midwife - Mandy Robotham epub", {"languages": ()}),
    ("The.Italian.Girl.Lucinda.Riley.2014.EPUB", {"languages": (), "year": 2014}),
    ("Circe (Unabridged) [M4B + PDF]", {"format": "m4b", "media": "audiobook"}),
    (
        "Amor Towles - Lincoln Highway - Edoardo Ballerini 64kbps m4b",
        {"narrators": ("Edoardo Ballerini",), "bitrate": 64, "title": "Lincoln Highway"},
    ),
    (
        "Rules of Civility {Rebecca Lowman} 128 kbps",
        {"narrators": ("Rebecca Lowman",), "bitrate": 128, "media": "audiobook"},
    ),
    (
        "Circe read by Perdita Weeks [Opus 48k]",
        {"narrators": ("Perdita Weeks",), "format": "opus", "bitrate": 48},
    ),
    ("Circe [B07Z1WJ2SM]", {"asin": "B07Z1WJ2SM", "media": "audiobook"}),
    ("Circe (Audiobook) RAR", {"media": "audiobook", "format": ""}),
    ("Circe ABRIDGED RETAIL m4b", {"abridged": True, "retail": True}),
    ("Red Rising (Graphic Audio) MP3", {"dramatised": True}),
    (
        "Terry Brooks - Shannara 1-3 complete (epub)",
        {"kind": "pack", "position": "1", "position_end": "3"},
    ),
    (
        "Jane Roe - [Saga.01.5-04] azw3 epub mobi",
        {"kind": "pack", "position": "1.5", "position_end": "4", "authors": ("Jane Roe",)},
    ),
    ("Hornblower Collection 11 books", {"kind": "pack"}),
    ("Smiley Omnibus epub", {"kind": "pack"}),
    ("Trisolaris-Trilogie Gesamtausgabe", {"kind": "pack"}),
    ("Ken Follett - Eden PROPER m4b", {"revision": 2}),
    ("George Orwell - 1984 (2003) epub", {"title": "1984", "year": 2003}),
    ("Slaughterhouse-Five", {"kind": "bare", "group": ""}),
    ("The Shining 9780307743657.epub", {"isbn": "9780307743657", "title": "The Shining"}),
    ("9781234567890", {"isbn": ""}),
    ("OPRAH BESTSELLER Sula.epub", {"asin": ""}),
    ("Chick Lit Collection", {"kind": "pack", "formats": ()}),
    ("Sula.epub3", {"format": "epub"}),
    ("Sula.kepub.epub", {"format": "kepub"}),
    ('[03/11] - "Sula.par2" yEnc (1/2)', {"kind": "junk"}),
    (
        '[01/11] - "Toni Morrison - Sula.epub" yEnc (1/9)',
        {"authors": ("Toni Morrison",), "title": "Sula", "part": 1, "parts": 11},
    ),
    (
        "(NMR) [20_27] - _Toni Morrison - Sula - 19.mp3_",
        {"authors": ("Toni Morrison",), "title": "Sula", "part": 20, "parts": 27},
    ),
    (
        "[#a.b.e-book] REQ 12345: Toni Morrison - Sula",
        {"authors": ("Toni Morrison",), "title": "Sula"},
    ),
    ("Sula - Toni Morrison-SEEDPOOL", {"group": "SEEDPOOL"}),
    ("Toni.Morrison-Sula.RETAIL.EPUB-NODE-xpost", {"group": "NODE"}),
    ("9f86d081884c7d659a2feaa0c55ad015", {"kind": "obfuscated"}),
    ("aX93kdPq0ZmW7tRb2LcV", {"kind": "obfuscated"}),
    ("Some.Show.S02E04.1080p.WEB.h264-GRP", {"kind": "video"}),
    ("Batman 012 (2017) (digital) (Zone).cbr", {"kind": "comic"}),
    ("Der.Spiegel.N05.2021.GERMAN.MAGAZiNE.eBook-P", {"kind": "magazine"}),
    ("Some Band-Album-WEB-2016-GRP", {"kind": "music"}),
    ("Tool.Suite.2020.x64.Multilingual-W", {"kind": "software"}),
    ("Zelda.Strategy.Guide.N64.eBook-M", {"kind": "game"}),
    ("Summary of Sula by Toni Morrison epub", {"kind": "derivative"}),
    ("Toni Morrison - Sula (Sample) epub", {"kind": "sample"}),
    # acquisition.md 4.2, with the wanted outcome
    ("Title_2003_epub", {"year": 2003, "title": "Title"}),
    ("title b0036s4b2g.mp3", {"asin": ""}),
    ("City of Bones by Cassandra Clare [ENG / epub]", {"authors": ("Cassandra Clare",)}),
    ("America by design by David Noble [eng]", {"title": "America by design"}),
    ("Some Book (2021) [Opus 64k]", {"format": "opus", "media": "audiobook", "year": 2021}),
    ("Wheel of Time 01-14 complete (epub)", {"kind": "pack", "position_end": "14"}),
    (
        "Jane.Roe.The.Salt.Road.(1903).English.MP3.64kbps-LOOP",
        {"title": "Jane Roe The Salt Road", "bitrate": 64, "year": 1903, "group": "LOOP"},
    ),
    ("1080 Recipes epub", {"kind": "book"}),
    ("Windows 10 for Dummies epub", {"kind": "book"}),
]


@pytest.mark.parametrize(("name", "fields"), NAMES)
def test_names_of_the_table(name: str, fields: dict[str, Any]) -> None:
    parsed = parse(name)
    assert {field: getattr(parsed, field) for field in fields} == fields


def test_a_known_author_settles_what_the_name_leaves_open() -> None:
    assert parse("Orwell.1984.epub", known_authors=("George Orwell",)).title == "1984"
    assert parse("Orwell.1984.epub", known_authors=("George Orwell",)).year is None
    heimweg = parse(
        "Fitzek_Sebastian-Der_Heimweg-Hoerbuch-DE-2020-OMA", known_authors=("Sebastian Fitzek",)
    )
    assert heimweg.authors == ("Sebastian Fitzek",)
    assert (heimweg.media, heimweg.group, heimweg.languages) == ("audiobook", "OMA", ("de",))


def test_only_foreign_categories_make_it_something_else() -> None:
    assert parse("Dune", categories=(4050,)).kind == "other"
    assert parse("Dune", categories=(7020, 4050)).kind == "book"


def test_recorded_obfuscated_names_are_refused() -> None:
    with fixture("releases", "obfuscated.csv").open(encoding="utf-8", newline="") as lines:
        titles = [row["title"] for row in csv.DictReader(lines) if row["title"]]
    kinds = {title: parse(title).kind for title in titles}
    assert titles
    assert {t: k for t, k in kinds.items() if k not in ("obfuscated", "bare", "junk")} == {}


@given(st.text(st.characters()))
def test_any_text_parses_within_the_invariants(title: str) -> None:
    parsed = parse(title)
    assert isinstance(parsed, ParsedRelease)
    assert parsed.year is None or 1800 <= parsed.year <= 2099
    assert parsed.isbn == "" or (len(parsed.isbn) == 13 and parsed.isbn[:3] in ("978", "979"))
    assert parsed.asin == "" or len(parsed.asin) == 10
    assert parsed.group == "" or parsed.group.isalnum()


@given(
    st.lists(
        st.sampled_from(
            "Dune Frank Herbert - . _ [ ] ( ) 1965 epub mp3 01 by GERMAN RETAIL -GRP # Book 1-3".split()
        ),
        max_size=12,
    )
)
def test_names_of_usual_pieces_parse(pieces: list[str]) -> None:
    parse(" ".join(pieces))
    parse(".".join(pieces))


@pytest.mark.parametrize(
    "unit",
    ["(", "a-", "1 ", "\ud800", "[a", "_", ". ", '"', "a by ", "[1/2]", "read by ", "x64.", "-1"],
)
def test_hostile_megabytes_cost_no_more_than_their_length(unit: str) -> None:
    hostile = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    parse(hostile)
    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "Salt_Band-Long_Road-(Deluxe_Edition)-2CD-2016-GRP",
            {"title": "Long Road", "group": "GRP"},
        ),
        ("Jay Quill - Long Road (Bonus Tracks) (2017) 320", {"title": "Long Road", "bitrate": 320}),
        ("Salt Band-2007-The Long Road-SBX", {"title": "The Long Road", "year": 2007}),
        ("Mara.Farrow-Orchard.451.2012.RETAIL.EPUB-GRP", {"title": "Orchard 451", "year": 2012}),
        ("Nebelkinder-F20_Die_Muehle-Audiobook-DE-2021-HOERi", {"position": "20", "year": 2021}),
        ("Iron.Meadow.Vol.1.No.26.May.2013.SCAN.Comic.eBook-GRP", {"title": "Iron Meadow"}),
        ("Kino.-.Der.Deich.15.Januar.2004.Presseheft.German.eBook-GRP", {"title": "Der Deich"}),
        ("Gazzetta.del.Lago.09.28.2021.RETAiL.eBook-GRP", {"title": "Gazzetta del Lago"}),
        ("Mara Farrow - Orchard.2025.RETAIL.par2", {"kind": "junk", "year": 2025}),
        ("[Quill-Fans] Long Road - S01E11 - Some Day", {"group": "Quill-Fans", "kind": "video"}),
        ("Salt.Band-Remember-WEB-2018-GRPX.English", {"group": "GRPX", "title": "Remember"}),
        ("The X-Ray Book-EPUB-2016-GRP", {"title": "The X-Ray Book"}),
    ],
)
def test_habits_of_the_scene(name: str, fields: dict[str, object]) -> None:
    read = parse(name)
    assert {field: getattr(read, field) for field in fields} == fields
