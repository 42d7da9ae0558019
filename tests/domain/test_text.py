"""Folding: one alphabet for every comparison (judgement.md 1)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain import numbers, text

FOLDS = [
    ("Die Höhle", "die hohle", "die hoehle"),
    ("Der Prozeß", "der prozess", "der prozess"),
    ("Gespür", "gespur", "gespuer"),
    ("GROẞE STRAẞE", "grosse strasse", "grosse strasse"),
    ("L'Étranger", "letranger", "letranger"),
    ("L’Œuvre au noir", "loeuvre au noir", "loeuvre au noir"),
    ("À la recherche", "a la recherche", "a la recherche"),
    ("Ça, c'est l'été", "ca cest lete", "ca cest lete"),
    ("Señor Núñez", "senor nunez", "senor nunez"),
    ("¿Qué? ¡Olé!", "que ole", "que ole"),
    ("Łukasz Żółć", "lukasz zolc", "lukasz zolc"),
    ("Wiedźmin", "wiedzmin", "wiedzmin"),
    ("İstanbul Hatırası", "istanbul hatirasi", "istanbul hatirasi"),
    ("ISPARTA ığdır", "isparta igdir", "isparta igdir"),
    ("Jo Nesbø", "jo nesbo", "jo nesboe"),
    ("Ærø", "aero", "aeroe"),
    ("Ångström", "angstrom", "aangstroem"),
    ("Þór", "thor", "thor"),
    ("Snø på øya", "sno pa oya", "snoe paa oeya"),
    ("Đorđe", "dorde", "dorde"),
    ("Дневник Толстой", "dnevnik tolstoy", "dnevnik tolstoy"),
    ("Толстои", "tolstoi", "tolstoi"),
    ("Ёлка", "elka", "elka"),
    ("Щука и объект", "shchuka i obekt", "shchuka i obekt"),
    ("Лев Її Ґанок", "lev yiyi ganok", "lev yiyi ganok"),
    ("Νίκος ΝΙΚΟΣ", "nikos nikos", "nikos nikos"),
    ("Οδύσσεια", "odysseia", "odysseia"),
    ("Ἰλιάς", "ilias", "ilias"),
    ("Ουρανός", "ouranos", "ouranos"),
    ("eﬃcient ﬂow", "efficient flow", "efficient flow"),
    ("ＦＵＬＬ ｗｉｄｔｈ\u3000１２", "full width 12", "full width 12"),
    ("ﾊｰﾄﾞ", "ハード", "ハード"),
    ("ハート", "ハート", "ハート"),
    ("三体", "三体", "三体"),
    ("דָּוִד", "דָּוִד", "דָּוִד"),
    ("हिन्दी", "हिन्दी", "हिन्दी"),
    ("Ender’s Game", "enders game", "enders game"),
    ("O’Brien", "obrien", "obrien"),
    ("Don´t", "dont", "dont"),
    ("The Dogs' Tale", "the dogs tale", "the dogs tale"),
    ("“Quoted” «Livre» „Buch“", "quoted livre buch", "quoted livre buch"),
    ("Dark Matter — A–B", "dark matter a b", "dark matter a b"),
    ("Spider‑Man", "spider man", "spider man"),
    ("Guards! - (1989) [epub]", "guards 1989 epub", "guards 1989 epub"),
    ("War & Peace", "war and peace", "war and peace"),
    ("AT&T", "at and t", "at and t"),
    ("Sturm + Drang", "sturm and drang", "sturm and drang"),
    ("C++ Primer", "cplusplus primer", "cplusplus primer"),
    ("C# in Depth", "csharp in depth", "csharp in depth"),
    ("Ⅳ Ⅻ", "iv xii", "iv xii"),
    ("20,000 Leagues", "20000 leagues", "20000 leagues"),
    ("20.000 Meilen", "20000 meilen", "20000 meilen"),
    ("3.14 Pi", "3 14 pi", "3 14 pi"),
    ("9½ Weeks", "9 1 2 weeks", "9 1 2 weeks"),
    ("1Q84", "1q84", "1q84"),
    ("E=mc²", "e mc2", "e mc2"),
    ("Foo™ (2nd ed.)", "foo 2nd ed", "foo 2nd ed"),
    ("100%", "100", "100"),
    ("--- !!! ---", "", ""),
    ("Du\xadn\u200be", "dune", "dune"),
]


@pytest.mark.parametrize(("written", "stripped", "expanded"), FOLDS)
def test_folds_to_the_table(written: str, stripped: str, expanded: str) -> None:
    assert text.fold(written) == stripped
    assert text.fold_expanded(written) == expanded


@given(st.text())
def test_folding_twice_changes_nothing(written: str) -> None:
    once = text.fold(written)
    assert text.fold(once) == once


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_composition_makes_no_difference(written: str) -> None:
    composed = unicodedata.normalize("NFC", written)
    assert text.fold(composed) == text.fold(unicodedata.normalize("NFD", composed))


@given(st.text(st.characters()))
def test_never_raises_and_has_no_blank_at_the_ends(written: str) -> None:
    folded = text.fold(written)
    assert folded == folded.strip()
    assert "  " not in folded


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("", ""),
        ("   ", ""),
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
def test_sort_key_keeps_the_comma(name: str, key: str) -> None:
    assert text.sort_key(name) == key


def test_title_sort_key_drops_the_article_and_pads_numbers() -> None:
    assert text.title_sort_key("The 7 Deaths") == "0000000007 deaths"
    assert text.title_sort_key("The") == "the"


@pytest.mark.parametrize(
    ("written", "slug"),
    [
        ("Ödland", "odland"),
        ("Königsmörder-Chronik", "konigsmorder-chronik"),
        ("La Comédie humaine", "la-comedie-humaine"),
        ("Søren Kierkegaard", "soren-kierkegaard"),
        ("Łódź", "lodz"),
    ],
)
def test_slugs(written: str, slug: str) -> None:
    assert text.slug(written) == slug


@pytest.mark.parametrize(("a", "b"), [("ハード", "ハート"), ("Толстой", "Толстои")])
def test_marks_of_other_scripts_survive(a: str, b: str) -> None:
    assert text.slug(a) != text.slug(b)


def test_greek_case_pairs_fold_alike() -> None:
    assert text.fold("Νίκος") == text.fold("ΝΙΚΟΣ")


def test_search_texts_are_expanded_then_written_then_stripped() -> None:
    assert text.spellings("Die Höhle") == ("Die Hoehle", "Die Höhle", "Die Hohle")
    assert text.spellings("Dune") == ("Dune",)


def test_the_line_for_search_holds_both_spellings() -> None:
    assert text.search_line("Die Höhle", "") == "die hohle die hoehle"


@pytest.mark.parametrize("sign", ["⓵", "²", "①", "፩", "٣"])
def test_signs_that_are_nearly_digits_are_only_words(sign: str) -> None:
    assert numbers.sequence(f"Orchard {sign}")
