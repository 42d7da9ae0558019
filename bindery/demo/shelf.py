"""The invented authors and works of the demo world. Everything here is our own text.

Ids have OpenLibrary's shape; the names, titles and plots exist nowhere else.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["epub", "mp3", "m4b"]


@dataclass(frozen=True)
class Author:
    """A person of the demo world."""

    number: int
    name: str
    bio: str = ""
    born: str = ""
    other_names: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`OL...A`, as OpenLibrary writes it."""
        return f"OL{self.number}A"


@dataclass(frozen=True)
class Work:
    """One work with everything that its files and its records tell."""

    number: int
    author: Author
    title: str
    year: int
    description: str = ""
    subtitle: str = ""
    language: str = "eng"
    """MARC code, as OpenLibrary writes it."""
    subjects: tuple[str, ...] = ("Fiction",)
    series: str = ""
    """`Title #1`, or empty."""
    narrator: str = ""
    """With a narrator there is an audiobook."""
    minutes: float = 1.0
    """Playing time of the whole audiobook."""
    kinds: tuple[Kind, ...] = ("epub",)
    chapters: tuple[str, ...] = ()
    padding: int = 0
    """Bytes of incompressible plates in the EPUB: makes a download last."""

    @property
    def id(self) -> str:
        """`OL...W`."""
        return f"OL{self.number}W"

    @property
    def isbn(self) -> str:
        """A valid ISBN-13 of the range 979-8, derived from the number."""
        stem = f"9798{self.number % 10**8:08d}"
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(stem))
        return f"{stem}{-total % 10}"

    def text(self) -> tuple[str, ...]:
        """The chapters; a short one is told when none was given."""
        return self.chapters or (
            f"This is {self.title}, which {self.author.name} wrote for a shelf on loopback.",
            "Here it ends, as short books do.",
        )


HALVORSEN = Author(
    9900101,
    "Ingrid Halvorsen",
    "Keeper of a lighthouse that was switched off, she wrote about weather and patience.",
    "12 March 1871",
    ("I. Halvorsen", "Halvorsen, Ingrid"),
)
OKEREKE = Author(
    9900102,
    "Tobias Okereke",
    "A clockmaker's son. His detectives solve nothing that a careful reader has not.",
    "1902",
    ("T. Okereke",),
)
LINDQUIST = Author(
    9900103,
    "Marguerite Lindquist-Aoki",
    "Botanist, translator, and author of the Saltgarden books.",
    "30 September 1888",
    ("M. L. Aoki", "Marguerite Lindquist Aoki"),
)

AUTHORS = (HALVORSEN, OKEREKE, LINDQUIST)

WORKS = (
    Work(
        9900201,
        HALVORSEN,
        "The Lantern Ledger",
        1903,
        "A keeper counts the ships that pass, and one that does not.",
        subjects=("Fiction", "Lighthouses", "Sea stories"),
        narrator="Paul Achterberg",
        minutes=3,
        kinds=("epub", "mp3"),
        padding=2_000_000,
        chapters=(
            "On the first of March I counted eleven sails and wrote down twelve. Why, I know not.",
            "The twelfth ship came in April, without lamps. Nobody saw her, but the bell rang.",
            "In May I rubbed out the line. The ledger is right again. The bell still rings.",
        ),
    ),
    Work(
        9900202,
        HALVORSEN,
        "Weather for Beginners",
        1907,
        "Nine short pieces about waiting for rain.",
        subjects=("Essays", "Weather"),
    ),
    Work(
        9900203,
        HALVORSEN,
        "Salt on the Stairs",
        1911,
        "A house by the shore takes in more than the tide.",
        subjects=("Fiction", "Ghost stories"),
    ),
    Work(
        9900204,
        HALVORSEN,
        "Der stille Hafen",
        1913,
        "Eine Erzählung über Geduld, Nebel und einen Schlüssel.",
        language="ger",
        subjects=("Fiction", "Novellas"),
        chapters=("Der Nebel kam am Montag. Am Dienstag kam der Schlüssel.", "Mehr kam nicht."),
    ),
    Work(
        9900205,
        OKEREKE,
        "The Clockmaker's Alibi",
        1931,
        "Every clock in the shop stopped at a different minute, and each of them was right.",
        subjects=("Fiction", "Detective and mystery stories"),
        series="Inspector Vane #1",
        narrator="Ruth Calloway",
        minutes=2,
        kinds=("epub", "m4b"),
    ),
    Work(
        9900206,
        OKEREKE,
        "The Second Hand",
        1933,
        "Inspector Vane is sent a watch that runs backwards.",
        subjects=("Fiction", "Detective and mystery stories"),
        series="Inspector Vane #2",
    ),
    Work(
        9900207,
        OKEREKE,
        "A Quarter to Nothing",
        1936,
        "The last case of Inspector Vane, told by the thief.",
        subjects=("Fiction", "Detective and mystery stories"),
        series="Inspector Vane #3",
    ),
    Work(
        9900208,
        OKEREKE,
        "Letters to a Spring",
        1940,
        "A clockmaker writes to the part that he can never replace.",
        subjects=("Letters",),
    ),
    Work(
        9900209,
        LINDQUIST,
        "The Saltgarden",
        1922,
        "Nothing grows in the garden by the sea, until somebody stops weeding it.",
        subjects=("Fiction", "Gardens"),
        series="Saltgarden #1",
        narrator="Hana Dressler",
        minutes=2,
        kinds=("epub", "mp3"),
    ),
    Work(
        9900210,
        LINDQUIST,
        "The Saltgarden in Winter",
        1924,
        "The gate is frozen, the wall is not, and the gardener is away.",
        subjects=("Fiction", "Gardens"),
        series="Saltgarden #2",
    ),
    Work(
        9900211,
        LINDQUIST,
        "A Field Guide to Absent Flowers",
        1929,
        "Forty plants that were never there, with their habitats.",
        subtitle="With Notes on Their Habitats",
        subjects=("Botany", "Humor"),
    ),
    Work(
        9900212,
        LINDQUIST,
        "Éloge de l'ortie",
        1934,
        "Une défense de la plante que personne ne cueille.",
        language="fre",
        subjects=("Essays", "Botany"),
        chapters=("L'ortie ne demande rien. C'est déjà beaucoup.", "Le reste est du jardinage."),
    ),
)
