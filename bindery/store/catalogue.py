"""The shared catalogue: persons, works, editions, series, and where each fact comes from.

Owned by nobody. What wins between sources is decided by the domain; here the decision is stored.
Provider identifiers name one entity; ISBN and ASIN are evidence and may collide.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from bindery.domain.text import fold, sort_key, title_sort_key
from bindery.domain.titles import dedup_key
from bindery.store.rows import SqlValue, json_text
from bindery.store.tx import Reader, Tx

Kind: TypeAlias = Literal["person", "work", "edition", "series"]
Role: TypeAlias = Literal["author", "translator", "narrator", "illustrator", "editor"]
EVIDENCE = ("isbn10", "isbn13", "asin")


class PersonFields(msgspec.Struct, frozen=True, kw_only=True):
    """A person as merged. `winners` says per field which source it came from."""

    name: str
    sort_name: str
    primary_ref: str | None
    provider: str
    description: str = ""
    disambiguation: str = ""
    born: str | None = None
    died: str | None = None
    ratings_count: int = 0
    average_rating: float = 0.0
    cover_url: str | None = None
    winners: dict[str, str] = {}


class WorkFields(msgspec.Struct, frozen=True, kw_only=True):
    """A work as merged. `released` is a calendar text or None."""

    title: str
    primary_ref: str | None
    provider: str
    sort_title: str = ""
    subtitle: str = ""
    original_title: str = ""
    description: str = ""
    language: str = ""
    released: str | None = None
    genres: tuple[str, ...] = ()
    ratings_count: int = 0
    average_rating: float = 0.0
    cover_url: str | None = None
    winners: dict[str, str] = {}


class EditionFields(msgspec.Struct, frozen=True, kw_only=True):
    """One edition of a work."""

    primary_ref: str
    title: str
    format: str = ""
    is_ebook: bool = False
    publisher: str = ""
    language: str = ""
    published: str | None = None
    duration_s: int | None = None
    pages: int | None = None
    narrators: tuple[str, ...] = ()
    information: str = ""
    cover_url: str | None = None


class Contribution(msgspec.Struct, frozen=True):
    """Somebody's part in a work."""

    person_id: int
    role: Role = "author"
    position: int = 0


class Membership(msgspec.Struct, frozen=True):
    """A work's place in a series; `number` orders, `position` is shown."""

    series_id: int
    position: str = ""
    number: float | None = None
    primary: bool = True


