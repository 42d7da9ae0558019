"""Numbers inside titles (judgement.md 1): digits, number words and roman numerals by value."""

from collections.abc import Sequence

from bindery.domain.text import AND_WORDS, Word, words

VOLUME_WORDS = frozenset(
    "book bk vol volume band bd tome livre libro boek bok tom buch folge no nr".split()
)
PART_WORDS = frozenset("part pt teil deel del parte".split())
MARKERS = VOLUME_WORDS | PART_WORDS

_UNITS = {
    word: value
    for value, spelt in enumerate(
        (
            "zero null nul", "one eins", "two zwei deux dos twee tva", "three drei trois tres drie",
            "four vier quatre cuatro quattro fyra", "five funf fuenf cinq cinco cinque vijf",
            "six sechs zes", "seven sieben sette siete zeven",
            "eight huit ocho", "nine neun nueve negen",
        )
    )
    for word in spelt.split()
}  # fmt: skip
_TEENS = {
    word: value
    for value, spelt in enumerate(
        (
            "ten zehn diez dieci tien", "eleven", "twelve zwolf zwoelf douze doce dodici twaalf",
            "thirteen dreizehn treize trece", "fourteen vierzehn quatorze catorce",
            "fifteen funfzehn fuenfzehn quinze quince", "sixteen sechzehn seize",
            "seventeen siebzehn", "eighteen achtzehn", "nineteen neunzehn",
        ),
        start=10,
    )
    for word in spelt.split()
}  # fmt: skip
_TENS = {
    word: 10 * value
    for value, spelt in enumerate(
        (
            "twenty zwanzig vingt veinte twintig", "thirty dreissig trente treinta dertig",
            "forty vierzig quarante cuarenta veertig", "fifty funfzig fuenfzig cinquante vijftig",
            "sixty sechzig soixante sesenta zestig", "seventy siebzig setenta",
            "eighty achtzig ochenta", "ninety neunzig noventa",
        ),
        start=2,
    )
    for word in spelt.split()
}  # fmt: skip
_SCALES = {
    "hundred": 100, "hundert": 100, "honderd": 100,
    "thousand": 1000, "tausend": 1000, "duizend": 1000, "million": 1_000_000,
}  # fmt: skip
_ORDINALS = {
    word: value
    for value, spelt in enumerate(
        (
            "first erster erste erstes premier primero primo eerste 1st",
            "second zweiter zweite zweites deuxieme segundo secondo tweede 2nd",
            "third dritter dritte drittes troisieme tercero terzo derde 3rd",
            "fourth vierter vierte viertes quatrieme cuarto quarto vierde 4th",
            "fifth funfter funfte fuenfte cinquieme quinto vijfde 5th",
            "sixth sechster sechste sixieme sexto zesde 6th",
            "seventh siebter siebte septieme septimo zevende 7th",
            "eighth achter achte huitieme octavo achtste 8th",
            "ninth neunter neunte neuvieme noveno negende 9th",
            "tenth zehnter zehnte dixieme decimo tiende 10th",
        ),
        start=1,
    )
    for word in spelt.split()
}  # fmt: skip
_BY_LANGUAGE = {
    "de": {"elf": 11, "acht": 8},
    "nl": {"elf": 11, "acht": 8},
    "es": {"once": 11, "uno": 1, "seis": 6},
    "fr": {"dix": 10, "onze": 11, "neuf": 9, "sept": 7},
    "it": {"uno": 1, "due": 2, "tre": 3, "sei": 6, "otto": 8, "nove": 9},
}
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
_ROMAN_PARTS = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_SHORT_ROMAN = frozenset(("i", "v", "x", "vi", "xi"))
_MARKED_ROMAN = frozenset(("li", "xl", "mi"))


def roman(word: str) -> int | None:
    """Value of a well-formed roman numeral up to 89 written in i v x l, else None."""
    if not word or len(word) > 9 or any(c not in _ROMAN for c in word):
        return None
    total = 0
    for index, char in enumerate(word):
        value = _ROMAN[char]
        following = _ROMAN[word[index + 1]] if index + 1 < len(word) else 0
        total += -value if value < following else value
    return total if _to_roman(total) == word else None


def _to_roman(value: int) -> str:
    out = ""
    for number, letters in _ROMAN_PARTS:
        while value >= number:
            out, value = out + letters, value - number
    return out


def _plain(word: str, local: dict[str, int]) -> int | None:
    """Value of one cardinal below one hundred or of digits, else None."""
    if word.isdecimal():
        # int() is quadratic on very long digit strings; nobody numbers books beyond this.
        return int(word) if len(word) <= 18 else None
    for table in (_UNITS, _TEENS, _TENS, local):
        if word in table:
            return table[word]
    return None


