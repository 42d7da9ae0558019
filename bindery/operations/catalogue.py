"""Records of providers into the shared catalogue: a diff per record, never a wipe.

Source: metadata.md 10.8 and 11; the decision is `domain/metadata_merge`, here it is carried out.
Steps of a unit: callers hold the transaction.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from bindery.domain import names, titles
from bindery.domain.catalogue import PersonRecord, SeriesRef, WorkRecord
from bindery.domain.foreign_refs import provider_of
from bindery.domain.metadata_merge import Diff, Value, merge
from bindery.domain.text import title_sort_key
from bindery.store import attention, authors, books, catalogue
from bindery.store.catalogue import (
    Contribution,
    Membership,
    PersonFields,
    PersonRow,
    WorkFields,
    WorkRow,
)
from bindery.store.tx import Reader, Tx

MOST_IDENTIFIERS = 40
MOST_AUTHORS = 20


class Merged(msgspec.Struct, frozen=True):
    """What became of a record: the entity it is about, whether it is new or says news."""

    id: int
    new: bool
    changed: bool


class TitleIndex:
    """The works of a person by title, to see that two records mean one work."""

    def __init__(self, reader: Reader, person_id: int) -> None:
        self._works: dict[str, list[WorkRow]] = {}
        for work in catalogue.works_of_person(reader, person_id):
            self.add(work)

    def add(self, work: WorkRow) -> None:
        """One more."""
        self._works.setdefault(_place_in_index(work.title), []).append(work)

    def same(self, record: WorkRecord) -> WorkRow | None:
        """The one work this record repeats; None when there is none, or more than one."""
        found = [
            work
            for work in self._works.get(_place_in_index(record.title), ())
            if titles.merges(
                titles.compare(work.title, record.title),
                years=(_year(work.released), _year(record.released)),
            )
        ]
        return found[0] if len(found) == 1 else None


def _place_in_index(title: str) -> str:
    """Titles that may be one work share it: a leading article does not part them."""
    return title_sort_key(titles.dedup_key(title))


def person_in(tx: Tx, record: PersonRecord, person_id: int | None = None) -> Merged:
    """Store what a provider says of a person; `person_id` when it is known who is meant."""
    known_id = person_id if person_id is not None else _find(tx, "person", record.ref)
    known = None if known_id is None else catalogue.find_person(tx, known_id)
    said = _person_values(record)
    if known is None:
        made = catalogue.put_person_in(tx, None, _person_fields(None, record, _fresh(said, record)))
        _identify(tx, "person", made, record.ref, record.provider, record.identifiers)
        catalogue.put_source_record_in(tx, "person", made, record.provider, said)
        _name_in(tx, made, record)
        return Merged(made, new=True, changed=True)
    catalogue.put_source_record_in(tx, "person", known.id, record.provider, said)
    diff = merge(
        _person_now(known),
        {record.provider: said},
        catalogue.locked_fields(tx, "person", known.id),
        known.winners,
    )
    named = _name_in(tx, known.id, record)
    adopts = known.primary_ref is None and bool(record.ref)
    if diff.changes or adopts:
        catalogue.put_person_in(tx, known.id, _person_fields(known, record, diff))
    _identify(tx, "person", known.id, record.ref, record.provider, record.identifiers)
    changed = bool(diff.changes) or named or adopts
    if changed:
        authors.person_changed_in(tx, known.id)
    return Merged(known.id, new=False, changed=changed)


def find_work(reader: Reader, record: WorkRecord, index: TitleIndex | None = None) -> int | None:
    """The work a record is about: by its id, else by its title among the same person's."""
    known = _find(reader, "work", record.ref)
    if known is None and index is not None:
        twin = index.same(record)
        return twin.id if twin else None
    return known


