"""An OpenLibrary-shaped provider over the invented catalogue (metadata.md 5)."""

from typing import Any

import msgspec

from bindery.demo.pictures import cover
from bindery.demo.shelf import Author, Work
from bindery.demo.stock import Stock, has_words
from bindery.demo.web import Answer, Request

PAGE = 50
JSON = "application/json"


def _json(value: object) -> Answer:
    return Answer(msgspec.json.encode(value), JSON)


def _missing() -> Answer:
    return Answer(b'{"error": "notfound"}', JSON, 404)


def _text(value: str) -> dict[str, str]:
    return {"type": "/type/text", "value": value}


class OpenLibrarySite:
    """Serves the JSON addresses and, under /a and /b, the pictures of the cover server."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    def respond(self, request: Request) -> Answer:
        """Route one request."""
        match request.path.strip("/").split("/"):
            case ["search", "authors.json"]:
                return self._search_authors(request.query)
            case ["search.json"]:
                return self._search(request.query)
            case ["authors", id_, "works.json"]:
                return self._author_works(id_, request.query)
            case ["authors", name]:
                return self._author(name.removesuffix(".json"))
            case ["works", id_, "editions.json"]:
                return self._editions(id_, request.query)
            case ["works", name]:
                work = self._find(name.removesuffix(".json"))
                return _json(_work(work)) if work else _missing()
            case ["isbn", name]:
                return self._by_isbn(name.removesuffix(".json"))
            case ["a" | "b" as shelf, "id", name]:
                return self._picture(shelf, name.partition("-")[0])
            case _:
                return _missing()

    def _find(self, id_: str) -> Work | None:
        return next((work for work in self._stock.works if work.id == id_), None)

    def _of(self, author_id: str) -> list[Work]:
        return [work for work in self._stock.works if work.author.id == author_id]

    def _search_authors(self, query: dict[str, str]) -> Answer:
        found = [
            author
            for author in self._stock.authors
            if has_words(" ".join((author.name, *author.other_names)), query.get("q", ""))
        ]
        docs = [self._author_hit(author) for author in found]
        return _json({"numFound": len(docs), "start": 0, "docs": docs[: _count(query, 100)]})

    def _author_hit(self, author: Author) -> dict[str, Any]:
        works = self._of(author.id)
        return {
            "key": author.id,
            "type": "author",
            "name": author.name,
            "alternate_names": [*author.other_names],
            "birth_date": author.born,
            "top_work": works[0].title if works else None,
            "work_count": len(works),
            "ratings_average": 4.25,
            "ratings_count": 12 * len(works),
        }

    def _search(self, query: dict[str, str]) -> Answer:
        works = self._of(query["author_key"]) if "author_key" in query else self._stock.works
        words = query.get("q", "")
        found = [
            work
            for work in works
            if has_words(f"{work.title} {work.author.name} {work.isbn}", words)
        ]
        start = int(query.get("offset") or 0)
        page = found[start : start + _count(query, 100)]
        return _json(
            {"numFound": len(found), "start": start, "docs": [_hit(work) for work in page]}
        )

    def _author(self, id_: str) -> Answer:
        author = next((author for author in self._stock.authors if author.id == id_), None)
        if author is None:
            return _missing()
        return _json(
            {
                "key": f"/authors/{author.id}",
                "type": {"key": "/type/author"},
                "name": author.name,
                "personal_name": author.name,
                "bio": _text(author.bio),
                "birth_date": author.born,
                "alternate_names": [*author.other_names],
                "photos": [author.number],
            }
        )

    def _author_works(self, id_: str, query: dict[str, str]) -> Answer:
        works = self._of(id_)
        start = int(query.get("offset") or 0)
        page = works[start : start + _count(query, PAGE)]
        return _json({"size": len(works), "entries": [_work(work) for work in page]})

    def _editions(self, id_: str, query: dict[str, str]) -> Answer:
        work = self._find(id_)
        if work is None:
            return _missing()
        editions = _editions_of(work)
        return _json({"size": len(editions), "entries": editions[: _count(query, PAGE)]})

    def _by_isbn(self, isbn: str) -> Answer:
        for work in self._stock.works:
            for edition in _editions_of(work):
                if isbn in edition.get("isbn_13", ()):
                    return _json(edition)
        return _missing()

    def _picture(self, shelf: str, number: str) -> Answer:
        works = self._stock.works
        if shelf == "a":
            works = [work for work in works if str(work.author.number) == number]
        else:
            works = [work for work in works if str(work.number) == number]
        return Answer(cover(works[0], "JPEG"), "image/jpeg") if works else Answer(status=404)


def _count(query: dict[str, str], default: int) -> int:
    return max(0, int(query.get("limit") or default))


def _work(work: Work) -> dict[str, Any]:
    return {
        "key": f"/works/{work.id}",
        "type": {"key": "/type/work"},
        "title": work.title,
        **({"subtitle": work.subtitle} if work.subtitle else {}),
        "description": _text(work.description),
        "covers": [work.number],
        "subjects": [*work.subjects],
        "series": [work.series] if work.series else [],
        "first_publish_date": str(work.year),
        "authors": [
            {"type": {"key": "/type/author_role"}, "author": {"key": f"/authors/{work.author.id}"}}
        ],
    }


def _hit(work: Work) -> dict[str, Any]:
    return {
        "key": f"/works/{work.id}",
        "title": work.title,
        "author_name": [work.author.name],
        "author_key": [work.author.id],
        "first_publish_year": work.year,
        "cover_i": work.number,
        "isbn": [work.isbn],
        "subject": [*work.subjects],
        "language": [work.language],
        "edition_count": len(_editions_of(work)),
        "ratings_count": 12,
        "ratings_average": 4.25,
    }


def _editions_of(work: Work) -> list[dict[str, Any]]:
    common = {
        "type": {"key": "/type/edition"},
        "works": [{"key": f"/works/{work.id}"}],
        "title": work.title,
        "publishers": ["Loopback Press"],
        "publish_date": str(work.year),
        "languages": [{"key": f"/languages/{work.language}"}],
        "covers": [work.number],
    }
    paper = {
        **common,
        "key": f"/books/OL{work.number}M",
        "isbn_13": [work.isbn],
        "physical_format": "ebook",
        "number_of_pages": 40 + work.number % 200,
    }
    if not work.narrator:
        return [paper]
    audio = {
        **common,
        "key": f"/books/OL{work.number + 5_000}M",
        "physical_format": "Audio CD",
        "contributions": [f"{work.narrator} (Narrator)"],
    }
    return [paper, audio]
