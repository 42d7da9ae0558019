"""How well names are read and matched: precision, recall, field accuracy, speed, every miss.

    python -m bench judgement             figures only
    python -m bench.judgement             and every miss, by source
    python -m bench.judgement --json      one JSON line per miss

Labelled names: the recorded ones (`BINDERY_FIXTURES`, see docs/judgement.md), our own in
`bench/samples/*.jsonl`, and works crossed with shapes of names (bench/crossed.py). All go through
`bindery explain release`, the window that people use. A source says only some things of a name;
only what it says is compared.
"""

import argparse
import csv
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bench import crossed
from bench.figures import Figure, table
from bindery.domain import explain, names
from bindery.domain.library_units import group
from bindery.domain.matching import judge
from bindery.domain.release import parse
from bindery.domain.text import fold
from bindery.domain.wanted import RivalWork, WantedWork

SAMPLES = Path(__file__).with_name("samples")
FIELDS = ("author", "title", "series", "position", "year", "language", "format", "group", "kind")
TARGETS = {"author": 97.0, "title": 95.0, "format": 99.0, "year": 99.0, "language": 97.0}
REFUSED = frozenset(("obfuscated", "junk", "bare"))
OTHER_MEDIA = frozenset(("video", "comic", "magazine", "music", "software", "game", "other"))


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled name. ``match``: yes, no or '' (not said); ``expect``: what the source says."""

    source: str
    title: str
    book: dict[str, Any] | None = None
    match: str = ""
    expect: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Tally:
    """Counts of one source."""

    yes: Counter[str] = field(default_factory=Counter[str])
    no: Counter[str] = field(default_factory=Counter[str])
    right: Counter[str] = field(default_factory=Counter[str])
    said: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True)
class Miss:
    """One thing read or judged otherwise than its source says."""

    source: str
    what: str
    expected: Any
    found: Any
    title: str
    book: dict[str, Any] | None


def recorded() -> Iterator[Case]:
    """The recorded names; nothing when their folder is not there."""
    root = Path(os.environ.get("BINDERY_FIXTURES", "../shared/fixtures")) / "releases"
    if not root.exists():
        return
    with (root / "titles.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield _recorded_row(row)
    with (root / "obfuscated.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Case("obfuscated", row["title"], expect={"kind": "refused"})
    with (root / "from_captures.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Case("captures", row["title"])


def _recorded_row(row: dict[str, str]) -> Case:
    source = row["source"].split(" (")[0].split("/")[-1][:40]
    if row["media"] == "music":
        source += " (music)"
    book = None
    if row["wanted_title"]:
        media = {"ebook": "ebook", "audio": "audiobook"}.get(row["media"])
        author = row["wanted_author"] or None
        book = {"title": row["wanted_title"], "author": author, "format": media}
    expect: dict[str, Any] = {
        name: row[f"expected_{column}"]
        for name, column in (
            ("author", "author"),
            ("title", "book"),
            ("year", "year"),
            ("language", "language"),
            ("format", "format"),
            ("group", "group"),
        )
        if row[f"expected_{column}"]
    }
    return Case(source, row["title"], book, row["expected_match"], expect)


def own() -> Iterator[Case]:
    """Our own names: {"title", "book", "match", "expect": {...}} per line, a file per kind."""
    for path in sorted(SAMPLES.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            said = msgspec.json.decode(line, type=dict[str, Any])
            yield Case(
                f"own {path.stem}",
                said["title"],
                said.get("book"),
                said.get("match", ""),
                said.get("expect", {}),
            )


def crossed_cases() -> Iterator[Case]:
    """Works of a family in every shape of name, against each other (bench/crossed.py)."""
    for title, book, match in crossed.pairs():
        yield Case("crossed", title, book, match)


def measure(cases: Sequence[Case]) -> tuple[dict[str, Tally], list[Miss]]:
    """Read and judge every case; count by source and list what differs."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    misses: list[Miss] = []
    for case in cases:
        line = msgspec.json.encode({"title": case.title, "book": case.book})
        answer = msgspec.json.decode(explain.release(line))
        tally = tallies[case.source]
        if case.match in ("yes", "no") and case.book:
            getattr(tally, case.match)[answer["match"]] += 1
            if (answer["match"] == "yes") != (case.match == "yes"):
                said = f"{answer['match']} {answer['code']} {answer['confidence']}"
                misses.append(Miss(case.source, "match", case.match, said, case.title, case.book))
        for name, expected in case.expect.items():
            found = _found(name, answer["parsed"])
            tally.said[name] += 1
            if agrees(name, expected, found):
                tally.right[name] += 1
            else:
                misses.append(Miss(case.source, name, expected, found, case.title, case.book))
    return tallies, misses


def _found(name: str, parsed: dict[str, Any]) -> Any:
    return {"author": parsed["authors"], "format": parsed["formats"]}.get(name, parsed.get(name))


def agrees(name: str, expected: Any, found: Any) -> bool:
    """Is a field right? Names by the score table, titles by their folded words, sets as sets."""
    if name == "author":
        wanted = names.parse_list(expected).names or (expected,)
        joined = fold(" ".join(found)) == fold(expected)
        return joined or (
            len(found) == len(wanted)
            and all(any(names.same(a, b).is_strong for b in found) for a in wanted)
        )
    if name == "title":
        return fold(found or "") == fold(expected)
    if name == "format":
        return set(found) == set(expected.split())
    if name == "kind" and expected == "refused":
        return found in REFUSED
    if name == "kind" and expected == "other":
        return found in OTHER_MEDIA
    return str(found or "").casefold() == str(expected).casefold()


