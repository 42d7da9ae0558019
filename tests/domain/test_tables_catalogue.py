"""The tables of catalogue.md 4 and 5 that judgement.md does not overrule.

Left out: 4.1's ratios (judgement.md 3: fuzzy scores never decide, so nothing computes them), 5.2's
bands of Jaro-Winkler (judgement.md 2's scores; the bands that follow stand here), 5.3's title fold
(judgement.md 1), 5.4's weak hits (judgement.md 3: `A Novel` and series notes name no work), 5.9
(recommendations are no judgement). 4.6's list stands in `test_titles.py`.
"""

import pytest

from bindery.domain import languages, names, text, titles
from bindery.domain.filename import parse_path


@pytest.mark.parametrize(
    ("a", "b", "different"),
    [
        ("The Expanse, Vol. 1", "The Expanse, Vol. 2", True),
        ("Dune, Book 1", "Dune, Book 2", True),
        ("Saga Volume 3", "Saga Volume 4", True),
        ("Foundation #1", "Foundation #2", True),
        ("Emma, Part 1", "Emma, Part 1", False),
        ("Fahrenheit 451", "Fahrenheit 451", False),
        ("Catch 22", "Catch 22", False),
        ("1984", "1984", False),
    ],
)
def test_volumes_of_4_1(a: str, b: str, different: bool) -> None:
    assert (titles.compare(a, b).verdict == "volume") is different


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("Title [Series, Book 1].epub", "1"),
        ("Title (Series #2).epub", "2"),
        ("Series Book 1 - Title.epub", "1"),
        ("Ada Quill/Series #8 - Title/x.epub", "8"),
        ("Ada Quill - [Series 01] - Title.epub", "1"),
        ("Ada Quill/Series/03 - Title.epub", "3"),
    ],
)
def test_series_in_names_of_4_5(path: str, position: str) -> None:
    found = parse_path(path, known_series=("Series",)).evidence
    assert (found.title, found.series, found.position) == ("Title", "Series", position)


@pytest.mark.parametrize(
    "title",
    [
        "The Anti-Christ / Ecce Homo / Twilight of the Idols",
        "The New Turing Omnibus",
        "Thrown under the omnibus",
    ],
)
def test_false_alarms_of_4_6_are_known(title: str) -> None:
    """Accepted by the page: a container is only ever held back, never merged."""
    assert titles.parse(title).container


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("", ""),
        ("  ", ""),
        ("Adams, Douglas", "adams, douglas"),
        ("de Balzac, Honoré", "de balzac, honore"),
        ("Zola, Émile", "zola, emile"),
        ("Östergaard, Karl", "ostergaard, karl"),
        ("Çelik, Ayşe", "celik, ayse"),
        ("Nowak, Łukasz", "nowak, lukasz"),
        ("Ørsted, Hans", "orsted, hans"),
        ("Æsop", "aesop"),
        ("Straße, Anna", "strasse, anna"),
    ],
)
def test_sort_keys_of_5_1(name: str, key: str) -> None:
    assert text.sort_key(name) == key


@pytest.mark.parametrize(
    ("a", "b", "band"),
    [
        *((("R.R. Haywood", b, "exact")) for b in ("r r haywood", "RR Haywood", "R R Haywood")),
        ("R.R. Haywood", "Haywood, R.R.", "exact"),
        ("John Smith Jr.", "John Smith", "exact"),
        ("Henry VIII III", "Henry VIII", "exact"),
        ("Weir, Andy", "Andy Weir", "exact"),
        ("Jörg Müller", "Joerg Mueller", "exact"),
        ("Jörg Müller", "Jorg Muller", "exact"),
        ("Böll, Heinrich", "Heinrich Boell", "exact"),
        ("Günter Graß", "Guenter Grass", "exact"),
        ("Jo Nesbø", "Jo Nesbo", "exact"),
        ("Łukasz Orbitowski", "Lukasz Orbitowski", "exact"),
        ("José Saramago", "Jose Saramago", "exact"),
        ("Brandon Sanderson", "Brandon Sandersen", "strong"),
        ("Alice Jones", "Alice James", "weak"),
        ("Heinrich Böll", "Heinrich Mann", "none"),
        ("Jo Nesbø", "Jo Walton", "none"),
        ("Jane Doe", "Neal Stephenson", "none"),
        ("", "Jane Doe", "none"),
        ("Bob Reiderson", "Rachel Reid", "none"),
    ],
)
def test_people_of_5_2(a: str, b: str, band: str) -> None:
    assert names.same(a, b).band == band
    assert names.same(b, a).band == band


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Ödland", "odland"),
        ("Ådland", "adland"),
        ("Königsmörder-Chronik", "konigsmorder-chronik"),
        ("La Comédie humaine", "la-comedie-humaine"),
        ("Straße", "strasse"),
        ("Søren Kierkegaard", "soren-kierkegaard"),
        ("Stanisław Lem", "stanislaw-lem"),
        ("Æsop", "aesop"),
        ("Łódź", "lodz"),
    ],
)
def test_slugs_of_5_3(title: str, slug: str) -> None:
    assert text.slug(title) == slug
    assert text.slug(slug) == slug