class WorkRow(msgspec.Struct, frozen=True, kw_only=True):
    """A work as stored, for merging and matching."""

    id: int
    primary_ref: str | None
    provider: str
    title: str
    sort_title: str
    title_key: str
    subtitle: str
    original_title: str
    description: str
    language: str
    released: str | None
    genres: list[str]
    ratings_count: int
    average_rating: float
    cover_url: str | None
    winners: dict[str, str]
    rev: int


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person as stored."""

    id: int
    primary_ref: str | None
    provider: str
    name: str
    sort_name: str
    name_key: str
    description: str
    disambiguation: str
    born: str | None
    died: str | None
    ratings_count: int
    average_rating: float
    cover_url: str | None
    winners: dict[str, str]
    refreshed_at: int | None
    populated_at: int | None
    rev: int


class SourceRecord(msgspec.Struct, frozen=True):
    """What one source said of one entity. `user` = edits by persons."""

    entity_id: int
    source: str
    payload: msgspec.Raw
    fetched_at: int


# Finding


def find_person(reader: Reader, id: int) -> PersonRow | None:
    """One person."""
    return reader.one(_q_person, {"id": id}, PersonRow)


def find_work(reader: Reader, id: int) -> WorkRow | None:
    """One work."""
    return reader.one(_q_work, {"id": id}, WorkRow)


def works_of_person(reader: Reader, person_id: int, limit: int = 2_000) -> list[WorkRow]:
    """The works a person contributed to, for duplicate checks of a sync."""
    return reader.rows(_q_works_of_person, {"person": person_id, "limit": limit}, WorkRow)


def find_by_ref(reader: Reader, kind: Kind, ref: str) -> int | None:
    """The entity whose primary reference, or any provider identifier, is `ref`."""
    found: int | None = reader.value(_Q_BY_REF[kind], {"kind": kind, "ref": ref})
    return found


def find_by_identifier(reader: Reader, kind: Kind, scheme: str, value: str) -> list[int]:
    """Entities that carry an identifier; more than one is possible for ISBN and ASIN."""
    return reader.values(_q_by_identifier, {"kind": kind, "scheme": scheme, "value": value})


def refs_of(reader: Reader, kind: Kind, id: int) -> list[str]:
    """The provider ids of an entity, the oldest first."""
    return reader.values(_q_refs, {"kind": kind, "id": id})


def persons_named(reader: Reader, name: str) -> list[int]:
    """Persons with this folded name or other name."""
    return reader.values(_q_persons_named, {"key": fold(name)})


def locked_fields(reader: Reader, kind: Kind, id: int) -> list[str]:
    """Fields that a person edited: no refresh overwrites them."""
    return reader.values(_q_locks, {"kind": kind, "id": id})


def source_records(reader: Reader, kind: Kind, ids: Sequence[int]) -> list[SourceRecord]:
    """Everything every source said of these entities."""
    params = {"kind": kind, "ids": json_text(list(ids))}
    return reader.rows(_q_records, params, SourceRecord)


# Storing


def put_person_in(tx: Tx, id: int | None, fields: PersonFields) -> int:
    """Insert (`id` None) or overwrite a person; answers its id."""
    params: dict[str, SqlValue] = {
        "name": fields.name,
        "sort_name": fields.sort_name,
        "name_key": fold(fields.name),
        "sort_key": sort_key(fields.sort_name or fields.name),
        "ref": fields.primary_ref,
        "provider": fields.provider,
        "description": fields.description,
        "disambiguation": fields.disambiguation,
        "born": fields.born,
        "died": fields.died,
        "ratings": fields.ratings_count,
        "rating": fields.average_rating,
        "cover": cover_in(tx, fields.cover_url),
        "winners": json_text(fields.winners),
        "now": tx.now_us,
    }
    if id is None:
        return tx.insert(_q_insert_person, params)
    tx.run(_q_update_person, {**params, "id": id})
    return id


def put_work_in(tx: Tx, id: int | None, fields: WorkFields) -> int:
    """Insert (`id` None) or overwrite a work; answers its id."""
    params: dict[str, SqlValue] = {
        "title": fields.title,
        "sort_title": fields.sort_title or fields.title,
        "title_key": dedup_key(fields.title),
        "sort_key": title_sort_key(fields.sort_title or fields.title, fields.language),
        "subtitle": fields.subtitle,
        "original_title": fields.original_title,
        "description": fields.description,
        "language": fields.language,
        "released": fields.released,
        "genres": json_text(fields.genres),
        "ratings": fields.ratings_count,
        "rating": fields.average_rating,
        "cover": cover_in(tx, fields.cover_url),
        "ref": fields.primary_ref,
        "provider": fields.provider,
        "winners": json_text(fields.winners),
        "now": tx.now_us,
    }
    if id is None:
        return tx.insert(_q_insert_work, params)
    tx.run(_q_update_work, {**params, "id": id})
    return id


def put_edition_in(tx: Tx, work_id: int, fields: EditionFields) -> int:
    """Insert or overwrite an edition, known by its reference; answers its id."""
    found: int = tx.value(
        _q_put_edition,
        {
            "work": work_id,
            "ref": fields.primary_ref,
            "format": fields.format,
            "is_ebook": int(fields.is_ebook),
            "title": fields.title,
            "publisher": fields.publisher,
            "language": fields.language,
            "published": fields.published,
            "duration": fields.duration_s,
            "pages": fields.pages,
            "narrators": json_text(fields.narrators),
            "information": fields.information,
            "cover": cover_in(tx, fields.cover_url),
            "now": tx.now_us,
        },
    )
    return found


def put_series_in(tx: Tx, title: str, ref: str | None = None) -> int:
    """The series of this reference, else of this title; made when unknown. Answers its id."""
    keys = {"title": title, "title_key": dedup_key(title), "ref": ref}
    found: int | None = tx.value(_q_find_series, {"title_key": keys["title_key"], "ref": ref})
    if found is not None:
        return found
    return tx.insert(_q_insert_series, {**keys, "sort": title_sort_key(title), "now": tx.now_us})


def put_identifiers_in(
    tx: Tx, kind: Kind, id: int, found: Sequence[tuple[str, str]], source: str
) -> list[int]:
    """Add (scheme, value) pairs. Answers entities that already hold one of the provider ids:
    both are kept, a person decides (`identity_conflict`).
    """
    others: set[int] = set()
    for scheme, value in found:
        params = {"kind": kind, "id": id, "scheme": scheme, "value": value, "source": source}
        if scheme not in EVIDENCE:
            holder: int | None = tx.value(_q_holder, {k: params[k] for k in _HOLDER_KEYS})
            if holder is not None:
                others.add(holder)
                continue
        tx.run(_q_put_identifier, params)
    return sorted(others)


def set_contributions_in(tx: Tx, work_id: int, parts: Sequence[Contribution]) -> bool:
    """Who had a part in the work; replaces what was known. Answers whether it changed."""
    wanted = {(part.person_id, part.role, part.position) for part in parts}
    rows = tx.rows(_q_contributions, {"work": work_id}, Contribution)
    known = {(row.person_id, row.role, row.position) for row in rows}
    for person, role, position in known - wanted:
        params = {"work": work_id, "person": person, "role": role, "position": position}
        tx.run(_q_drop_contribution, params)
    for person, role, position in sorted(wanted - known):
        params = {"work": work_id, "person": person, "role": role, "position": position}
        tx.run(_q_add_contribution, params)
    return known != wanted


def set_memberships_in(tx: Tx, work_id: int, places: Sequence[Membership]) -> None:
    """The series of a work; replaces what was known."""
    ids = json_text([place.series_id for place in places])
    tx.run(_q_drop_memberships, {"work": work_id, "ids": ids})
    for place in places:
        tx.run(
            _q_put_membership,
            {
                "work": work_id,
                "series": place.series_id,
                "position": place.position,
                "number": place.number,
                "primary": int(place.primary),
            },
        )


def put_name_in(
    tx: Tx, person_id: int, name: str, kind: Literal["alias", "pen", "merged"], source_ref: str = ""
) -> bool:
    """Another name of a person; answers whether it is new."""
    params = {
        "person": person_id,
        "name": name,
        "key": fold(name),
        "kind": kind,
        "ref": source_ref,
        "now": tx.now_us,
    }
    return tx.run(_q_put_name, params) > 0


def put_source_record_in(tx: Tx, kind: Kind, id: int, source: str, payload: object) -> bool:
    """What a source says now; answers whether it says something else than before."""
    text = json_text(payload)
    params = {"kind": kind, "id": id, "source": source}
    known: str | None = tx.value(_q_record, params)
    tx.run(_q_put_record, {**params, "payload": text, "now": tx.now_us})
    return known != text


def lock_fields_in(tx: Tx, kind: Kind, id: int, fields: Sequence[str], by_user: int | None) -> None:
    """A person edited these fields."""
    for field in fields:
        params = {"kind": kind, "id": id, "field": field, "by": by_user, "now": tx.now_us}
        tx.run(_q_lock, params)


def cover_in(tx: Tx, url: str | None) -> int | None:
    """The row of a cover address, made when unknown; the fetcher finds it as `wanted`."""
    if not url:
        return None
    known: int | None = tx.value(_q_cover, {"url": url})
    return known if known is not None else tx.insert(_q_insert_cover, {"url": url})


_HOLDER_KEYS = ("kind", "scheme", "value", "id")
_PERSON = """p.id, p.primary_ref, p.provider, p.name, p.sort_name, p.name_key, p.description,
  p.disambiguation, p.born, p.died, p.ratings_count, p.average_rating, c.url AS cover_url,
  p.winners, p.refreshed_at, p.populated_at, p.rev"""
_WORK = """w.id, w.primary_ref, w.provider, w.title, w.sort_title, w.title_key, w.subtitle,
  w.original_title, w.description, w.language, w.released, w.genres, w.ratings_count,
  w.average_rating, c.url AS cover_url, w.winners, w.rev"""

_q_person = (
    f"SELECT {_PERSON} FROM person p LEFT JOIN cover c ON c.id = p.cover_id WHERE p.id = :id"
)
_q_work = f"SELECT {_WORK} FROM work w LEFT JOIN cover c ON c.id = w.cover_id WHERE w.id = :id"
_q_works_of_person = f"""
SELECT {_WORK} FROM work w LEFT JOIN cover c ON c.id = w.cover_id
WHERE w.id IN (SELECT work_id FROM contribution WHERE person_id = :person)
ORDER BY w.id LIMIT :limit"""

_Q_BY_REF: dict[Kind, str] = {
    kind: f"""
