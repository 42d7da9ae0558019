"""Words of release names and what they say (judgement.md 4)."""

from typing import NamedTuple

EBOOK_FORMATS = (
    "epub",
    "kepub",
    "azw3",
    "azw",
    "mobi",
    "pdf",
    "djvu",
    "fb2",
    "lit",
    "rtf",
    "txt",
    "html",
    "docx",
    "cbz",
    "cbr",
)
AUDIO_FORMATS = ("m4b", "m4a", "mp3", "flac", "ogg", "opus", "aac", "wma")
FORMATS = frozenset(EBOOK_FORMATS + AUDIO_FORMATS)
# Common words that are formats only as an extension or inside brackets.
SHY_FORMATS = frozenset(("lit", "rtf", "txt", "html", "docx"))
FORMAT_ALIASES = {"epub3": "epub", "epub2": "epub", "prc": "mobi", "htm": "html", "doc": "docx"}


class Tag(NamedTuple):
    """What one word says: a field and its value."""

    field: str
    value: str = ""


TAGS: dict[str, Tag] = {
    "retail": Tag("retail"),
    "proper": Tag("revision", "2"),
    "repack": Tag("revision", "2"),
    "rerip": Tag("revision", "2"),
    "unabridged": Tag("abridged", "no"),
    "uncut": Tag("abridged", "no"),
    "ungekurzt": Tag("abridged", "no"),
    "ungekuerzt": Tag("abridged", "no"),
    "ungekuerzte": Tag("abridged", "no"),
    "integral": Tag("abridged", "no"),
    "integrale": Tag("abridged", "no"),
    "abridged": Tag("abridged", "yes"),
    "gekurzt": Tag("abridged", "yes"),
    "gekuerzt": Tag("abridged", "yes"),
    "audiobook": Tag("audio", "en"),
    "audiobooks": Tag("audio", "en"),
    "horbuch": Tag("audio", "de"),
    "hoerbuch": Tag("audio", "de"),
    "hörbuch": Tag("audio", "de"),
    "horspiel": Tag("drama", "de"),
    "hoerspiel": Tag("drama", "de"),
    "livreaudio": Tag("audio", "fr"),
    "audiolibro": Tag("audio", "es"),
    "luisterboek": Tag("audio", "nl"),
    "ljudbok": Tag("audio", "sv"),
    "lydbog": Tag("audio", "da"),
    "audible": Tag("audio"),
    "graphicaudio": Tag("drama"),
    "fullcast": Tag("drama"),
    "dramatized": Tag("drama"),
    "dramatised": Tag("drama"),
    "vip": Tag("vip"),
    "freeleech": Tag("flag"),
    "ebook": Tag("ebook"),
    "ebooks": Tag("ebook"),
    "scan": Tag("flag"),
    "ocr": Tag("flag"),
    "hybrid": Tag("flag"),
    "internal": Tag("flag"),
    "int": Tag("flag"),
    "lossless": Tag("flag"),
    "cdrip": Tag("flag"),
    "read": Tag("weak"),
    "complete": Tag("weak"),
    "vbr": Tag("audio"),
    "cbr": Tag("format", "cbr"),
    "mono": Tag("weak"),
    "stereo": Tag("weak"),
    "khz": Tag("weak"),
    "drmfree": Tag("flag"),
    "fixed": Tag("flag"),
    "readnfo": Tag("flag"),
    "edition": Tag("weak"),
    "novel": Tag("weak"),
    "rar": Tag("flag"),
    "zip": Tag("flag"),
    "v0": Tag("bitrate", "245"),
    "v2": Tag("revision", "2"),
}

# Words that say where a release comes from, and words of other media. They are tags where nothing
# of a title can be: as a whole part between the dashes of a scene name, behind its year or format,
# and before its group.
ZONE_WORDS = frozenset(
    "web webrip cd 2cd 3cd 4cd 5cd 6cd cdr cda cds cdm cdep dvd dvdr vinyl single ep lp mcd tape "
    "retailweb tracks album promo bonus reissue remastered deluxe scans nfo pages true "
    "comic comics magazine magazin magazines presseheft newspaper zeitschrift "
    "dox multilingual multilanguage x64 x86 win64 iso".split()
)
PROGRAM_WORDS = frozenset("dox multilingual multilanguage x64 x86 win64".split())
PERIODICAL_WORDS = frozenset(
    "comic comics magazine magazin magazines newspaper zeitschrift presseheft".split()
)
# Words of an edition in round brackets behind a title; with one of them none of the others names
# a work.
COUNTED_WORDS = frozenset(
    "windows python java level grade ages age aged top year years chapter chapters class "
    "step".split()
)
EDITION_WORDS = frozenset(
    "edition editions deluxe expanded extended remaster remastered anniversary special limited "
    "explicit bonus version reissue collectors standard disc discs cd cds tracks releases req "
    "request repost reup illustrated annotated translated integrale complete".split()
)

NATIVE_BOOK_WORDS = {
    "band": "de",
    "teil": "de",
    "folge": "de",
    "hoerbuch": "de",
    "horbuch": "de",
    "roman": "de",
    "ungekurzt": "de",
    "ungekuerzt": "de",
    "tome": "fr",
    "livre": "fr",
    "libro": "es",
    "deel": "nl",
    "boek": "nl",
    "czyta": "pl",
}

NARRATOR_MARKS = (
    "read by",
    "narrated by",
    "narrator",
    "gelesen von",
    "lu par",
    "voorgelezen door",
    "czyta",
    "leest",
    "letto da",
    "leido por",
    "sprecher",
)

DERIVATIVE = frozenset(
    "summary analysis cliffsnotes sparknotes workbook quiz trivia parody zusammenfassung "
    "resume coloring colouring".split()
)
DERIVATIVE_PHRASES = (
    "study guide",
    "summary of",
    "analysis of",
    "summary and analysis",
    "cliffsnotes",
    "sparknotes",
    "workbook for",
    "companion to",
    "a companion",
    "quiz",
    "trivia",
    "review of",
    "book review",
    "colouring book",
    "coloring book",
    "sheet music",
    "parody",
    "zusammenfassung",
    "resume de",
    "workbook",
    "reading guide",
    "cliffs notes",
    "conversation starters",
)
DERIVATIVE_BEGINNINGS = frozenset(phrase.split(" ")[0] for phrase in DERIVATIVE_PHRASES)
SAMPLE = frozenset("sample excerpt preview teaser leseprobe extract".split())

STOP_WORDS = frozenset("the a an and or of in to by for with at from is it as on be".split())
CONNECTIVES = frozenset(
    "the an and or of in to by for with at from is it as on be "
    "der die das und ein eine le la les et un une el los las".split()
)
GROUP_SUFFIXES = (
    r"RP|1|Pre|Obfuscated|Obfuscation|Scrambled|postbot|xpost|NZBGeek|BUYMORE|AsRequested"
)
CONSOLES = r"n64|ps[1-5]|psp|xbox(?:360)?|nsw|wii|gamecube|nds|3ds|snes|gba"
