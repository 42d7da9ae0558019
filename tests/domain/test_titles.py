"""Title identity: one work, a volume of it, or another book (judgement.md 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain import titles

PAIRS = [
    ("same", "equal", "Poseidon's Arrow", "Poseidons Arrow"),
    ("same", "equal", "L'Étranger", "L Etranger"),
    ("same", "equal", "Die Straße: Ein Roman", "Die Strasse: Ein Roman"),
    ("same", "equal", "Krieg & Frieden", "Krieg und Frieden"),
    ("same", "equal", "Война и мир", "Voyna i mir"),
    ("same", "equal", "Twenty Thousand Leagues Under the Sea", "20,000 Leagues Under the Sea"),
    ("same", "equal", "1984", "Nineteen Eighty-Four"),
    ("same", "equal", "Catch-22", "Catch Twenty-Two"),
    ("same", "equal", "Catch-22", "Catch22"),
    ("same", "equal", "Slaughterhouse-Five", "Slaughterhouse 5"),
    ("same", "equal", "The Science of Discworld II", "The Science of Discworld 2"),
    (
        "same",
        "equal",
        "The 7 1/2 Deaths of Evelyn Hardcastle",
        "The 7½ Deaths of Evelyn Hardcastle",
    ),
    (
        "same",
        "equal",
        "Journey of the Pharaohs: Numa Files #17",
        "Journey of the Pharaohs Numa Files #17",
    ),
    ("same", "equal", "He/She/It", "He She It"),
    ("different", "words-differ", "Мель", "Мел"),
    ("different", "words-differ", "The Gathering", "A Gathering"),
    ("different", "words-differ", "Foundation", "Foundations"),
    ("different", "words-differ", "Cross Fire", "Cross Justice"),
    ("different", "words-differ", "2001: A Space Odyssey", "2010: Odyssey Two"),
    ("different", "words-differ", "C++ Primer", "C Primer"),
    ("different", "words-differ", "Hunter", "Hunted"),
    ("same", "edition-noise", "Hobbit, The", "The Hobbit"),
    ("same", "edition-noise", "The Eye of the World [Unabridged]", "The Eye of the World"),
    ("same", "edition-noise", "Anna Karenina [Russian Edition]", "Anna Karenina"),
    ("same", "edition-noise", "La Divina Commedia [The Divine Comedy]", "La Divina Commedia"),
    (
        "same",
        "edition-noise",
        "Around the World in 80 Days",
        "Around the World in Eighty Days (AmazonClassics Edition)",
    ),
    ("same", "article", "The Hobbit", "Hobbit"),
    ("same", "generic-subtitle", "Pandora's Star: A Novel [Unabridged]", "Pandora’s Star"),
    ("same", "series-note", "The Midnight Line: A Jack Reacher Novel", "The Midnight Line"),
    (
        "same",
        "series-note",
        "The Eye of the World",
        "The Eye of the World: Book One of The Wheel of Time",
    ),
    (
        "same",
        "series-note",
        "The Wise Man's Fear (The Kingkiller Chronicle, Book 2)",
        "The Wise Man's Fear",
    ),
    ("same", "series-prefix", "Mistborn: The Final Empire", "The Final Empire"),
    ("variant", "subtitle-is-title", "Star Wars: A New Hope", "A New Hope"),
    ("variant", "subtitle-missing", "Frankenstein", "Frankenstein; or, The Modern Prometheus"),
    ("variant", "subtitle-missing", "R.U.R.", "R.U.R. (Rossum's Universal Robots)"),
    (
        "variant",
        "subtitle-missing",
        "The Let Them Theory",
        "The Let Them Theory: A Life Changing Tool",
    ),
    ("variant", "subtitle-missing", "Dune", "Dune: Messiah"),
    ("different", "series-name", "Mistborn", "Mistborn: The Final Empire"),
    ("variant", "fuzzy", "Spider-Man", "Spiderman"),
    ("variant", "fuzzy", "Abaddon's Gate", "Abbadons Gate"),
    ("variant", "number-missing", "Mistborn", "Mistborn 1"),
    ("volume", "number-missing", "Dune", "Dune 2"),
    (
        "volume",
        "number-differs",
        "Dune (Dune Chronicles, Book 1)",
        "Dune (Dune Chronicles, Book 2)",
    ),
    ("volume", "number-differs", "The Science of Discworld II", "The Science of Discworld III"),
    ("volume", "number-differs", "Henry IV", "Henry V"),
    ("volume", "number-differs", "Henry IV, Part 1", "Henry IV, Part 2"),
    ("volume", "number-differs", "The Way of Kings, Part One", "The Way of Kings, Part Two"),
    ("volume", "number-differs", "Fahrenheit 451", "Fahrenheit"),
    ("volume", "part-of", "The Way of Kings, Part One", "The Way of Kings"),
    ("container", "omnibus", "The Silmarillion Omnibus", "The Silmarillion"),
    ("container", "omnibus", "Skyward Series 3 Books Set", "Skyward"),
    ("container", "omnibus", "Wheel of Time, Books 1-4", "The Eye of the World"),
    ("container", "omnibus", "The Hunger Games Trilogy", "The Hunger Games"),
    ("container", "omnibus", "Novels (Fellowship of the Ring / Hobbit)", "The Hobbit"),
    (
        "different",
        "subtitle-differs",
        "Star Wars: A New Hope",
        "Star Wars: The Empire Strikes Back",
    ),
    ("different", "extra-words", "Mistborn", "Mistborn The Final Empire"),
    ("different", "extra-words", "Dune", "Dune Messiah"),
    ("different", "extra-words", "Foundation", "Second Foundation"),
    ("different", "extra-words", "The Eye of the World", "The Eye of the World War: A History"),
    ("different", "blank", "", "Dune"),
]


@pytest.mark.parametrize(("verdict", "code", "a", "b"), PAIRS)
def test_pairs_of_the_table(verdict: str, code: str, a: str, b: str) -> None:
    known = ["Mistborn", "Wheel of Time"]
    for found in (titles.compare(a, b, known), titles.compare(b, a, known)):
        assert (found.verdict, found.code) == (verdict, code)


@pytest.mark.parametrize(
    "title",
    [
        "Expanse Hardcover Boxed Set : Leviathan Wakes",
        "Big Collection Set of 3 Books",
        "Carton of 10 Signed Copies",
        "The Silmarillion Omnibus",
        "Books 1-3",
        "A / B / C",
        "Foo-4 Vol. (Boxed)",
        "Skyward Series 3 Books Set",
        "Something [collection/set]",
        "Novels (X / Y)",
    ],
)
def test_containers(title: str) -> None:
    assert titles.parse(title).container


@pytest.mark.parametrize(
    "title",
    [
        "The Omnibus of Crime",
        "Omnibus Press Presents",
        "He/She/It",
        "Rock/Paper/Scissors",
        "Boxed In",
        "Collected Short Stories [51 stories]",
        "A Novel [Set in Wartime London]",
        "Catch 22",
        "Fahrenheit 451",
        "",
    ],
)
def test_single_works(title: str) -> None:
    assert not titles.parse(title).container


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("1.0", "1", True),
        ("1.0009", "1", True),
        ("1.01", "1", False),
        ("", "1", False),
        ("", "", False),
        ("prelude", "prelude", True),
    ],
)
def test_positions(a: str, b: str, same: bool) -> None:
    assert titles.same_position(a, b) is same


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("The Stormlight Archive Series", "stormlight archive"),
        ("Red Rising Trilogy", "red rising"),
        ("The Expanse Saga", "expanse"),
        ("Narnia Chronicles", "narnia"),
        ("Saga", "saga"),
    ],
)
def test_series_keys(name: str, key: str) -> None:
    assert titles.series_key(name) == key


def test_a_variant_merges_only_with_corroboration() -> None:
    variant = titles.compare("Frankenstein", "Frankenstein; or, The Modern Prometheus")
    assert not titles.merges(variant)
    assert titles.merges(variant, years=(1818, 1819))
    assert not titles.merges(variant, years=(1818, 1831))
    assert titles.merges(variant, shared_id=True)
    assert not titles.merges(variant, shared_id=True, rival_is_same=True)


@given(st.text(), st.text())
def test_comparison_is_symmetric_and_total(a: str, b: str) -> None:
    assert titles.compare(a, b) == titles.compare(b, a)