SELECT coalesce((SELECT id FROM {kind} WHERE primary_ref = :ref),
  (SELECT entity_id FROM identifier WHERE kind = :kind AND value = :ref
    AND scheme NOT IN ('isbn10', 'isbn13', 'asin') ORDER BY id LIMIT 1))"""
    for kind in ("person", "work", "edition", "series")
}
_q_by_identifier = """
SELECT entity_id FROM identifier INDEXED BY identifier_value
WHERE scheme = :scheme AND value = :value AND kind = :kind ORDER BY entity_id LIMIT 100"""
_q_refs = """
SELECT value FROM identifier
WHERE kind = :kind AND entity_id = :id AND scheme NOT IN ('isbn10', 'isbn13', 'asin')
ORDER BY id LIMIT 100"""
_q_persons_named = """
SELECT id FROM person WHERE name_key = :key
UNION SELECT person_id FROM person_name WHERE name_key = :key LIMIT 100"""
_q_locks = "SELECT field FROM field_lock WHERE kind = :kind AND entity_id = :id ORDER BY field"
_q_records = """
SELECT entity_id, source, payload, fetched_at FROM source_record
WHERE kind = :kind AND entity_id IN (SELECT value FROM json_each(:ids))
ORDER BY entity_id, source"""

_q_insert_person = """
INSERT INTO person (name, sort_name, name_key, sort_key, primary_ref, provider, description,
  disambiguation, born, died, ratings_count, average_rating, cover_id, winners, created_at,
  updated_at)