def test_slugs_keep_marks_that_make_other_words() -> None:
    assert text.slug("ハード") != text.slug("ハート")
    assert text.slug("Толстой") != text.slug("Толстои")
    assert text.slug("Νίκος") == text.slug("ΝΙΚΟΣ")


@pytest.mark.parametrize(
    "written", ["The Hobbit", "Hobbit, The", "Hobbit", "A Hobbit", "An Hobbit"]
)
def test_importer_titles_of_5_3(written: str) -> None:
    """A leading article sorts nothing, wherever it was written."""
    assert text.title_sort_key(written) == "hobbit"


@pytest.mark.parametrize(
    ("title", "key", "main"),
    [
        ("The Eye of the World [Unabridged]", "the eye of the world", "the eye of the world"),
        ("Mistborn: The Final Empire", "mistborn the final empire", "mistborn"),
        ("Dune (Unabridged) [Audiobook]", "dune", "dune"),
        ("Die Straße", "die strasse", "die strasse"),
        ("  spaced  out [2021] ", "spaced out", "spaced out"),
        ("Star Wars: A New Hope", "star wars a new hope", "star wars"),
        (
            "Journey of the Pharaohs: Numa Files #17",
            "journey of the pharaohs numa files 17",
            "journey of the pharaohs",
        ),
        ("Pandora's Star: A Novel [Unabridged]", "pandoras star a novel", "pandoras star"),
        (
            "Carl's Doomsday Scenario: Dungeon Crawler Carl, Book 2",
            "carls doomsday scenario dungeon crawler carl book 2",
            "carls doomsday scenario",
        ),
        ("foo:bar", "foo bar", "foo bar"),
        ("A: B: C", "a b c", "a"),
    ],
)
def test_keys_of_5_4(title: str, key: str, main: str) -> None:
    assert titles.dedup_key(title) == key
    assert titles.main_key(title) == main


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("Poseidon's Arrow", "Poseidons Arrow", "same"),
        ("Poseidon’s Arrow", "Poseidon`s Arrow", "same"),
        (
            "Journey of the Pharaohs: Numa Files #17",
            "Journey of the Pharaohs Numa Files #17",
            "same",
        ),
        ("Journey of the Pharaohs: Numa Files #17", "Journey of the Pharaohs - Numa Files 17", ""),
        ("Star Wars: A New Hope", "Star Wars: The Empire Strikes Back", "different"),
        ("Cross Fire", "Cross Justice", "different"),
        ("Mistborn", "Mistborn The Final Empire", "different"),
        ("The Eye of the World", "The Eye of the World War: A History", "different"),
        ("", "", "different"),
        ("", "Dune", "different"),
    ],
)
def test_titles_of_5_4(a: str, b: str, verdict: str) -> None:
    assert titles.compare(a, b).verdict == (verdict or "same")
    assert titles.compare(b, a).verdict == (verdict or "same")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", ""),
        *((code, "en") for code in ("en", "EN", "en-US", "eng", "English")),
        ("pt_BR", "pt"),
        ("zh-Hans", "zh"),
        *((code, "de") for code in ("de", "GER", "deu", "Deutsch")),
        *(("fra", "fr"), ("nld", "nl"), ("zho", "zh"), ("ces", "cs")),
        *(("fre", "fr"), ("dut", "nl"), ("spa", "es"), ("ita", "it"), ("por", "pt"), ("jpn", "ja")),
        *(("chi", "zh"), ("rus", "ru"), ("swe", "sv"), ("nor", "no"), ("dan", "da"), ("pol", "pl")),
        *(("cze", "cs"), ("tur", "tr"), ("hin", "hi"), ("kor", "ko"), ("ara", "ar")),
        ("xx", "xx"),
    ],
)
def test_languages_of_5_5(written: str, code: str) -> None:
    """Stored as ISO 639-1 (judgement.md 1), where the page's map has the B codes."""
    assert languages.normalise(written) == code


@pytest.mark.parametrize(
    ("listed", "codes"),
    [
        *((text, ()) for text in ("", "  ", "any", "ANY", "eng,any,fre")),
        (" Eng , FRE ,  ger ", ("en", "fr", "de")),
        ("eng,,fre", ("en", "fr")),
    ],
)
def test_allowed_lists_of_5_5(listed: str, codes: tuple[str, ...]) -> None:
    assert languages.parse_allowed(listed) == frozenset(codes)


@pytest.mark.parametrize(
    ("language", "allowed", "strict", "passes"),
    [
        ("fre", "", True, True),
        ("", "", False, True),
        ("", "eng", False, True),
        ("", "eng", True, False),
        *(
            (code, allowed, strict, True)
            for code in ("en", "en-US", "EN", "eng", " eng ")
            for allowed in ("eng", "en")
            for strict in (True, False)
        ),
        ("pt_BR", "por", True, True),
        *((code, "eng", False, False) for code in ("fre", "de", "fr-CA")),
    ],
)
def test_filters_of_5_5(language: str, allowed: str, strict: bool, passes: bool) -> None:
    assert languages.allowed(language, allowed, unknown_fails=strict) is passes
