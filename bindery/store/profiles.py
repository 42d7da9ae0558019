"""Quality profiles: which qualities are allowed, and when to stop upgrading (catalogue.md 1.8)."""

import msgspec

from bindery.store.tx import Reader


class ProfileItem(msgspec.Struct, frozen=True):
    """One quality of a profile."""

    quality: str
    allowed: bool = True


class ProfileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One profile; empty `items` allow everything."""

    id: int
    name: str
    upgrade_allowed: bool
    cutoff: str
    items: list[ProfileItem]
    created_at: int
    rev: int


def list_profiles(reader: Reader) -> list[ProfileRow]:
    """All of them, by id."""
    return reader.rows(_q_list, {}, ProfileRow)


def find_profile(reader: Reader, id: int) -> ProfileRow | None:
    """One profile."""
    return reader.one(_q_one, {"id": id}, ProfileRow)


_COLUMNS = "id, name, upgrade_allowed, cutoff, items, created_at, rev"
_q_list = f"SELECT {_COLUMNS} FROM profile ORDER BY id"
_q_one = f"SELECT {_COLUMNS} FROM profile WHERE id = :id"
