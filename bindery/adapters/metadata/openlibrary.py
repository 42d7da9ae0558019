"""OpenLibrary (metadata.md 4 and 5). GET only, no key; 404 is "nothing", never an error."""

from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import msgspec

from bindery.adapters.configs import OpenLibraryConfig
from bindery.adapters.failures import OutsideError
from bindery.adapters.loose_json import Json, items, listed, mapping, number, text
from bindery.adapters.openlibrary_records import (
    PROVIDER,
    REF,
    Covers,
    edition_record,
    person_hit,
    person_record,
    ref_of,
    work_hit,
    work_record,
)
from bindery.adapters.outbound import Outbound
from bindery.adapters.provider_http import BeforeRequest, ProviderHttp
from bindery.domain.catalogue import (
    EditionRecord,
    PersonRecord,
    ProviderCapabilities,
    WorkRecord,
    WorksPage,
)
from bindery.domain.catalogue_noise import is_noise
from bindery.domain.identifiers import isbn13

PAGE = 100
SEARCH_PAGE = 200
MOST_WORKS = 2000
MOST_EDITIONS = 200
_HIT_FIELDS = (
    "key,title,subtitle,author_name,author_key,first_publish_year,cover_i,isbn,subject,language,"
    "edition_count,ratings_count,ratings_average"
)


class _Overlay(msgspec.Struct):
    """What the book search knows of one person's works; kept for the person last synced."""

    person: str
    works: dict[str, WorkRecord]
    failure: OutsideError | None = None
    seen: set[str] = msgspec.field(default_factory=set[str])


