"""Languages: one table from codes and names to ISO 639-1, 639-3 where there is none."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from bindery.domain.text import fold

# code: three-letter forms (639-2 B and T), English and native names, words of scene names.
_ROWS = """
en: eng english englisch anglais ingles inglese engels englische
de: ger deu german deutsch allemand aleman tedesco duits
fr: fre fra french francais franzosisch franzoesisch frances francese frans vf vff vostfr truefrench
es: spa esp spanish espanol castellano spanisch espagnol spagnolo spaans castilian
it: ita italian italiano italienisch italien italiaans
nl: dut nld dutch nederlands niederlandisch niederlaendisch neerlandais flemish vlaams
pt: por portuguese portugues portugiesisch portugais brazilian
ru: rus russian russkiy russisch russe ruso
pl: pol polish polski polnisch polonais
sv: swe swedish svenska schwedisch suedois
da: dan danish dansk danisch daenisch danois
no: nor norwegian norsk nob nno bokmal nynorsk norwegisch nb nn
fi: fin finnish suomi finnisch
is: ice isl icelandic islenska
cs: cze ces czech cesky cestina tschechisch cz
sk: slo slk slovak slovensky slovencina
hu: hun hungarian magyar ungarisch
ro: rum ron romanian romana rumanisch
bg: bul bulgarian balgarski
hr: hrv croatian hrvatski
sr: srp scc serbian srpski
sl: slv slovenian slovenski
uk: ukr ukrainian ukrainska ukrayinska
el: gre ell greek ellinika griechisch
tr: tur turkish turkce turkisch
ar: ara arabic arabe
he: heb hebrew ivrit
hi: hin hindi
ja: jpn japanese japonais japanisch
zh: chi zho chinese mandarin chinesisch chinois
ko: kor korean
la: lat latin
ca: cat catalan catala
eu: baq eus basque euskara
gl: glg galician galego
et: est estonian eesti
lv: lav latvian latviesu
lt: lit lithuanian lietuviu
vi: vie vietnamese
th: tha thai
id: ind indonesian
fa: per fas persian farsi
af: afr afrikaans
cy: wel cym welsh cymraeg
ga: gle irish gaeilge
eo: epo esperanto
sq: alb sqi albanian
mk: mac mkd macedonian
hy: arm hye armenian
ka: geo kat georgian
bn: ben bengali
ta: tam tamil
te: tel telugu
mr: mar marathi
ur: urd urdu
ms: may msa malay
"""

_BY_NAME: dict[str, str] = {}
for _line in _ROWS.strip().splitlines():
    _code, _names = _line.split(": ")
    _BY_NAME[_code] = _code
    for _name in _names.split():
        _BY_NAME[_name] = _code
CODES = frozenset(_BY_NAME.values())

# Native-script names fold to their own letters.
_NATIVE = {
    fold(name): code
    for name, code in (
        ("русский", "ru"),
        ("українська", "uk"),
        ("ελληνικά", "el"),
        ("日本語", "ja"),
        ("中文", "zh"),
        ("한국어", "ko"),
        ("العربية", "ar"),
        ("עברית", "he"),
        ("हिन्दी", "hi"),
        ("български", "bg"),
    )
}
_BY_NAME.update(_NATIVE)

# Two-letter words of titles and scene names that mean another code than ISO says.
SCENE_CODES = {"cz": "cs", "dk": "da", "jp": "ja", "se": "sv", "gr": "el", "ua": "uk", "no": "no"}
_CUT = re.compile("[-_]")


def normalise(text: str) -> str:
    """ISO 639-1 code (639-3 where none) of a code, tag or name; unknown text stays, blank is ''."""
    clean = text.strip().casefold()
    if not clean:
        return ""
    if clean in ("any", "all", "multi", "mul"):
        return "any"
    head = _CUT.split(clean, maxsplit=1)[0]
    return _BY_NAME.get(head) or _BY_NAME.get(fold(clean)) or _standard(head)


@lru_cache(maxsize=1024)
def _standard(code: str) -> str:
    """The shortest ISO code of a code that our table lacks (`swa` -> `sw`, `iw` -> `he`)."""
    if not (len(code) in (2, 3) and code.isascii() and code.isalpha()):
        return code
    import langcodes  # its tables cost 25 ms, and most libraries never need them

    return langcodes.Language.get(code).language or code


def names_of_codes() -> Mapping[str, str]:
    """Every name and code of the table -> the code it stands for."""
    return MappingProxyType(_BY_NAME)


def known(word: str) -> str:
    """The code when ``word`` names a language, else ''."""
    return _BY_NAME.get(word, "")


def parse_allowed(text: str | Iterable[str]) -> frozenset[str]:
    """A person's or profile's languages; empty = no filter."""
    pieces = text.split(",") if isinstance(text, str) else text
    codes = {normalise(piece) for piece in pieces}
    codes.discard("")
    return frozenset() if "any" in codes else frozenset(codes)


def allowed(
    found: str | Iterable[str], wanted: str | Iterable[str], *, unknown_fails: bool = False
) -> bool:
    """Does a text in the languages ``found`` pass the filter ``wanted``? One match is enough."""
    want = parse_allowed(wanted)
    have = {normalise(one) for one in ([found] if isinstance(found, str) else found)}
    have.discard("")
    if not want or "any" in have:
        return True
    return bool(have & want) if have else not unknown_fails


FUNCTION_WORDS: dict[str, frozenset[str]] = {
    "de": frozenset(
        "der die das und ist nicht ein eine den dem des im mit von fur fuer auf".split()
    ),
    "fr": frozenset("le la les des du et une dans est pour avec au aux".split()),
    "es": frozenset("el los las del y una en con por para que".split()),
    "it": frozenset("il lo gli della del dei delle di e una nel con per che".split()),
    "nl": frozenset("het een en van de der voor met op niet".split()),
    "en": frozenset("the of and in to a with for from at on by is".split()),
}


_ELISIONS = {"fr": ("l'", "d'"), "it": ("l'", "d'", "dell'"), "ca": ("l'", "d'")}
_MORE_WORDS = {
    code: frozenset(spelt.split())
    for code, spelt in (
        ("es", "la de un"),
        ("fr", "de un"),
        ("it", "la un"),
        ("pt", "o os da das do dos um uma"),
        ("sv", "och som med det den av en ett i"),
        ("da", "og som med det den af en et i"),
        ("no", "og som med det den av en et i"),
        ("pl", "w z na nie sie dla"),
        ("cs", "v z na se pro"),
    )
}


def may_be_in(title: str, codes: Iterable[str]) -> bool:
    """Could this title be in one of these languages, and not in English? By letters that English
    does not have, function words, and elisions; one word without a mark says nothing.
    """
    if not title.isascii() and any(c.isalpha() and not c.isascii() for c in title):
        return True
    low = title.casefold()
    found = set(fold(title).split(" "))
    return any(
        found & (FUNCTION_WORDS.get(code, frozenset()) | _MORE_WORDS.get(code, frozenset()))
        or any(word.startswith(_ELISIONS.get(code, ("\0",))) for word in low.split())
        for code in codes
        if code != "en"
    )


def guess(words: Iterable[str]) -> str:
    """Language by function words: the clear winner or ''. Inferred, so never a reason to reject."""
    found = list(words)
    scores = {code: sum(w in table for w in found) for code, table in FUNCTION_WORDS.items()}
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    return ranked[0][0] if ranked[0][1] > ranked[1][1] else ""
