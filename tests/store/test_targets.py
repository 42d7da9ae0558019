"""Where the files of a slot go, and what the library is known to hold."""

from bindery.domain.naming import DEFAULT_BOOK
from bindery.domain.principal import SYSTEM
from bindery.store import files, slot_facts, targets
from bindery.store.roots import add_root_in
from bindery.store.settings_rows import put_setting_in
from bindery.store.slot_facts import SlotHead
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx
from tests.kit.library import add_author, add_book, add_download


async def shelf(store: Store) -> tuple[int, int]:
    """Ids of the author and of the ebook slot; the audiobook slot is the next."""

    def work(tx: Tx) -> tuple[int, int]:
        author_id = add_author(tx)
        add_book(tx, author_id=author_id, wanted=("ebook", "audiobook"))
        return author_id, tx.value("SELECT min(id) FROM slot")

    return await store.write(work)


def slot(reader: Reader, slot_id: int) -> SlotHead:
    head = slot_facts.head(reader, slot_id)
    assert head is not None
    return head


def root_path(store: Store, slot_id: int) -> str | None:
    root = store.read(lambda reader: targets.root_of(reader, slot(reader, slot_id)))
    return root.path if root else None


async def test_root_is_the_slots_then_the_authors_then_the_default_then_any(store: Store) -> None:
    author_id, ebook = await shelf(store)
    assert root_path(store, ebook) is None

    def roots(tx: Tx) -> list[int]:
        return [add_root_in(tx, f"/r{n}", f"m{n}", by=SYSTEM) for n in range(4)]

    ids = await store.write(roots)
    assert root_path(store, ebook) == "/r0"
    await store.write(
        lambda tx: put_setting_in(tx, "library.defaultRootFolderId", str(ids[1]), SYSTEM)
    )
    assert root_path(store, ebook) == "/r1"

    def choose(tx: Tx) -> None:
        tx.run(
            "UPDATE author SET root_id = :book, audiobook_root_id = :audio WHERE id = :id",
            {"book": ids[2], "audio": ids[3], "id": author_id},
        )

    await store.write(choose)
    assert (root_path(store, ebook), root_path(store, ebook + 1)) == ("/r2", "/r3")
    await store.write(lambda tx: tx.run("UPDATE slot SET root_id = 1"))
    assert root_path(store, ebook + 1) == "/r0"


async def test_naming_tokens_come_from_the_catalogue(store: Store) -> None:
    _, ebook = await shelf(store)

    def add(tx: Tx) -> None:
        tx.run(
            "INSERT INTO series (title, sort_key, title_key, created_at, updated_at)"
            " VALUES ('Hainish Cycle', 'h', 'h', 0, 0)"
        )
        tx.run("INSERT INTO series_work (series_id, work_id, position_text) VALUES (1, 1, '6')")
        tx.run(
            "INSERT INTO edition (work_id, title, publisher, narrators, created_at, updated_at)"
            " VALUES (1, 'x', 'Harper', '[\"Don Leslie\"]', 0, 0)"
        )
        tx.run(
            "INSERT INTO identifier (kind, entity_id, scheme, value)"
            " VALUES ('edition', 1, 'asin', 'B01')"
        )

    await store.write(add)
    target = store.read(lambda reader: targets.target_of(reader, slot(reader, ebook)))
    assert target.root_id is None
    assert target.fields == {
        "Author": "Ursula K. Le Guin",
        "SortAuthor": "Guin, Ursula K. Le",
        "AuthorInitial": "G",
        "Title": "The Dispossessed",
        "SortTitle": "The Dispossessed",
        "Year": "1974",
        "ASIN": "B01",
        "Series": "Hainish Cycle",
        "SeriesNumber": "6",
        "Narrator": "Don Leslie",
        "Publisher": "Harper",
    }


async def test_options_follow_settings_and_their_old_names(store: Store) -> None:
    assert store.read(targets.options).book_template == DEFAULT_BOOK
    assert store.read(targets.wanted_mode) == "auto"

    def put(tx: Tx) -> None:
        put_setting_in(tx, "naming_template", "{Title}.{ext}", SYSTEM)
        put_setting_in(tx, "import.audiobook.flatten_multi_disc", "true", SYSTEM)
        put_setting_in(tx, "import.retainFormats", "epub, pdf", SYSTEM)
        put_setting_in(tx, "import.mode", "copy", SYSTEM)

    await store.write(put)
    options = store.read(targets.options)
    assert (options.book_template, options.flatten_discs) == ("{Title}.{ext}", True)
    assert options.retain == ("epub", "pdf")
    assert store.read(targets.wanted_mode) == "copy"


async def test_wanted_beside_leaves_out_what_has_a_download(store: Store) -> None:
    author_id, ebook = await shelf(store)

    def more(tx: Tx) -> None:
        add_book(tx, "Rocannon's World", author_id=author_id)
        taken = add_book(tx, "Planet of Exile", author_id=author_id)
        add_download(tx, taken)
        add_book(tx, "Neuromancer", author_id=add_author(tx, "William Gibson"))

    await store.write(more)
    found = store.read(lambda reader: targets.wanted_beside(reader, [ebook, ebook + 1]))
    titles = store.read(lambda reader: [slot(reader, one).title for one in found])
    assert titles == ["Rocannon's World"]


async def test_a_file_knows_every_slot_it_fills(store: Store) -> None:
    _, ebook = await shelf(store)

    def work(tx: Tx) -> None:
        root = add_root_in(tx, "/r", "m", by=SYSTEM)
        new = files.NewFile(
            root_id=root, rel_path="a/b.epub", size=5, mtime_ns=1, inode=2, sha256="ab"
        )
        for slot_id in (ebook, ebook + 1):
            files.fill_in(tx, slot_id, files.put_in(tx, new))

    await store.write(work)
    (of_slot,) = store.read(lambda reader: targets.files_of_slots(reader, [ebook]))
    at = store.read(lambda reader: targets.files_at(reader, 1, ["a/b.epub", "nowhere"]))
    assert of_slot.slot_ids == (ebook, ebook + 1)
    assert at == {"a/b.epub": of_slot}


async def test_missing_file_gives_the_book_back_to_the_wanted(store: Store) -> None:
    _, ebook = await shelf(store)

    def status() -> str:
        found: str = store.read(lambda reader: reader.value("SELECT p_status FROM book"))
        return found

    def put(tx: Tx) -> None:
        root = add_root_in(tx, "/r", "m", by=SYSTEM)
        new = files.NewFile(root_id=root, rel_path="b", size=5, mtime_ns=1, inode=2, sha256="")
        file_id = files.put_in(tx, new)
        for slot_id in (ebook, ebook + 1):
            files.fill_in(tx, slot_id, file_id)

    await store.write(put)
    assert status() == "imported"
    assert await store.write(lambda tx: files.missing_in(tx, 1, missing=True))
    assert status() == "wanted"
    assert await store.write(lambda tx: files.missing_in(tx, 1, missing=False))
    assert not await store.write(lambda tx: files.missing_in(tx, 1, missing=False))
    assert status() == "imported"
    assert await store.write(lambda tx: files.forget_in(tx, 1, "b"))
    assert status() == "wanted"