class OpenLibrary:
    """Implements `MetadataProvider`."""

    name = PROVIDER
    capabilities = ProviderCapabilities(
        people=True, person=True, work=True, author_works=True, editions=True, isbn=True
    )

    def __init__(
        self,
        config: OpenLibraryConfig,
        outbound: Outbound,
        before_request: BeforeRequest | None = None,
    ) -> None:
        self._covers = Covers(config.covers_url)
        self._http = ProviderHttp(
            config.base_url, outbound, timeout_s=config.timeout_s, before_request=before_request
        )
        self._overlay: _Overlay | None = None

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _get(self, path: str, **query: str | int) -> Json | None:
        """One document; None for 404. Records that moved are followed once."""
        for _hop in range(2):
            target = path + (f"?{urlencode(query)}" if query else "")
            document = await self._http.get_json(target, Json)
            if document is None:
                return None
            moved = text(document.get("location"))
            if mapping(document.get("type")).get("key") != "/type/redirect" or not moved:
                return document
            path = f"/{quote(moved.strip('/'))}.json"
        return None

    async def search_people(self, text: str, limit: int = 20) -> list[PersonRecord]:
        """Authors by name."""
        found = await self._get("/search/authors.json", q=text, limit=limit)
        hits = (person_hit(mapping(doc)) for doc in listed(found, "docs"))
        return [hit for hit in hits if hit is not None][:limit]

    async def search_works(self, text: str, limit: int = 20) -> list[WorkRecord]:
        """Works by title, author or ISBN."""
        found = await self._get("/search.json", q=text, fields=_HIT_FIELDS, limit=limit)
        return self._hits(found)[:limit]

    def _hits(self, found: Json | None) -> list[WorkRecord]:
        docs = listed(found, "docs")
        hits = (work_hit(mapping(doc), self._covers) for doc in docs)
        return [hit for hit in hits if hit is not None]

    async def person(self, ref: str) -> PersonRecord | None:
        """One author; None for what is not OpenLibrary's."""
        if not (REF.fullmatch(ref) and ref.endswith("A")):
            return None
        found = await self._get(f"/authors/{ref}.json")
        return person_record(found, self._covers) if found else None

    async def work(self, ref: str) -> WorkRecord | None:
        """One work, its first author with a name."""
        if not (REF.fullmatch(ref) and ref.endswith("W")):
            return None
        found = await self._get(f"/works/{ref}.json")
        record = work_record(found, self._covers) if found else None
        if record is None or not record.authors:
            return record
        try:
            first = await self.person(record.authors[0].ref)
        except OutsideError:
            return record  # the work is worth more than the name of its author
        if first is None:
            return record
        return msgspec.structs.replace(record, authors=(first, *record.authors[1:]))

    async def works(self, person_ref: str, cursor: str | None = None) -> WorksPage:
        """One page of a person's works, study guides and the like left out. Lists and search are
        both asked, and one of them may fail; works that only the search knows come last.
        """
        if not (REF.fullmatch(person_ref) and person_ref.endswith("A")):
            return WorksPage(works=[])
        overlay = await self._overlay_of(person_ref, fresh=cursor is None)
        offset = int(cursor) if cursor and cursor.isdecimal() else 0
        try:
            path = f"/authors/{person_ref}/works.json"
            page = await self._get(path, limit=PAGE, offset=offset)
            found, entries = page or {}, listed(page, "entries")
        except OutsideError:
            if overlay.failure is not None or offset:
                raise
            found, entries = {}, []
        total = number(found.get("size"))
        works: list[WorkRecord] = []
        for entry in entries:
            doc = mapping(entry)
            record = work_record(doc, self._covers)
            if record is not None:
                overlay.seen.add(record.ref)
                subjects = [text(one) for one in items(doc.get("subjects"))]
                if not is_noise(record.title, subjects):
                    works.append(_overlaid(record, overlay.works.get(record.ref)))
        after = offset + len(entries)
        ended = len(entries) < PAGE or (total is not None and after >= total)
        if not ended and after < MOST_WORKS:
            return WorksPage(works=works, total=total, next=str(after))
        for ref, hit in overlay.works.items():
            if ref not in overlay.seen and not is_noise(hit.title, hit.genres):
                works.append(hit)
        return WorksPage(works=works, total=total)

    async def _overlay_of(self, person: str, *, fresh: bool) -> _Overlay:
        if self._overlay is not None and self._overlay.person == person and not fresh:
            return self._overlay
        overlay = self._overlay = _Overlay(person, {})
        try:
            for offset in range(0, MOST_WORKS, SEARCH_PAGE):
                found = await self._get(
                    "/search.json",
                    author_key=person,
                    fields=_HIT_FIELDS,
                    limit=SEARCH_PAGE,
                    offset=offset,
                )
                overlay.works |= {hit.ref: hit for hit in self._hits(found)}
                if len(listed(found, "docs")) < SEARCH_PAGE:
                    break
        except OutsideError as error:
            overlay.failure = error
        return overlay

    async def editions(self, work_ref: str) -> list[EditionRecord]:
        """Editions of a work, at most 200."""
        if not (REF.fullmatch(work_ref) and work_ref.endswith("W")):
            return []
        found = await self._get(f"/works/{work_ref}/editions.json", limit=MOST_EDITIONS)
        docs = listed(found, "entries")
        records = (edition_record(mapping(doc), self._covers) for doc in docs)
        return [record for record in records if record is not None]

    async def by_isbn(self, isbn: str) -> WorkRecord | None:
        """The work of an ISBN; a record without a work answers as itself (`OL..M`)."""
        clean = isbn13(isbn)
        if not clean:
            return None
        found = await self._get(f"/isbn/{clean}.json")
        if found is None:
            return None
        refs = [ref for ref in map(ref_of, items(found.get("works"))) if ref]
        if refs:
            return await self.work(refs[0])
        edition = edition_record(found, self._covers)
        if edition is None or not edition.title:
            return None
        return WorkRecord(
            ref=edition.ref, provider=PROVIDER, title=edition.title, cover=edition.cover
        )


def _overlaid(record: WorkRecord, hit: WorkRecord | None) -> WorkRecord:
    """Fill what the list does not tell from the search; nothing known is replaced."""
    if hit is None:
        return record
    rated = hit.ratings_count > 0
    return msgspec.structs.replace(
        record,
        cover=record.cover or hit.cover,
        language=hit.language or record.language,
        released=record.released or hit.released,
        ratings_count=hit.ratings_count if rated else record.ratings_count,
        average_rating=hit.average_rating if rated else record.average_rating,
        authors=hit.authors or record.authors,
        genres=record.genres or hit.genres,
        edition_count=hit.edition_count,
        identifiers=record.identifiers or hit.identifiers,
    )
