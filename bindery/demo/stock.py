"""What the demo world has to offer: files made from works, releases made from files."""

import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote

from bindery.demo.audio import make_m4b, make_mp3s
from bindery.demo.epub import make_epub
from bindery.demo.shelf import AUTHORS, WORKS, Author, Kind, Work
from bindery.demo.torrent import Torrent, make_torrent

EBOOK, AUDIOBOOK = 7020, 3030
LANGUAGES = {"eng": "English", "ger": "German", "fre": "French"}


@dataclass(frozen=True)
class Offer:
    """One release on an indexer of the demo world."""

    guid: str
    title: str
    work: Work
    kind: str
    """epub, mp3, m4b or pdf."""
    files: dict[str, bytes] = field(repr=False)
    transport: str = "torrent"
    name: str = ""
    """File name of a single file, folder name of several."""
    seeders: int = 12
    age_days: int = 30
    free: bool = False
    author: str = ""
    """As the indexer's attribute says; empty: not said."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    @property
    def category(self) -> int:
        """Newznab category."""
        return AUDIOBOOK if self.kind in {"mp3", "m4b"} else EBOOK

    def torrent(self, seed_url: str) -> Torrent:
        """The torrent, with `seed_url` (the web server's root) as its web seed."""
        # No query string: libtorrent refuses web seeds that have one on a private address. All
        # quoted: one character that it finds unsafe makes it quote the whole path once more.
        path = quote(self.name if list(self.files) == [self.name] else "")
        return make_torrent(self.name, self.files, web_seed=f"{seed_url}/seed/{self.guid}/{path}")


def folded(text: str) -> str:
    """Small letters without accents, for the searches of the demo servers."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def has_words(text: str, words: str) -> bool:
    """Whether every word occurs in the text."""
    there = folded(text)
    return all(word in there for word in folded(words).split())


@lru_cache(maxsize=64)
def make_files(work: Work, kind: Kind) -> dict[str, bytes]:
    """File name -> content of a work in one kind. Made once, since drawing takes time."""
    match kind:
        case "epub":
            return {f"{work.author.name} - {work.title}.epub": make_epub(work)}
        case "mp3":
            return make_mp3s(work)
        case "m4b":
            return make_m4b(work)


def _own_offers(work: Work, files: dict[Kind, dict[str, bytes]]) -> list[Offer]:
    offers: list[Offer] = []
    language = LANGUAGES.get(work.language, "English")
    for kind, content in files.items():
        mark = {"epub": "EPUB", "mp3": "MP3 64kbps", "m4b": "M4B"}[kind]
        title = f"{work.author.name} - {work.title} ({work.year}) [{language}] [{mark}]"
        several = len(content) > 1
        name = f"{work.author.name} - {work.title}" if several else next(iter(content))
        base = Offer(
            f"t{work.number}{kind}", title, work, kind, content, name=name, author=work.author.name
        )
        dotted = title.replace(" - ", ".").replace(" ", ".").replace("[", "").replace("]", "")
        offers += [
            base,
            replace(base, guid=f"u{work.number}{kind}", title=f"{dotted}-LOOP", transport="usenet"),
        ]
    return offers


def decoys(offer: Offer) -> list[Offer]:
    """Releases that a careful judge refuses or ranks lower, beside a good one."""
    work = offer.work
    by = work.author.name
    quill = Author(work.author.number + 50, "Barnaby Quill")
    other = replace(work, author=quill, year=work.year + 60, padding=0, chapters=())
    guide = replace(other, title=f"Study Guide: {work.title}")
    pdf = {f"{work.title}.pdf": b"%PDF-1.4\n% a scan that nobody should prefer\n%%EOF\n"}
    retail = {f"{work.title} (retail).epub": next(iter(offer.files.values()))}
    claims = (
        ("guide", f"{guide.title} by {by} [EPUB]", make_files(guide, "epub"), quill.name),
        ("namesake", f"{quill.name} - {work.title} ({other.year}) [EPUB]",
         make_files(other, "epub"), quill.name),
        ("scan", f"{by} - {work.title} ({work.year}) [PDF] [scan]", pdf, by),
        ("dead", f"{offer.title} RETAIL", retail, by),
    )  # fmt: skip
    return [
        replace(
            offer,
            guid=f"{offer.guid}-{mark}",
            title=title,
            kind="pdf" if mark == "scan" else "epub",
            files=files,
            name=next(iter(files)),
            author=author,
            seeders=0 if mark == "dead" else 3,
            age_days=2_000 if mark == "dead" else 90,
        )
        for mark, title, files, author in claims
    ]


class Stock:
    """Everything the faces show; grows while the world runs."""

    def __init__(self) -> None:
        self.authors: list[Author] = []
        self.works: list[Work] = []
        self.offers: list[Offer] = []
        self.files: dict[tuple[int, Kind], dict[str, bytes]] = {}
        """(work number, kind) -> file name -> content."""

    def fill(self) -> None:
        """The bundled authors and works, with decoys for the first work of each author."""
        self.authors += AUTHORS
        led: set[str] = set()
        for work in WORKS:
            offers = self.add(work)
            if work.author.id not in led:
                led.add(work.author.id)
                self.offers += decoys(offers[0])

    def add(self, work: Work, *, offered: bool = True) -> list[Offer]:
        """Put a work on every face; `offered=False` keeps it off the indexers."""
        if work.author not in self.authors:
            self.authors.append(work.author)
        files: dict[Kind, dict[str, bytes]] = {kind: make_files(work, kind) for kind in work.kinds}
        self.works.append(work)
        self.files.update({(work.number, kind): content for kind, content in files.items()})
        made = _own_offers(work, files) if offered else []
        self.offers += made
        return made

    def offer(self, guid: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.guid == guid), None)