def work_in(tx: Tx, record: WorkRecord, person_id: int, index: TitleIndex | None = None) -> Merged:
    """Store what a provider says of a work by `person_id`.

    A record with another id but the same title by the same person is the same work: its id is
    remembered there.
    """
    known_id = find_work(tx, record, index)
    known = None if known_id is None else catalogue.find_work(tx, known_id)
    said = _work_values(record)
    if known is None:
        work_id = catalogue.put_work_in(tx, None, _work_fields(None, record, _fresh(said, record)))
        _around_work(tx, work_id, record, person_id)
        catalogue.put_source_record_in(tx, "work", work_id, record.provider, said)
        stored = catalogue.find_work(tx, work_id)
        if index is not None and stored is not None:
            index.add(stored)
        return Merged(work_id, new=True, changed=True)
    return Merged(known.id, new=False, changed=_refresh_in(tx, known, record, person_id))


def _refresh_in(tx: Tx, known: WorkRow, record: WorkRecord, person_id: int) -> bool:
    said = _work_values(record)
    twin = known.primary_ref is not None and record.ref != known.primary_ref
    if not twin and not catalogue.put_source_record_in(tx, "work", known.id, record.provider, said):
        return False
    now = _work_now(known)
    # A twin only fills what the first record left open.
    sources = {known.provider: now, record.ref: said} if twin else {record.provider: said}
    diff = merge(
        now,
        sources,
        catalogue.locked_fields(tx, "work", known.id),
        known.winners,
        priority=(known.provider,),
    )
    adopts = known.primary_ref is None and bool(record.ref)
    if diff.changes or adopts:
        catalogue.put_work_in(tx, known.id, _work_fields(known, record, diff))
    parts = _around_work(tx, known.id, record, person_id)
    changed = bool(diff.changes) or adopts or parts
    if changed:
        books.work_changed_in(tx, known.id)
    return changed


def _around_work(tx: Tx, work_id: int, record: WorkRecord, person_id: int) -> bool:
    """Who wrote it, which series it is in, what identifies it."""
    _identify(tx, "work", work_id, record.ref, record.provider, record.identifiers)
    known = books.contributors_of(tx, 0, [work_id])
    wrote = [c.person_id for c in known if c.role == "author"]
    if record.authors or not wrote:
        wrote = _persons(tx, record.authors, person_id)
    parts = [Contribution(one, "author", position) for position, one in enumerate(wrote)]
    parts += [
        Contribution(c.person_id, cast("catalogue.Role", c.role), c.position)
        for c in known
        if c.role != "author"
    ]
    changed = catalogue.set_contributions_in(tx, work_id, parts)
    if record.series:
        catalogue.set_memberships_in(tx, work_id, [_place(tx, ref) for ref in record.series])
    return changed


def _persons(tx: Tx, records: Sequence[PersonRecord], person_id: int) -> list[int]:
    """The credited persons in order; the one whose works these are is always among them."""
    found: list[int] = []
    for record in records[:MOST_AUTHORS]:
        known = _find(tx, "person", record.ref)
        if known is None and record.name.strip():
            known = person_in(tx, record).id
        if known is not None and known not in found:
            found.append(known)
    return found if person_id in found else [person_id, *found]


def _place(tx: Tx, ref: SeriesRef) -> Membership:
    series_id = catalogue.put_series_in(tx, ref.title, ref.ref or None)
    return Membership(series_id, ref.position, _number(ref.position), ref.primary)


def _find(tx: Reader, kind: catalogue.Kind, ref: str) -> int | None:
    return catalogue.find_by_ref(tx, kind, ref) if ref else None


def _identify(
    tx: Tx,
    kind: catalogue.Kind,
    id: int,
    ref: str,
    provider: str,
    more: Sequence[tuple[str, str]],
) -> None:
    own = ((provider_of(ref), ref),) if ref else ()
    others = catalogue.put_identifiers_in(tx, kind, id, [*own, *more[:MOST_IDENTIFIERS]], provider)
    for other in others:
        attention.raise_in(
            tx,
            "identity_conflict",
            f"{kind}:{id}",
            params={"kind": kind, "id": id, "other": other, "ref": ref},
        )


