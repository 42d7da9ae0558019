"""Names of backups (identity-and-system.md 8.1): `bindery_20260301_100000[_label].db`. Pure."""

import re
from datetime import UTC, datetime

LONGEST_LABEL = 40
_NAME = re.compile(r"bindery_[0-9]{8}_[0-9]{6}(_[A-Za-z0-9_-]{1,60})?\.db", re.ASCII)
SCHEDULED = "auto"
"""The label of backups made by the schedule; only these are thinned out."""


def clean_label(text: str) -> str:
    """Letters, digits, `_` and `-`; everything else becomes one `-`; at most 40; may be empty."""
    kept: list[str] = []
    for char in text.strip():
        mark = char if char.isascii() and (char.isalnum() or char in "_-") else "-"
        if mark in "_-" and kept and kept[-1] in "_-":
            continue
        kept.append(mark)
    return "".join(kept).strip("_-")[:LONGEST_LABEL].strip("_-")


def backup_name(now_us: int, label: str = "") -> str:
    """The file name of a backup made now; `label` is clean."""
    stamp = datetime.fromtimestamp(now_us / 1_000_000, UTC).strftime("%Y%m%d_%H%M%S")
    return f"bindery_{stamp}_{label}.db" if label else f"bindery_{stamp}.db"


def is_backup_name(name: str) -> bool:
    """Whether a name from outside is one of ours, and nothing but a name."""
    return _NAME.fullmatch(name) is not None


def label_of(name: str) -> str:
    """The label in one of our names."""
    return name.removesuffix(".db")[len("bindery_00000000_000000_") :]


def expired(names: list[str], keep: int) -> list[str]:
    """Which scheduled backups to delete so that the `keep` newest stay."""
    ours = sorted(name for name in names if is_backup_name(name) and label_of(name) == SCHEDULED)
    return ours[: max(0, len(ours) - keep)]