VALUES (:name, :sort_name, :name_key, :sort_key, :ref, :provider, :description,
  :disambiguation, :born, :died, :ratings, :rating, :cover, :winners, :now, :now)"""
_q_update_person = """
UPDATE person SET name = :name, sort_name = :sort_name, name_key = :name_key,
  sort_key = :sort_key, primary_ref = :ref, provider = :provider, description = :description,
  disambiguation = :disambiguation, born = :born, died = :died, ratings_count = :ratings,
  average_rating = :rating, cover_id = :cover, winners = :winners, updated_at = :now,
  rev = rev + 1
WHERE id = :id"""
_q_insert_work = """
INSERT INTO work (title, sort_title, title_key, sort_key, subtitle, original_title, description,
  language, released, genres, ratings_count, average_rating, cover_id, primary_ref, provider,
  winners, created_at, updated_at)
VALUES (:title, :sort_title, :title_key, :sort_key, :subtitle, :original_title, :description,
  :language, :released, :genres, :ratings, :rating, :cover, :ref, :provider, :winners, :now,
  :now)"""
_q_update_work = """
UPDATE work SET title = :title, sort_title = :sort_title, title_key = :title_key,
  sort_key = :sort_key, subtitle = :subtitle, original_title = :original_title,
  description = :description, language = :language, released = :released, genres = :genres,
  ratings_count = :ratings, average_rating = :rating, cover_id = :cover, primary_ref = :ref,
  provider = :provider, winners = :winners, refreshed_at = :now, updated_at = :now, rev = rev + 1
