"""Entries of a catalogue that are about a book instead of being one (metadata.md 5)."""

from collections.abc import Iterable

_TITLES = (
    "summary and analysis",
    "summary & analysis",
    "summary of",
    "study guide",
    "reader's guide",
    "reading guide",
    "teacher's guide",
    "cliffsnotes",
    "sparknotes",
    "supersummary",
    "instaread",
    "workbook",
    "audio cd",
)
_SUBJECTS = (
    "study guides",
    "study and teaching",
    "literary criticism",
    "criticism and interpretation",
    "cliffsnotes",
    "sparknotes",
    "motion picture adaptations",
    "film adaptations",
    "television adaptations",
    "screenplays",
    "history and criticism",
    "authors, biography",
)


def is_noise(title: str, subjects: Iterable[str] = ()) -> bool:
    """Whether title or subjects say: a guide, a summary, criticism, an adaptation."""
    lowered = title.lower().replace("’", "'")
    if any(fragment in lowered for fragment in _TITLES):
        return True
    return any(fragment in subject.lower() for subject in subjects for fragment in _SUBJECTS)
