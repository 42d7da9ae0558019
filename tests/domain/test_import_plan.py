"""From probed files to file steps (judgement.md 9)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.file_op import Method
from bindery.domain.import_plan import (
    DownloadFacts,
    ImportOptions,
    ImportPlan,
    LibraryFacts,
    LibraryFile,
    SourceFile,
    TargetRoot,
    plan,
)
from bindery.domain.media import MediaKind, ProbedFile, ProblemCode, Track
from bindery.domain.naming_paths import is_inside
from bindery.domain.offers import BookFormat, Transport
from bindery.domain.rules import CurrentFile, QualityProfile, SlotFacts
from bindery.domain.wanted import WantedWork

FOLDER = "Jane Doe/Sample Book (2024)"
EPUB = f"{FOLDER}/Sample Book - Jane Doe.epub"
FIELDS = {"Author": "Jane Doe", "Title": "Sample Book", "Year": "2024"}
RANKED = QualityProfile(items=(("mobi", True), ("epub", True)), cutoff="epub")
EBOOK_GRAB = DownloadFacts(
    title="Jane Doe - Sample Book (epub)", transport=Transport.TORRENT, slot_ids=(1,)
)
AUDIO_GRAB = DownloadFacts(
    title="Jane Doe - Sample Book MP3",
    transport=Transport.USENET,
    slot_ids=(2,),
    method=Method.MOVE,
)


def _slot(
    number: int = 1, fmt: BookFormat = "ebook", title: str = "Sample Book", **more: Any
) -> SlotFacts:
    wanted = WantedWork(title=title, authors=("Jane Doe",), format=fmt)
    return SlotFacts(slot_id=number, format=fmt, wanted=wanted, **more)


def _file(rel: str, kind: MediaKind = MediaKind.EPUB, **more: Any) -> SourceFile:
    outer = {key: more.pop(key) for key in ("sha256", "growing") if key in more}
    probed = ProbedFile(path=f"/in/{rel}", kind=kind, size=more.pop("size", 100), **more)
    return SourceFile(path=f"/in/{rel}", rel=rel, probed=probed, **outer)


def _told(
    rel: str, title: str = "Sample Book", author: str = "Jane Doe", **more: Any
) -> SourceFile:
    return _file(rel, title=title, authors=(author,), **more)


def _mp3(rel: str, disc: int, track: int) -> SourceFile:
    return _file(
        rel, MediaKind.MP3, album="Sample Book", authors=("Jane Doe",), title=f"Chapter {track}",
        track=Track(number=track, disc=disc),
    )  # fmt: skip


def _library(*files: LibraryFile, root: int | None = 9, free: int | None = None) -> LibraryFacts:
    targets = tuple(
        TargetRoot(slot_id=number, root_id=root, path="/lib", fields=FIELDS, free_bytes=free)
        for number in (1, 2)
    )
    return LibraryFacts(targets=targets, files=files)


def _in_library(rel: str, slot: int = 1, sha256: str = "") -> LibraryFile:
    kind = rel.rpartition(".")[2]
    return LibraryFile(root_id=9, rel_path=rel, slot_ids=(slot,), format=kind, sha256=sha256)


def _plan(
    files: list[SourceFile],
    *slots: SlotFacts,
    download: DownloadFacts = EBOOK_GRAB,
    library: LibraryFacts | None = None,
    **options: Any,
) -> ImportPlan:
    return plan(
        download, files, slots or (_slot(),), library or _library(), ImportOptions(**options)
    )


def _steps(made: ImportPlan) -> list[tuple[str, str]]:
    return [(step.kind.value, step.dst_rel) for step in made.steps]


def _left(made: ImportPlan) -> dict[str, str]:
    return {refused.path: refused.code for refused in made.refused}


def test_one_ebook_is_placed() -> None:
    made = _plan([_told("Sample Book.epub")])
    assert made.verdict == "import"
    assert _steps(made) == [("place", EPUB)]
    assert made.filled == (1,)


def test_only_the_best_format_is_placed() -> None:
    files = [_file("Sample Book.epub"), _file("Sample Book.mobi", MediaKind.MOBI)]
    made = _plan(files)
    assert _steps(made) == [("place", EPUB)]
    assert _left(made) == {"/in/Sample Book.mobi": "other-format"}


def test_retained_formats_are_placed_too() -> None:
    files = [_file("Sample Book.epub"), _file("Sample Book.mobi", MediaKind.MOBI)]
    made = _plan(files, retain=("epub", "mobi"))
    assert [kind for kind, _ in _steps(made)] == ["place", "place"]


def test_only_the_wanted_book_of_a_pack_is_placed() -> None:
    titles = ["Sample Book", "Other Tale", "Third Story", "Fourth Thing"]
    made = _plan([_told(f"{title}.epub", title) for title in titles])
    assert _steps(made) == [("place", EPUB)]
    assert sorted(_left(made).values()) == ["unwanted"] * 3


def test_each_wanted_book_of_a_pack_fills_its_slot() -> None:
    files = [_told("a.epub", "Sample Book"), _told("b.epub", "Other Tale")]
    other = _slot(2, title="Other Tale")
    made = _plan(files, _slot(), other)
    assert sorted(made.filled) == [1, 2]
    assert len({step.dst_rel for step in made.steps}) == 2


def test_a_side_car_names_a_file_that_is_silent() -> None:
    files = [
        _told("Wrong Author/final.epub", title="final", author="Wrong Author"),
        _told("Wrong Author/metadata.opf", kind=MediaKind.UNKNOWN),
    ]
    made = _plan(files, download=msgspec.structs.replace(EBOOK_GRAB, title="final"))
    assert _steps(made) == [("place", EPUB)]
    assert _plan(files[:1]).verdict == "block"


def test_a_side_car_speaks_for_its_own_stem_only() -> None:
    other = _told("b.opf", kind=MediaKind.UNKNOWN)
    files = [_file("a.epub", title="final"), _file("b.epub", title="other"), other]
    made = _plan(files, download=msgspec.structs.replace(EBOOK_GRAB, title="two books"))
    assert [step.src for step in made.steps] == ["/in/b.epub"]


def test_the_wrong_book_inside_is_held() -> None:
    made = _plan([_told("Sample Book.epub", "The Secret Garden", "Frances Burnett")])
    assert (made.verdict, made.code) == ("block", "not-the-book")
    assert made.steps == ()


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ProblemCode.DANGEROUS, "dangerous"),
        (ProblemCode.EPUB_ENCRYPTED, "encrypted"),
        (ProblemCode.ZIP_BROKEN, "corrupt"),
    ],
)
def test_bad_files_block(problem: ProblemCode, code: str) -> None:
    made = _plan([_told("Sample Book.epub", problems=(problem,))])
    assert (made.verdict, made.code) == ("block", code)
    assert made.steps == ()


def test_growing_files_wait() -> None:
    made = _plan([_told("Sample Book.epub", growing=True)])
    assert (made.verdict, made.code) == ("hold", "growing")


def test_a_video_is_no_book() -> None:
    made = _plan([_file("x.mkv", MediaKind.VIDEO, size=10**9), _told("Sample Book.epub")])
    assert (made.verdict, made.code) == ("block", "not-book-content")


def test_nothing_to_import_says_so() -> None:
    assert _plan([_file("readme.nfo", MediaKind.UNKNOWN)]).code == "no-book-files"
    assert _plan([]).code == "no-book-files"


def test_a_better_format_displaces_the_old_one() -> None:
    old = _in_library(f"{FOLDER}/Sample Book - Jane Doe.mobi")
    slot = _slot(profile=RANKED, current=CurrentFile(format="mobi"))
    made = _plan([_told("Sample Book.epub")], slot, library=_library(old))
    assert _steps(made) == [("place", EPUB), ("trash", old.rel_path)]


def test_a_worse_one_is_left() -> None:
    slot = _slot(profile=RANKED, current=CurrentFile(format="epub"))
    made = _plan(
        [_told("Sample Book.mobi", kind=MediaKind.MOBI)], slot, library=_library(_in_library(EPUB))
    )
    assert (made.verdict, made.code) == ("block", "not-better")


def test_the_equal_file_is_adopted() -> None:
    made = _plan(
        [_told("Sample Book.epub", sha256="aa")], library=_library(_in_library(EPUB, sha256="aa"))
    )
    assert _steps(made) == [("adopt", EPUB)]


def test_another_books_file_is_never_touched() -> None:
    made = _plan([_told("Sample Book.epub")], library=_library(_in_library(EPUB, slot=77)))
    assert _steps(made) == [("place", EPUB.replace(".epub", " (2).epub"))]


def test_without_a_root_nothing_happens() -> None:
    made = _plan([_told("Sample Book.epub")], library=_library(root=None))
    assert (made.verdict, made.code) == ("block", "no-root")


def test_a_copy_needs_room() -> None:
    grab = msgspec.structs.replace(EBOOK_GRAB, method=Method.COPY)
    made = _plan([_told("Sample Book.epub")], download=grab, library=_library(free=99))
    assert (made.verdict, made.code) == ("block", "disk-full")


def test_a_person_may_overrule_the_identity() -> None:
    forced = msgspec.structs.replace(EBOOK_GRAB, forced=True)
    made = _plan([_told("x.epub", "Something", "Somebody Else")], download=forced)
    assert _steps(made) == [("place", EPUB)]


def test_discs_are_flattened_in_order_and_side_cars_follow() -> None:
    files = [
        _mp3("CD2/01.mp3", 2, 1),
        _mp3("CD1/02.mp3", 1, 2),
        _mp3("CD1/01.mp3", 1, 1),
        _file("cover.jpg", MediaKind.UNKNOWN),
        _file("CD1/back.jpg", MediaKind.UNKNOWN),
        _file("book.pdf", MediaKind.PDF),
    ]
    made = _plan(files, _slot(2, "audiobook"), download=AUDIO_GRAB, flatten_discs=True)
    placed = [(step.src, step.dst_rel) for step in made.steps if step.kind == "place"]
    assert placed == [
        ("/in/CD1/01.mp3", f"{FOLDER}/Sample Book - Part 001.mp3"),
        ("/in/CD1/02.mp3", f"{FOLDER}/Sample Book - Part 002.mp3"),
        ("/in/CD2/01.mp3", f"{FOLDER}/Sample Book - Part 003.mp3"),
        ("/in/cover.jpg", f"{FOLDER}/cover.jpg"),
        ("/in/book.pdf", f"{FOLDER}/book.pdf"),
    ]
    dropped = [step.src for step in made.steps if step.kind == "drop_source"]
    assert sorted(dropped) == sorted(src for src, _ in placed)
    assert _left(made) == {"/in/CD1/back.jpg": "side-car"}


def test_one_disc_keeps_its_layout() -> None:
    files = [_mp3("Book/Disc 1/01.mp3", 0, 1), _mp3("Book/Disc 1/02.mp3", 0, 2)]
    made = _plan(files, _slot(2, "audiobook"), download=AUDIO_GRAB, flatten_discs=True)
    assert _steps(made)[:2] == [
        ("place", f"{FOLDER}/Disc 1/01.mp3"),
        ("place", f"{FOLDER}/Disc 1/02.mp3"),
    ]


def test_a_seeding_torrent_is_never_taken_apart() -> None:
    grab = msgspec.structs.replace(EBOOK_GRAB, method=Method.MOVE)
    made = _plan([_told("Sample Book.epub")], download=grab)
    assert [kind for kind, _ in _steps(made)] == ["place"]


def test_audio_and_ebook_of_one_download_fill_both_slots() -> None:
    files = [_mp3(f"{n:02}.mp3", 0, n) for n in range(1, 4)] + [_told("book.epub")]
    grab = msgspec.structs.replace(AUDIO_GRAB, slot_ids=(1, 2))
    made = _plan(files, _slot(), _slot(2, "audiobook"), download=grab)
    assert sorted(made.filled) == [1, 2]


def test_equal_part_names_ask_for_part() -> None:
    files = [_mp3("01.mp3", 0, 1), _mp3("02.mp3", 0, 2)]
    made = _plan(files, _slot(2, "audiobook"), download=AUDIO_GRAB, track_template="{Title}.{ext}")
    assert (made.verdict, made.code) == ("block", "part-names-equal")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="/"), min_size=1, max_size=12),
            st.sampled_from(list(MediaKind)),
            st.sampled_from(["", "Sample Book", "Other"]),
            st.sampled_from(["", "Jane Doe", "Somebody Else"]),
        ),
        max_size=8,
        unique_by=lambda item: item[0],
    )
)
def test_no_file_is_ever_lost(items: list[tuple[str, MediaKind, str, str]]) -> None:
    files = [_file(rel, kind, title=title, authors=(who,)) for rel, kind, title, who in items]
    made = _plan(files, _slot(), _slot(2, "audiobook"))
    carried = {step.src for step in made.steps if step.kind in ("place", "adopt")}
    left = {refused.path for refused in made.refused}
    assert carried | left == {file.path for file in files}
    assert not carried & left
    targets = [step.dst_rel.casefold() for step in made.steps if step.kind == "place"]
    assert len(targets) == len(set(targets))
    assert all(is_inside(step.dst_rel) for step in made.steps)


def test_an_omnibus_is_its_own_work_and_leaves_the_contained_ones_open() -> None:
    omnibus = _told("omnibus.epub", "The Sample Omnibus: Books 1-3")
    made = _plan([omnibus], _slot(title="The Sample Omnibus"), _slot(2, title="Sample Book"))
    assert [kind for kind, _ in _steps(made)] == ["place"]
    assert made.filled == (1,)
    alone = _plan([omnibus], _slot(title="Sample Book"))
    assert alone.steps == ()
    assert _left(alone) == {"/in/omnibus.epub": "not-the-book"}


def test_a_booklet_goes_with_its_audiobook() -> None:
    files = [
        _file("book.m4b", MediaKind.M4B, album="Sample Book", authors=("Jane Doe",)),
        _file("book.pdf", MediaKind.PDF),
    ]
    made = _plan(files, _slot(2, "audiobook"), download=AUDIO_GRAB)
    placed = [(step.src, step.role) for step in made.steps if step.kind == "place"]
    assert placed == [("/in/book.m4b", "track"), ("/in/book.pdf", "supplement")]


def test_a_program_in_disguise_holds_everything() -> None:
    program = _file("book.epub.exe", MediaKind.EXECUTABLE, problems=(ProblemCode.DANGEROUS,))
    made = _plan([_told("Sample Book.epub"), program])
    assert (made.verdict, made.code) == ("block", "dangerous")
    assert made.steps == ()