WHERE id = :id"""
_q_put_edition = """
INSERT INTO edition (work_id, primary_ref, format, is_ebook, title, publisher, language,
  published, duration_s, pages, narrators, information, cover_id, created_at, updated_at)
VALUES (:work, :ref, :format, :is_ebook, :title, :publisher, :language, :published, :duration,
  :pages, :narrators, :information, :cover, :now, :now)
ON CONFLICT (primary_ref) DO UPDATE SET work_id = excluded.work_id, format = excluded.format,
  is_ebook = excluded.is_ebook, title = excluded.title, publisher = excluded.publisher,
  language = excluded.language, published = excluded.published,
  duration_s = excluded.duration_s, pages = excluded.pages, narrators = excluded.narrators,
  information = excluded.information, cover_id = excluded.cover_id,
  updated_at = excluded.updated_at
RETURNING id"""
_q_find_series = """
SELECT coalesce((SELECT id FROM series WHERE primary_ref = :ref),
  (SELECT id FROM series WHERE title_key = :title_key AND (:ref IS NULL OR primary_ref IS NULL)
    ORDER BY id LIMIT 1))"""
_q_insert_series = """
INSERT INTO series (primary_ref, title, sort_key, title_key, created_at, updated_at)
VALUES (:ref, :title, :sort, :title_key, :now, :now)"""
_q_holder = """
SELECT entity_id FROM identifier
WHERE kind = :kind AND scheme = :scheme AND value = :value AND entity_id <> :id
  AND scheme NOT IN ('isbn10', 'isbn13', 'asin')"""
_q_put_identifier = """
INSERT INTO identifier (kind, entity_id, scheme, value, source)
VALUES (:kind, :id, :scheme, :value, :source) ON CONFLICT DO NOTHING"""
_q_contributions = "SELECT person_id, role, position FROM contribution WHERE work_id = :work"
_q_drop_contribution = """
DELETE FROM contribution
WHERE work_id = :work AND person_id = :person AND role = :role AND position = :position"""
_q_add_contribution = """
INSERT INTO contribution (work_id, person_id, role, position)
VALUES (:work, :person, :role, :position)"""
_q_drop_memberships = """
DELETE FROM series_work
WHERE work_id = :work AND series_id NOT IN (SELECT value FROM json_each(:ids))"""
_q_put_membership = """
INSERT INTO series_work (series_id, work_id, position_text, position_num, is_primary)
VALUES (:series, :work, :position, :number, :primary)
ON CONFLICT DO UPDATE SET position_text = excluded.position_text,
  position_num = excluded.position_num, is_primary = excluded.is_primary"""
_q_put_name = """
INSERT INTO person_name (person_id, name, name_key, kind, source_ref, created_at)
VALUES (:person, :name, :key, :kind, :ref, :now) ON CONFLICT DO NOTHING"""
_q_record = """
SELECT payload FROM source_record WHERE kind = :kind AND entity_id = :id AND source = :source"""
_q_put_record = """
INSERT INTO source_record (kind, entity_id, source, payload, fetched_at)
VALUES (:kind, :id, :source, :payload, :now)
ON CONFLICT (kind, entity_id, source) DO UPDATE SET payload = excluded.payload,
  fetched_at = excluded.fetched_at"""
_q_lock = """
INSERT INTO field_lock (kind, entity_id, field, by_user, at)
VALUES (:kind, :id, :field, :by, :now) ON CONFLICT DO NOTHING"""
_q_cover = "SELECT id FROM cover WHERE url = :url"
_q_insert_cover = "INSERT INTO cover (url) VALUES (:url)"