def figures(label: str, tallies: Sequence[Tally]) -> list[Figure]:
    """The figures of issue and judgement.md over these tallies."""
    total = Tally()
    for tally in tallies:
        for mine, theirs in zip(
            (total.yes, total.no, total.right, total.said),
            (tally.yes, tally.no, tally.right, tally.said),
            strict=True,
        ):
            mine.update(theirs)
    out: list[Figure] = []
    workload = f"judgement, {label}"
    judged = total.yes.total() + total.no.total()
    if judged:
        missed = total.yes["no"] + total.yes["unsure"] / 2
        out += [
            Figure(workload, "pairs judged", judged, ""),
            Figure(workload, "wrong book judged yes", 100 * total.no["yes"] / judged, "%", 0.5),
            Figure(
                workload,
                "right release not judged yes",
                100 * missed / max(1, total.yes.total()),
                "%",
                5.0,
            ),
        ]
    for name in FIELDS:
        if total.said[name]:
            share = 100 * total.right[name] / total.said[name]
            target = TARGETS.get(name)
            shown = f"{name} right, of {total.said[name]}"
            out.append(Figure(workload, shown, share, "%", target, better="more"))
    return out


def speed() -> list[Figure]:
    """Names, pairs and files per second on one core; every name is new, no cache helps."""
    shapes = (
        "Jane{n} Doe - [Long Series {p:02}] - The Title Number {n} (retail) (epub)",
        "Jane.Doe{n}-The.Other.Title.{n}.2019.RETAIL.EPUB.eBook-GRP",
        "The Third Title {n} by John{n} Smith [ENG / EPUB MOBI] [VIP]",
        "Doe, Jane{n} - Ein Roman {n} ungekürzt gelesen von Max Muster MP3",
    )
    titles = [shapes[n % 4].format(n=n, p=n % 20 + 1) for n in range(8000)]
    began = time.perf_counter()
    parsed = [parse(title) for title in titles]
    parse_rate = len(titles) / (time.perf_counter() - began)
    works = [
        WantedWork(title=f"The Title Number {n}", authors=(f"Jane{n} Doe",), language="en")
        for n in range(40)
    ]
    judged = 0
    began = time.perf_counter()
    for release in parsed[:1000]:
        for work in works:
            judge(work, release)
            judged += 1
    pair_rate = judged / (time.perf_counter() - began)
    same = [parse(f"Jane Doe - [Saga {n % 30}] - The Silver Title (v{n}) epub") for n in range(500)]
    wanted = WantedWork(title="The Silver Title", authors=("Jane Doe",))
    rivals = tuple(RivalWork(title=f"Another Story {n}") for n in range(40))
    began = time.perf_counter()
    for release in same:
        judge(wanted, release, rivals)
    search = time.perf_counter() - began
    paths = [
        f"Author {n // 120}/Series {n // 40}/{n % 40:02} - Title {n} (2001)/Title {n}.epub"
        for n in range(100_000)
    ]
    began = time.perf_counter()
    group(paths)
    grouped = time.perf_counter() - began
    hostile = ["[" * 1_000_000, "a " * 500_000, "-" * 1_000_000, "\ud800" * 1_000_000]
    began = time.perf_counter()
    for text in hostile:
        parse(text)
    worst = time.perf_counter() - began
    return [
        Figure("judgement, speed", "releases parsed", parse_rate, "/s", 5000, better="more"),
        Figure("judgement, speed", "pairs judged", pair_rate, "/s", 20_000, better="more"),
        Figure("judgement, speed", "a work, 500 releases of it, 40 rivals", search, "s", 0.5),
        Figure("judgement, speed", "100,000 library files grouped", grouped, "s", 30),
        Figure("judgement, speed", "four hostile names of 1 MB", worst, "s"),
    ]


async def run() -> list[Figure]:
    """The workload of `python -m bench judgement`."""
    return _figures(*measure([*recorded(), *own(), *crossed_cases()]))


def _figures(tallies: dict[str, Tally], _: Sequence[Miss]) -> list[Figure]:
    ours = [tally for source, tally in tallies.items() if source.startswith("own ")]
    books = [
        tally
        for source, tally in tallies.items()
        if not source.startswith("own ") and "(music)" not in source and source != "crossed"
    ]
    music = [tally for source, tally in tallies.items() if "(music)" in source]
    return [
        *figures("recorded books", books),
        *figures("recorded music", music),
        *figures("our own names", ours),
        *figures("works crossed with shapes", [tallies["crossed"]] if "crossed" in tallies else []),
        *speed(),
    ]


def main() -> None:
    """Print the figures by source and every miss."""
    parser = argparse.ArgumentParser(prog="python -m bench.judgement", description=__doc__)
    parser.add_argument("--json", action="store_true", help="misses as JSON lines, no figures")
    parser.add_argument("--source", default="", help="only sources that contain this")
    options = parser.parse_args()
    everything = (*recorded(), *own(), *crossed_cases())
    cases = [case for case in everything if options.source in case.source]
    tallies, misses = measure(cases)
    if options.json:
        for miss in misses:
            said = {name: getattr(miss, name) for name in Miss.__slots__}
            sys.stdout.write(msgspec.json.encode(said).decode() + "\n")
        return
    rows = [f for source, tally in tallies.items() for f in figures(source, [tally])]
    print(table([*rows, *_figures(tallies, misses)], {}))
    for miss in misses:
        print(f"\n{miss.source}: {miss.what}: expected {miss.expected!r}, found {miss.found!r}")
        print(f"    {miss.title}" + (f"\n    wanted {miss.book}" if miss.book else ""))


if __name__ == "__main__":
    main()
