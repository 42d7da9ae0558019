"""Person names: parse, list, sort name, comparison with a score (judgement.md 2)."""

import re
from functools import lru_cache

import msgspec

from bindery.domain import name_tables as tables
from bindery.domain.text import Word, fold, words

STRONG = 0.90

_NOTE = re.compile(r"\([^()]{0,80}\)")
_VOWELS = frozenset("aeiouy")


class Name(msgspec.Struct, frozen=True):
    """One parsed person (or corporate body). Words are folded; ``*_raw`` keep the spelling.

    What comparing needs again and again is worked out once: ``tokens`` are all words in order,
    ``line`` their text, ``keys`` the spellings of the family name, with particles and without.
    """

    text: str
    given: tuple[Word, ...] = ()
    family: tuple[Word, ...] = ()
    particles: tuple[str, ...] = ()
    suffix: str = ""
    given_raw: str = ""
    family_raw: str = ""
    particles_raw: str = ""
    suffix_raw: str = ""
    nobody: bool = False
    corporate: bool = False
    latin: bool = True
    tokens: tuple[Word, ...] = ()
    line: str = ""
    keys: frozenset[str] = frozenset()


class NameVerdict(msgspec.Struct, frozen=True):
    """How alike two names are: ``score`` 0-1, ``band`` exact|strong|weak|none, ``code`` why."""

    score: float
    band: str
    code: str

    @property
    def is_strong(self) -> bool:
        return self.score >= STRONG


class People(msgspec.Struct, frozen=True):
    """A credit line: authors, people with other roles, and whether more were announced."""

    names: tuple[str, ...]
    narrators: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    more: bool = False


def _blank_dots(text: str) -> str:
    return text.replace(".", ". ").replace("_", " ")


def _initials(raw: str, folded: str, mixed: bool) -> tuple[str, ...]:
    """Split a run of initials (`JRR`, `R.R.`), else the word itself."""
    if len(folded) in (2, 3) and folded.isascii() and folded.isalpha():
        capitals = mixed and raw.isupper()
        if capitals or not (_VOWELS & set(folded)):
            return tuple(folded)
    return (folded,)


def _is_suffix(raw: str, folded: str) -> bool:
    if folded in tables.SUFFIXES:
        return folded not in ("v", "ii", "iii", "iv") or raw.strip(".,").isupper()
    return folded in tables.DEGREES


def parse(text: str) -> Name:
    """Parse one name in either order. Never raises; an empty text is ``nobody``."""
    return _parse(text[:400])


@lru_cache(maxsize=4096)  # what is kept costs pauses of the collector
def _parse(text: str) -> Name:
    clean = " ".join(_NOTE.sub(" ", text).split()).strip(" ,;-")
    folded = fold(clean)
    if not folded or folded in tables.NOBODY or folded in tables.NOBODY_PHRASES:
        return Name(text=clean, nobody=True)
    if set(folded.split(" ")) & tables.CORPORATE:
        body = words(clean)
        line = " ".join(word.s for word in body)
        return Name(
            text=clean,
            family=body,
            family_raw=clean,
            corporate=True,
            tokens=body,
            line=line,
            keys=_family_keys(body, ()),
        )
    parts = [part.strip() for part in clean.split(",") if part.strip()]
    tail: list[str] = []
    while len(parts) > 1 and all(_is_suffix(w, fold(w)) for w in parts[-1].split()):
        tail = [*parts.pop().split(), *tail]
    inverted = len(parts) > 1
    if inverted:
        family, given = parts[0].split(), " ".join(parts[1:]).split()
    else:
        family, given = _spaced_initials(parts[0]).split(), []
    given = _spaced_initials(" ".join(given)).split()
    family, given, tail = _strip_extras(family, given, tail, inverted=inverted)
    if not inverted:
        family, given = _cut_family(family)
    return _build(clean, family, given, tail)


def _spaced_initials(text: str) -> str:
    """`J.R.R. Tolkien` -> `J. R. R. Tolkien`: a dot ends a word."""
    return _blank_dots(text) if "." in text or "_" in text else text


def _strip_extras(
    family: list[str], given: list[str], tail: list[str], *, inverted: bool
) -> tuple[list[str], list[str], list[str]]:
    """Drop honorifics and degrees, move suffixes to the tail."""
    body = given if inverted else family
    while len(family) + len(given) > 2 and body and fold(body[0]) in tables.HONORIFICS:
        body.pop(0)
    while len(body) > (0 if inverted else 1) and _is_suffix(body[-1], fold(body[-1])):
        if fold(body[-1]) == "v" and len(body) < 3:
            break
        tail.insert(0, body.pop())
    return family, given, tail


def _cut_family(body: list[str]) -> tuple[list[str], list[str]]:
    """Last word, preceding particles, first half of a double surname."""
    start = len(body) - 1
    while start > 1 and body[start - 1] != "&":
        before = fold(body[start - 1])
        double = before in tables.DOUBLE_SURNAMES and fold(body[start]) in tables.DOUBLE_SURNAMES
        capital_double = double and start == len(body) - 1
        if before in tables.PARTICLES or capital_double:
            start -= 1
            continue
        break
    return body[start:], body[:start]


