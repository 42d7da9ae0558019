"""Person names: scores, sort names, credit lines (judgement.md 2, catalogue.md 5.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain import names

SCORES = [
    (1.0, "R.R. Haywood", "RR Haywood"),
    (1.0, "R. R. Haywood", "Haywood, R.R."),
    (1.0, "John Smith Jr.", "John Smith"),
    (1.0, "Henry VIII III", "Henry VIII"),
    (1.0, "Jörg Müller", "Joerg Mueller"),
    (1.0, "Jörg Müller", "Jorg Muller"),
    (1.0, "Böll, Heinrich", "Heinrich Boell"),
    (1.0, "Günter Graß", "Guenter Grass"),
    (1.0, "Jo Nesbø", "Jo Nesbo"),
    (1.0, "Łukasz Orbitowski", "Lukasz Orbitowski"),
    (1.0, "Лев Толстой", "Lev Tolstoy"),
    (1.0, "Liu Cixin", "Cixin Liu"),
    (1.0, "村上 春樹", "村上春樹"),
    (1.0, "J.R.R. Tolkien", "JRR Tolkien"),
    (1.0, "Ursula K. Le Guin", "Le Guin, Ursula K."),
    (1.0, "Sir Arthur Conan Doyle", "Arthur Conan Doyle"),
    (0.95, "J. Tolkien", "J.R.R. Tolkien"),
    (0.95, "George R. R. Martin", "George Martin"),
    (0.95, "Ursula Le Guin", "Ursula K. LeGuin"),
    (0.95, "Joyce Carol Oates-Smith", "Joyce Oates-Smith"),
    (0.92, "J.R.R. Tolkien", "John Ronald Reuel Tolkien"),
    (0.92, "J.K. Rowling", "Joanne Rowling"),
    (0.9, "Andrew Weir", "Andy Weir"),
    (0.9, "Brandon Sanderson", "Brandon Sandersen"),
    (0.9, "Fjodor Dostojewski", "Fyodor Dostoevsky"),
    (0.75, "Brendon Sanderson", "Brandon Sanderson"),
    (0.7, "Tolkien", "J.R.R. Tolkien"),
    (0.7, "Leo Tolstoy", "Лев Толстой"),
    (0.6, "Alice Jones", "Alice James"),
    (0.6, "Stephen King", "Stephen Kingston"),
    (0.6, "Jörg Müller", "Jörg Fauser"),
    (0.3, "Alexandre Dumas père", "Alexandre Dumas fils"),
    (0.2, "John A. Smith", "John B. Smith"),
    (0.2, "Rachel Reid", "Adam Reid"),
    (0.0, "Heinrich Böll", "Heinrich Mann"),
    (0.0, "Jo Nesbø", "Jo Walton"),
    (0.0, "Various", "Stephen King"),
]


@pytest.mark.parametrize(("score", "a", "b"), SCORES)
def test_scores_of_the_table(score: float, a: str, b: str) -> None:
    assert names.same(a, b).score == pytest.approx(score)
    assert names.same(b, a).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("name", "sorted_as"),
    [
        ("Ludwig van Beethoven", "Beethoven, Ludwig van"),
        ("Ursula K. Le Guin", "Le Guin, Ursula K."),
        ("Martin Luther King Jr.", "King, Martin Luther, Jr."),
        ("Honoré de Balzac", "Balzac, Honoré de"),
        ("Daphne du Maurier", "du Maurier, Daphne"),
        ("Gabriel García Márquez", "García Márquez, Gabriel"),
        ("Thomas Nelson Inc", "Thomas Nelson Inc"),
        ("Plato", "Plato"),
        ("Adams, Douglas", "Adams, Douglas"),
    ],
)
def test_sort_names(name: str, sorted_as: str) -> None:
    assert names.sort_name(name) == sorted_as


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("R.R. Haywood", "r r haywood"),
        ("R R Haywood", "RR Haywood"),
        ("Weir, Andy", "Andy Weir"),
        ("José Saramago", "Jose Saramago"),
        ("García Márquez, Gabriel", "Gabriel Garcia Marquez"),
    ],
)
def test_one_person_in_two_spellings(a: str, b: str) -> None:
    assert names.same(a, b).band == "exact"


@pytest.mark.parametrize(("a", "b"), [("Jane Doe", "Neal Stephenson"), ("", "Jane Doe")])
def test_two_persons(a: str, b: str) -> None:
    assert names.same(a, b).band == "none"


@pytest.mark.parametrize(
    ("line", "authors", "narrators"),
    [
        ("Terry Pratchett & Neil Gaiman", ("Terry Pratchett", "Neil Gaiman"), ()),
        ("Terry Pratchett, Neil Gaiman", ("Terry Pratchett", "Neil Gaiman"), ()),
        ("Enrigue, Álvaro", ("Enrigue, Álvaro",), ()),
        ("Read by Nigel Planer, Terry Pratchett", ("Terry Pratchett",), ("Nigel Planer",)),
        ("Leo Tolstoy; Ann Dunnigan - translator", ("Leo Tolstoy",), ()),
        ("Martin Luther King, Jr.", ("Martin Luther King, Jr.",), ()),
        ("Various", (), ()),
    ],
)
def test_credit_lines(line: str, authors: tuple[str, ...], narrators: tuple[str, ...]) -> None:
    people = names.parse_list(line)
    assert people.names == authors
    assert people.narrators == narrators


@given(st.text(), st.text())
def test_comparison_is_symmetric_and_total(a: str, b: str) -> None:
    assert names.same(a, b).score == names.same(b, a).score


@given(st.text(st.characters()))
def test_parsing_never_raises(text: str) -> None:
    names.parse(text)
    names.parse_list(text)
    names.sort_name(text)