def _name_in(tx: Tx, person_id: int, record: PersonRecord) -> bool:
    """Spellings of the same name, and names in Latin letters, become aliases."""
    key = names.name_key(record.name)
    added = False
    for other in record.other_names[:MOST_IDENTIFIERS]:
        plain = " ".join(other.split())
        if plain and plain != record.name and (plain.isascii() or names.name_key(plain) == key):
            added |= catalogue.put_name_in(tx, person_id, plain, "alias", record.ref)
    return added


def _fresh(said: Mapping[str, Value], record: PersonRecord | WorkRecord) -> Diff:
    return merge({}, {record.provider: said})


def _person_values(record: PersonRecord) -> dict[str, Value]:
    return {
        "name": record.name,
        "description": record.description,
        "disambiguation": record.disambiguation,
        "born": record.born or None,
        "died": record.died or None,
        "ratings_count": record.ratings_count,
        "average_rating": record.average_rating,
        "cover": record.cover.url if record.cover else None,
    }


def _person_now(row: PersonRow) -> dict[str, Value]:
    return {
        "name": row.name,
        "description": row.description,
        "disambiguation": row.disambiguation,
        "born": row.born,
        "died": row.died,
        "ratings_count": row.ratings_count,
        "average_rating": row.average_rating,
        "cover": row.cover_url,
    }


def _person_fields(row: PersonRow | None, record: PersonRecord, diff: Diff) -> PersonFields:
    values = {**(_person_now(row) if row else {}), **diff.values}
    name = str(values.get("name") or record.name)
    sort_name = row.sort_name if row and row.name == name and row.sort_name else ""
    values["cover_url"] = values.pop("cover", None)
    return msgspec.convert(
        {key: value for key, value in values.items() if value is not None}
        | {
            "name": name,
            "sort_name": sort_name or names.sort_name(name),
            "primary_ref": (row.primary_ref if row else None) or record.ref or None,
            "provider": (row.provider if row else "") or record.provider,
            "winners": diff.winners,
        },
        PersonFields,
    )


def _work_values(record: WorkRecord) -> dict[str, Value]:
    return {
        "title": record.title,
        "subtitle": record.subtitle,
        "original_title": record.original_title,
        "description": record.description,
        "language": record.language,
        "released": record.released or None,
        "genres": record.genres,
        "ratings_count": record.ratings_count,
        "average_rating": record.average_rating,
        "cover": record.cover.url if record.cover else None,
    }


def _work_now(row: WorkRow) -> dict[str, Value]:
    return {
        "title": row.title,
        "subtitle": row.subtitle,
        "original_title": row.original_title,
        "description": row.description,
        "language": row.language,
        "released": row.released,
        "genres": tuple(row.genres),
        "ratings_count": row.ratings_count,
        "average_rating": row.average_rating,
        "cover": row.cover_url,
    }


def _work_fields(row: WorkRow | None, record: WorkRecord, diff: Diff) -> WorkFields:
    values = {**(_work_now(row) if row else {}), **diff.values}
    values["cover_url"] = values.pop("cover", None)
    title = str(values.get("title") or record.title)
    return msgspec.convert(
        {key: value for key, value in values.items() if value is not None}
        | {
            "title": title,
            "sort_title": row.sort_title if row and row.title == title else title,
            "primary_ref": (row.primary_ref if row else None) or record.ref or None,
            "provider": (row.provider if row else "") or record.provider,
            "winners": diff.winners,
        },
        WorkFields,
    )


def _number(position: str) -> float | None:
    """Where a position stands in the order of its series: `1.5`; of a range its start."""
    head = position.partition("-")[0].strip()
    try:
        return float(head) if head.isascii() and len(head) < 9 else None
    except ValueError:
        return None


def _year(date: str | None) -> int | None:
    return int(date[:4]) if date and date[:4].isdecimal() else None
