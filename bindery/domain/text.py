"""The one folding of the project (judgement.md 1). No other module folds on its own.

A text becomes a sequence of words; each word has three spellings: ``s`` (accents stripped),
``e`` (umlauts expanded, as people without the key type them) and ``n`` (the native form of a
word in another script, empty for Latin). Two words are equal when their native forms are equal,
or, where one side has none, when their Latin spellings meet.
"""

import re
import unicodedata
from functools import lru_cache

import msgspec

APOSTROPHES = "'`´‘’‛′ʹʻʼʽ＇"
_DELETED = frozenset("™®©℠")
_APOSTROPHE_MAP = {ord(c): "'" for c in APOSTROPHES}
_LATIN_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "þ": "th",
    "ð": "d",
    "đ": "d",
    "ħ": "h",
    "ı": "i",
    "ŋ": "n",
    "ə": "a",
}
_EXPANDED = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
_CYRILLIC_LATIN = (
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya e i yi ye g u"
)
_CYRILLIC: dict[str, str] = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў",
        _CYRILLIC_LATIN.split(" "),
        strict=True,
    )
)
_GREEK: dict[str, str] = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψως",
        "a v g d e z i th i k l m n x o p r s t y f ch ps o s".split(" "),
        strict=True,
    )
)

_FRACTION = re.compile("[¼-¾⅐-⅞↉]")
_PLUSPLUS = re.compile(r"(?<=[^\W\d_])\+\+(?!\+)")
_SHARP = re.compile(r"(?<!\w)([cfj])#(?!\w)")
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_PLUS = re.compile(r"(?<=\s)\+(?=\s)")
_MEANINGFUL = frozenset("'`&+#.,")
_ASCII_GAP = re.compile(r"[^a-z0-9]+")

ARTICLES: dict[str, tuple[str, ...]] = {
    "en": ("the", "a", "an"),
    "de": ("der", "die", "das", "ein", "eine"),
    "fr": ("le", "la", "les", "un", "une"),
    "es": ("el", "la", "los", "las"),
    "it": ("il", "lo", "la", "gli"),
    "nl": ("de", "het", "een"),
}
ALL_ARTICLES = frozenset(word for words in ARTICLES.values() for word in words)

AND_WORDS = frozenset("and und et y e och og en i ed ve".split())


class Word(msgspec.Struct, frozen=True, gc=False):
    """One folded word; ``value`` is set when it stands for a number (compared by value).

    Nothing in it can refer back to it, so the collector need not walk those that caches keep.
    """

    s: str
    e: str
    n: str = ""
    value: float | None = None


@lru_cache(maxsize=8192)
def _category(char: str) -> str:
    """'' deleted, ' ' blank, else the character itself."""
    kind = unicodedata.category(char)
    if kind == "Cf" or char in _DELETED or "\ufe00" <= char <= "\ufe0f":
        return ""
    if "\U000e0100" <= char <= "\U000e01ef":
        return ""
    return " " if kind in ("Cs", "Cc", "Co", "Cn") else char


@lru_cache(maxsize=8192)
def _script(char: str) -> str:
    """First word of the character's Unicode name: LATIN, GREEK, CYRILLIC, ... or ''."""
    return unicodedata.name(char, "").split(" ", 1)[0]


def _fraction(found: re.Match[str]) -> str:
    return " " + unicodedata.normalize("NFKC", found[0]).replace("\u2044", " ") + " "


def _unify(text: str) -> str:
    """Steps 1-3: junk characters out, one apostrophe, compatibility forms, case."""
    text = "".join(map(_category, text))
    text = _FRACTION.sub(_fraction, text.translate(_APOSTROPHE_MAP))
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFC", text).translate(_APOSTROPHE_MAP)
    return "".join(map(_category, text))


def _symbols(text: str) -> str:
    """Step 4: symbols that carry meaning become letters, thousands separators go."""
    text = _PLUSPLUS.sub("plusplus", text)
    text = _SHARP.sub(r"\1sharp", text).replace("'", "").replace("&", " and ")
    return _THOUSANDS.sub("", _PLUS.sub("and", text))


def _split(text: str) -> list[str]:
    """Step 5: letters, numbers and marks stay, everything else separates."""
    if text.isascii():
        return _ASCII_GAP.sub(" ", text).split()
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text).split()


def _latin(word: str, *, expand: bool) -> str:
    """Step 6 for one word: special letters replaced, marks dropped on Latin and Greek bases."""
    if expand:
        word = "".join(_EXPANDED.get(c, c) for c in word)
    out: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFD", word):
        if unicodedata.category(char)[0] == "M":
            if base not in ("LATIN", "GREEK"):
                out.append(char)
            continue
        base = _script(char)
        out.append(_LATIN_LETTERS.get(char, char))
    return unicodedata.normalize("NFC", "".join(out))