def _build(clean: str, family: list[str], given: list[str], tail: list[str]) -> Name:
    particles: list[str] = []
    while len(family) > 1 and fold(family[0]) in tables.PARTICLES:
        particles.append(family.pop(0))
    mixed = any(c.islower() for c in clean)
    folded_given: list[Word] = []
    for raw in given:
        for word in words(raw):
            pieces = _initials(raw.strip("."), word.s, mixed)
            folded_given += [word] if len(pieces) == 1 else [Word(p, p) for p in pieces]
    suffix_raw = next((t for t in tail if fold(t) in tables.SUFFIXES), "")
    family_words = words(" ".join(family))
    particle_words = tuple(fold(p) for p in particles)
    tokens = (*folded_given, *(Word(p, p) for p in particle_words), *family_words)
    return Name(
        text=clean,
        given=tuple(folded_given),
        family=family_words,
        particles=particle_words,
        suffix=tables.SUFFIXES.get(fold(suffix_raw), ""),
        given_raw=" ".join(given),
        family_raw=" ".join(family),
        particles_raw=" ".join(particles),
        suffix_raw=suffix_raw,
        latin=not any(w.n for w in family_words),
        tokens=tokens,
        line=" ".join(word.s for word in tokens),
        keys=_family_keys(family_words, particle_words),
    )


def _family_keys(family: tuple[Word, ...], particles: tuple[str, ...]) -> frozenset[str]:
    plain, expanded = "".join(w.s for w in family), "".join(w.e for w in family)
    front = "".join(particles)
    return frozenset((plain, expanded, front + plain, front + expanded))


def sort_name(text: str) -> str:
    """`Family, Given` with particles where their language puts them; corporate names unchanged."""
    name = parse(text)
    if name.corporate or name.nobody or not name.given_raw:
        return " ".join(text.split())
    particles = name.particles_raw.split()
    behind = [p for p in particles if p.islower() and fold(p) in tables.BEHIND]
    front = [p for p in particles if p not in behind]
    given = _tidy_given(text, name)
    out = " ".join([*front, name.family_raw]) + ", " + " ".join([given, *behind])
    return f"{out}, {name.suffix_raw}" if name.suffix_raw else out


def _tidy_given(text: str, name: Name) -> str:
    """The given names as they were written (`J.R.R.` not `J. R. R.`)."""
    compact = name.given_raw.replace(". ", ".")
    return compact if compact in text and compact != name.given_raw else name.given_raw


def name_key(text: str) -> str:
    """Index key of a person: given and family folded in natural order, suffix kept."""
    name = parse(text)
    if name.nobody:
        return ""
    order = (*(w.s for w in name.given), *name.particles, *(w.s for w in name.family), name.suffix)
    return " ".join(word for word in order if word)


_LIST_SPLIT = re.compile(r"\s*(?:;|&|/|\s(?:and|und|et|y|with|mit)\s)\s*", re.IGNORECASE)
_TRAILING_ROLE = re.compile(r"\s+[-–—]\s+([^\W\d_]{3,20}(?:\s\w{2,4}\s\w{3,20})?)\s*$")


def parse_list(text: str) -> People:
    """Split a credit line into authors, narrators and people of other roles."""
    keep: list[str] = []
    narrators: list[str] = []
    others: list[str] = []
    more = False
    for segment in _segments(text[:2000]):
        role = _TRAILING_ROLE.search(segment)
        lowered = segment.casefold()
        prefix = next((p for p in tables.READ_BY if lowered.startswith(p)), "")
        if fold(segment) in tables.MORE:
            more = True
        elif prefix:
            target = narrators if prefix in tables.READ_BY[:3] else others
            target.append(segment[len(prefix) :].strip())
        elif role and set(fold(role[1]).split()) & tables.ROLE_WORDS:
            narrator = "narrat" in fold(role[1])
            (narrators if narrator else others).append(segment[: role.start()].strip())
        else:
            if role and fold(role[1]) in ("author", "autor", "auteur"):
                segment = segment[: role.start()]
            cleaned, cut = _cut_more(" ".join(_NOTE.sub(" ", segment).split()))
            more = more or cut
            if cleaned and not parse(cleaned).nobody:
                keep.append(cleaned)
    return People(tuple(dict.fromkeys(keep)), tuple(narrators), tuple(others), more)


def _cut_more(segment: str) -> tuple[str, bool]:
    for tail in (" et al", " et al.", " etc", " etc.", " u.a.", " u. a."):
        if segment.casefold().endswith(tail):
            return segment[: -len(tail)].rstrip(" ,"), True
    return segment, False


def _segments(text: str) -> list[str]:
    out: list[str] = []
    for chunk in _LIST_SPLIT.split(text):
        pieces = [piece.strip() for piece in chunk.split(",") if piece.strip()]
        long = [p for p in pieces if len(p.split()) >= 2]
        role_like = [p for p in pieces if _TRAILING_ROLE.search(p) or fold(p) in tables.MORE]
        bare = [p for p in pieces if p not in role_like]
        is_list = len(pieces) > 1 and len(long) >= 2
        if is_list and any(len(p.split()) < 2 and not _is_suffix(p, fold(p)) for p in bare):
            is_list = False
        out += pieces if is_list else [chunk.strip()]
    return [one for one in out if one]