def _run(found: Sequence[Word], at: int, local: dict[str, int]) -> tuple[int, int] | None:
    """Longest number beginning at ``at``: (value, index behind it)."""
    first = found[at].s
    value = _plain(first, local)
    if value is None:
        return None
    digits = first.isdecimal()
    end = at + 1

    def below_hundred(index: int) -> tuple[int, int] | None:
        if index >= len(found) or found[index].s.isdecimal():
            return None
        small = _plain(found[index].s, local)
        if small is None:
            return None
        if found[index].s in _TENS and index + 1 < len(found):
            unit = _UNITS.get(found[index + 1].s)
            if unit:
                return small + unit, index + 2
        return small, index + 1

    if not digits:
        value, end = below_hundred(at) or (value, end)
        if 10 <= value <= 20:
            # A year spoken in two halves: nineteen eighty-four.
            tail = below_hundred(end)
            if tail and 10 <= tail[0] <= 99:
                return value * 100 + tail[0], tail[1]
    while end < len(found) and found[end].s in _SCALES:
        value, end = value * _SCALES[found[end].s], end + 1
        joint = end + 1 if end < len(found) and found[end].s in AND_WORDS else end
        tail = None if digits else below_hundred(joint)
        if tail:
            value, end = value + tail[0], tail[1]
    return value, end


def _marked(found: Sequence[Word], at: int) -> bool:
    return at > 0 and found[at - 1].s in MARKERS


def _single(found: Sequence[Word], at: int) -> int | None:
    """Ordinals beside a volume word and roman numerals."""
    word = found[at].s
    before = _marked(found, at)
    after = at + 1 < len(found) and found[at + 1].s in MARKERS
    if word in _ORDINALS and (before or after):
        return _ORDINALS[word]
    value = roman(word)
    if value is None or word in _MARKED_ROMAN:
        return value if before else None
    last = at == len(found) - 1 and at > 0
    if word in _SHORT_ROMAN and not (before or last):
        return None
    return value


def valued(found: Sequence[Word], language: str = "") -> tuple[Word, ...]:
    """The same words with number runs joined into one word that carries its value."""
    local = _BY_LANGUAGE.get(language, {})
    out: list[Word] = []
    at = 0
    while at < len(found):
        if found[at].n:
            out.append(found[at])
            at += 1
            continue
        run = _run(found, at, local)
        if run:
            value, end = run
            text = " ".join(word.s for word in found[at:end])
            out.append(Word(text, text, "", float(value)))
            at = end
            continue
        value = _single(found, at)
        word = found[at]
        out.append(word if value is None else Word(word.s, word.e, "", float(value)))
        at += 1
    return tuple(out)


def sequence(text: str, language: str = "") -> tuple[Word, ...]:
    """The comparable words of a text: folded, numbers by value."""
    return valued(words(text), language)


def same_word(a: Word, b: Word) -> bool:
    """Equality of two words (judgement.md 1, `Equal words`)."""
    if a.value is not None and b.value is not None:
        return a.value == b.value
    if a.n and b.n:
        return a.n == b.n
    if a.s == b.s or b.e in (a.e, a.s) or a.e == b.s:
        return True
    if a.s == "and":
        return b.s in AND_WORDS
    return b.s == "and" and a.s in AND_WORDS


_JOINERS = frozenset(("ll", "re", "ve", "qu", "mc"))


def _joinable(word: Word) -> bool:
    single = len(word.s) == 1 and word.s not in ("a", "i")
    return single or word.s in _JOINERS or word.s.isdecimal()


def joins(word: Word, first: Word, second: Word) -> bool:
    """May one word equal two neighbours written together (`letranger` = `l etranger`)?"""
    if word.s != first.s + second.s and word.e != first.e + second.e:
        return False
    return _joinable(first) or _joinable(second)


def equal(a: Sequence[Word], b: Sequence[Word]) -> bool:
    """Are two sequences equal word by word, joined neighbours allowed?"""
    i = j = 0
    while i < len(a) and j < len(b):
        if same_word(a[i], b[j]):
            i, j = i + 1, j + 1
        elif j + 1 < len(b) and joins(a[i], b[j], b[j + 1]):
            i, j = i + 1, j + 2
        elif i + 1 < len(a) and joins(b[j], a[i], a[i + 1]):
            i, j = i + 2, j + 1
        else:
            return False
    return i == len(a) and j == len(b)