def _romanise(word: str, table: dict[str, str]) -> str:
    out = "".join(table.get(char, char) for char in word).replace("-", "")
    return "".join(c for c in out if unicodedata.category(c)[0] != "M" or _script(c) == "")


def _word(word: str) -> Word:
    return _cached_word(word) if len(word) <= 64 else _fold_word(word)


def _fold_word(word: str) -> Word:
    if word.isascii():
        return Word(word, word)
    scripts = {_script(c) for c in word}
    if "CYRILLIC" in scripts:
        native = word.replace("ё", "е")
        latin = _latin(_romanise(native, _CYRILLIC), expand=False)
        return Word(latin, latin, native)
    if "GREEK" in scripts:
        bare = _latin(word, expand=False)
        latin = _romanise(bare.replace("ου", "ou"), _GREEK)
        return Word(latin, latin, bare)
    if "LATIN" in scripts or word.isdecimal():
        return Word(_latin(word, expand=False), _latin(word, expand=True))
    return Word(word, word, word)


_cached_word = lru_cache(maxsize=4096)(_fold_word)  # more costs pauses of the collector


def words(text: str) -> tuple[Word, ...]:
    """The folded words of ``text`` as written, numbers not yet joined."""
    # Long texts are descriptions or attacks: a cache of them would only hold memory.
    return _cached_words(text) if len(text) <= 512 else _words(text)


def _words(text: str) -> tuple[Word, ...]:
    if text.isascii() and text.isprintable():
        return tuple([Word(word, word) for word in _ascii_words(text)])
    found = [_word(word) for word in _split(_symbols(_unify(text).replace("`", "'")))]
    return tuple([word for word in found if word.s])


def _ascii_words(text: str) -> list[str]:
    """Steps 1-5 for printable ASCII: every spelling of such a word is the word itself."""
    low = text.lower()
    if not _MEANINGFUL.isdisjoint(low):
        low = _symbols(low.replace("`", "'"))
    return _ASCII_GAP.sub(" ", low).split()


_cached_words = lru_cache(maxsize=2048)(_words)


def fold(text: str) -> str:
    """Accent-stripped, lower-cased words joined by one blank. Idempotent; NFC = NFD."""
    if text.isascii() and text.isprintable():
        return text.lower() if text.isalnum() else " ".join(_ascii_words(text))
    return " ".join(word.s for word in words(text))


def fold_expanded(text: str) -> str:
    """As `fold`, umlauts written out (``Höhle`` -> ``hoehle``)."""
    return " ".join(word.e for word in words(text))


def search_line(*texts: str) -> str:
    """The folded line a full-text index stores: stripped spellings, then the expanded ones."""
    joined = " ".join(text for text in texts if text)
    stripped, expanded = fold(joined), fold_expanded(joined)
    return stripped if stripped == expanded else f"{stripped} {expanded}"


def sort_key(text: str) -> str:
    """Order of names: folded, the comma kept (``Ørsted, Hans`` -> ``orsted, hans``)."""
    return ", ".join(part for part in (fold(piece) for piece in text.split(",")) if part)


def title_sort_key(title: str, language: str = "") -> str:
    """Order of titles: article gone (in front, or behind a comma), numbers padded to ten digits."""
    articles = ARTICLES.get(language, ALL_ARTICLES)
    main, comma, last = title.rpartition(",")
    folded = fold(title).split(" ")
    if comma and fold(last) in articles and (inverted := fold(main)):
        folded = inverted.split(" ")
    elif len(folded) > 1 and folded[0] in articles:
        folded = folded[1:]
    return " ".join(word.zfill(10) if word.isdecimal() else word for word in folded)


def slug(text: str) -> str:
    """Address form: Latin where the script has one, else native; words joined by ``-``."""
    return "-".join(word.s for word in words(text))


def initial(text: str) -> str:
    """First letter for an alphabet bar: A-Z, else ``#``."""
    first = fold(text)[:1]
    return first.upper() if first.isascii() and first.isalpha() else "#"


_QUOTES = str.maketrans(
    dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‐‑‒–—―", "-")
)


def spellings(text: str) -> tuple[str, ...]:
    """Texts to send to a search engine: expanded, as written, stripped; each only if different."""
    plain = " ".join(unicodedata.normalize("NFC", "".join(map(_category, text))).split())
    plain = plain.translate(_QUOTES)
    expanded: list[str] = []
    for char in plain:
        low = char.lower()
        spelt = "ss" if low == "ß" else _EXPANDED.get(low, char)
        expanded.append(spelt.capitalize() if char not in (low, spelt) else spelt)
    stripped = "".join(
        c for c in unicodedata.normalize("NFD", plain) if unicodedata.category(c) != "Mn"
    )
    if any(_script(c) not in ("LATIN", "") for c in plain if c.isalpha()):
        stripped = plain
    out = dict.fromkeys(("".join(expanded), plain, unicodedata.normalize("NFC", stripped)))
    return tuple(one for one in out if one)
