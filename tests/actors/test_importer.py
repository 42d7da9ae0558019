"""The importer on a real file system: what it brings in, refuses, waits for and takes back."""

import json
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from bindery.actors.importer import placing, planning
from bindery.domain.media import ProbedFile
from bindery.domain.principal import Principal, Role, Via
from bindery.operations.downloads import RemoveOptions, remove_download
from bindery.runtime import faults
from bindery.store import commands, imports
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.files.probe import samples
from tests.kit import importing
from tests.kit.database import open_test_store
from tests.kit.importing import House

SHELVED = "Toni Morrison/Sula (1973)/Sula - Toni Morrison.epub"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    with trio.fail_after(20):
        async with open_test_store(tmp_path) as opened:
            yield opened


async def arrange(
    store: Store,
    house: House,
    before: Callable[[Tx, int], None] | None = None,
    *,
    forced: bool = False,
    **chosen: str,
) -> int:
    """A download at the door; the import command's id."""

    def work(tx: Tx) -> int:
        download_id = importing.furnish_in(tx, house, **chosen)  # pyright: ignore[reportArgumentType] - keywords of the kit
        if before is not None:
            before(tx, download_id)
        return importing.open_gate_in(tx, house, download_id, forced=forced)

    return await store.write(work)


async def settle(store: Store, command: int) -> None:
    def tried() -> tuple[str, int]:
        found = store.read(lambda reader: commands.find(reader, command))
        assert found is not None
        return found.state, found.attempts

    _, before = tried()
    async with importing.at_work(store):
        for _ in range(500):
            state, attempts = tried()
            if state != "running" and (state != "queued" or attempts > before):
                return
            await trio.sleep(0.01)
    raise AssertionError("the import did not end")


def events(store: Store) -> list[str]:
    return store.read(lambda reader: reader.values("SELECT type FROM event ORDER BY id"))


async def test_ebook_is_linked_registered_and_told(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    await settle(store, await arrange(store, house))
    row = importing.download(store)
    assert (row.state, row.live, row.stage) == ("imported", False, "clean")
    assert house.shelved() == [SHELVED]
    source = next(house.source.iterdir())
    assert (house.root / SHELVED).stat().st_ino == source.stat().st_ino
    assert events(store) == ["bookImported"]
    assert store.read(lambda r: r.value("SELECT p_status FROM book")) == "imported"
    facts = store.read(lambda r: r.tuples("SELECT rel_path, quality, language FROM file"))
    assert facts == [(SHELVED, "epub", "en")]
    cleanup = store.read(lambda r: r.tuples("SELECT kind, lane, key FROM command ORDER BY id"))
    assert cleanup[-1] == ("download.cleanup", "client:1", "1")


async def test_a_move_removes_the_source_after_registering(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    await settle(store, await arrange(store, house, protocol="usenet"))
    assert house.shelved() == [SHELVED]
    assert not house.source.exists()
    assert house.source.parent.exists()


async def test_three_tracks_become_one_audiobook(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.tracks())
    await settle(store, await arrange(store, house, format_="audiobook"))
    assert importing.download(store).state == "imported"
    folder = "Toni Morrison/Sula (1973)"
    assert house.shelved() == [
        *(f"{folder}/{n:02d} - Sula.mp3" for n in (1, 2, 3)),
        f"{folder}/cover.jpg",
    ]
    numbers = store.read(lambda r: r.values("SELECT track FROM slot_file ORDER BY track"))
    assert numbers == [1, 2, 3]
    assert events(store) == ["bookImported"]


async def test_a_better_format_puts_the_old_one_into_the_bin(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    old = "Toni Morrison/Old/Sula.pdf"

    def before(tx: Tx, download_id: int) -> None:
        importing.shelve_in(tx, house, download_id, old, importing.OLD_PDF)
        tx.run("UPDATE slot SET profile_id = 2")

    await settle(store, await arrange(store, house, before))
    assert importing.download(store).state == "imported", importing.download(store)
    assert house.shelved() == [SHELVED]
    assert house.binned() == [importing.OLD_PDF]
    assert store.read(lambda r: r.values("SELECT rel_path FROM file")) == [SHELVED]
    assert events(store) == ["bookImported", "bookFileUpgraded"]
    (params,) = store.read(
        lambda r: r.values("SELECT params FROM event WHERE type = 'bookFileUpgraded'")
    )
    assert json.loads(params) == {
        "path": str(house.root / SHELVED),
        "format": "epub",
        "replacedPaths": [str(house.root / old)],
        "replacedFormats": ["pdf"],
    }


@pytest.mark.parametrize(
    ("on_import", "on_upgrade", "told"),
    [(1, 0, ["bookImported"]), (0, 1, ["bookFileUpgraded"]), (1, 1, ["bookFileUpgraded"])],
)
async def test_an_upgrade_is_told_once(
    store: Store, tmp_path: Path, on_import: int, on_upgrade: int, told: list[str]
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)

    def before(tx: Tx, download_id: int) -> None:
        old = "Toni Morrison/Old/Sula.pdf"
        importing.shelve_in(tx, house, download_id, old, importing.OLD_PDF)
        tx.run("UPDATE slot SET profile_id = 2")
        tx.run(
            "INSERT INTO notifier (name, url, on_import, on_upgrade, created_at, updated_at)"
            " VALUES ('n', 'http://127.0.0.1/', :import, :upgrade, 0, 0)",
            {"import": on_import, "upgrade": on_upgrade},
        )

    await settle(store, await arrange(store, house, before))
    sent = store.read(
        lambda r: r.values(
            "SELECT e.type FROM command c JOIN event e"
            " ON e.id = json_extract(c.payload, '$.eventId') WHERE c.kind = 'outbox.send'"
        )
    )
    assert sent == told


async def test_somebody_elses_file_is_never_replaced(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    stranger = house.root / SHELVED
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"somebody's own book")
    await settle(store, await arrange(store, house))
    assert house.shelved() == sorted([SHELVED, SHELVED.replace(".epub", " (2).epub")])
    assert stranger.read_bytes() == b"somebody's own book"


async def test_the_same_bytes_on_the_shelf_are_adopted(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    there = house.root / SHELVED
    there.parent.mkdir(parents=True)
    there.write_bytes(next(iter(importing.EBOOK.values())))
    inode = there.stat().st_ino
    await settle(store, await arrange(store, house))
    assert importing.download(store).state == "imported"
    assert house.shelved() == [SHELVED]
    assert there.stat().st_ino == inode


async def test_wrong_book_is_blocked_blocklisted_and_searched_again(
    store: Store, tmp_path: Path
) -> None:
    other = samples.package(
        "<dc:title>Dune</dc:title><dc:creator>Frank Herbert</dc:creator><dc:language>en</dc:language>"
    )
    house = importing.build(tmp_path / "h", {"Frank Herbert - Dune.epub": samples.epub(other)})
    await settle(store, await arrange(store, house))
    row = importing.download(store)
    assert (row.state, row.code, row.live) == ("importBlocked", "not-the-book", False)
    assert house.shelved() == []
    assert store.read(lambda r: r.values("SELECT code FROM blocklist")) == ["not-the-book"]
    kinds = store.read(lambda r: r.values("SELECT kind FROM command WHERE state = 'queued'"))
    assert kinds == ["slot.search"]
    assert store.read(lambda r: r.values("SELECT action FROM attention")) == ["retry_import"]


async def test_program_in_the_payload_is_dangerous(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", {**importing.EBOOK, "Sula.exe": b"MZ" + bytes(500)})
    await settle(store, await arrange(store, house))
    assert importing.download(store).code == "dangerous"
    assert house.shelved() == []


async def test_absent_source_goes_back_to_the_gate(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    house.source.rename(tmp_path / "elsewhere")
    await settle(store, command)
    row = importing.download(store)
    assert (row.state, row.stage, row.code) == ("completed", "gate", "path_missing")
    assert row.attempts == 0
    kinds = store.read(lambda r: r.values("SELECT kind FROM command WHERE state = 'queued'"))
    assert kinds == ["download.gate"]


async def test_root_that_is_not_mounted_is_not_filled(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    (house.root / ".bindery-root").unlink()
    await settle(store, await arrange(store, house))
    row = importing.download(store)
    assert (row.state, row.code, row.attempts) == ("importFailed", "root_unavailable", 1)
    assert row.params["cause"] == "root_not_mounted"
    assert row.live
    assert list(house.root.iterdir()) == []


@pytest.mark.parametrize("fault", ["op.tmp_written=enospc", "op.tmp_partial=erofs"])
async def test_full_or_read_only_disk_fails_and_leaves_nothing(
    store: Store, tmp_path: Path, fault: str
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house, mode="copy")
    faults.arm(fault)
    try:
        await settle(store, command)
    finally:
        faults.arm("")
    row = importing.download(store)
    code = "disk_full" if "enospc" in fault else "read_only"
    assert (row.state, row.code, row.attempts) == ("importFailed", code, 1)
    assert row.next_attempt_at == store.clock.now_us() + 60_000_000
    assert (house.shelved(), house.strays()) == ([], [])
    assert not (house.root / "Toni Morrison").exists()
    assert store.read(lambda reader: imports.find_open(reader, 1)) is None


async def test_a_failed_import_is_retried_by_its_timer(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    marker = house.root / ".bindery-root"
    marker.unlink()
    await settle(store, command)
    marker.write_text(importing.MARKER)
    await store.write(lambda tx: tx.run("UPDATE command SET not_before = 0"))
    await settle(store, command)
    assert importing.download(store).state == "imported"
    assert events(store) == ["importFailed", "bookImported"]


async def test_the_sixth_fault_needs_a_person(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)

    def before(tx: Tx, _download_id: int) -> None:
        tx.run("UPDATE download SET attempts = 5")

    command = await arrange(store, house, before)
    (house.root / ".bindery-root").unlink()
    await settle(store, command)
    row = importing.download(store)
    assert (row.state, row.code, row.live) == ("importBlocked", "attempts_spent", True)


async def test_forced_match_replaces_the_same_path(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)

    def before(tx: Tx, download_id: int) -> None:
        importing.shelve_in(tx, house, download_id, SHELVED, b"an older epub")

    await settle(store, await arrange(store, house, before, forced=True))
    assert importing.download(store).state == "imported"
    assert house.shelved() == [SHELVED]
    assert house.binned() == [b"an older epub"]


async def test_only_listed_files_of_a_shared_folder_are_imported(
    store: Store, tmp_path: Path
) -> None:
    payload = {"mine/Sula.epub": samples.epub(), "theirs/Sula.epub": samples.epub()}
    house = importing.build(tmp_path / "h", payload)
    command = await arrange(store, house)
    source = imports.ImportSource(path=str(house.source), files=("mine/Sula.epub",))
    await store.write(lambda tx: imports.set_source_in(tx, 1, source))
    await settle(store, command)
    record = store.read(lambda reader: imports.find_import(reader, 1))
    assert record is not None
    assert [step.src for step in record.plan.plan.steps] == [str(house.source / "mine/Sula.epub")]


async def test_removing_a_stuck_download_takes_its_files_back(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    faults.arm("op.dir_synced=eio")
    try:
        await settle(store, command)
    finally:
        faults.arm("")
    assert importing.download(store).state == "importFailed"
    assert house.shelved() == [SHELVED]  # published, not registered
    admin = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
    assert await remove_download(store, admin, 1, RemoveOptions()) is None
    await settle(store, command)
    assert (house.shelved(), house.strays()) == ([], [])
    assert [p.name for p in house.source.iterdir()] == list(importing.EBOOK)
    assert store.read(lambda reader: reader.values("SELECT state FROM import")) == ["undone"]
    assert "bookImported" not in events(store)


async def test_an_import_that_published_goes_on_where_it_stopped(
    store: Store, tmp_path: Path
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    faults.arm("op.dir_synced=eio")
    try:
        await settle(store, command)
    finally:
        faults.arm("")
    await store.write(lambda tx: tx.run("UPDATE command SET not_before = 0"))
    await settle(store, command)
    assert importing.download(store).state == "imported"
    assert store.read(lambda reader: reader.values("SELECT state FROM import")) == ["done"]


async def test_a_place_taken_behind_the_plan_is_planned_around(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    stranger = house.root / SHELVED

    def take_it(name: str) -> None:
        if name == "import.planned" and not stranger.exists():
            stranger.parent.mkdir(parents=True)
            stranger.write_bytes(b"put there meanwhile")

    monkeypatch.setattr(planning, "reach", take_it)
    await settle(store, await arrange(store, house))
    assert importing.download(store).state == "imported"
    assert house.shelved() == sorted([SHELVED, SHELVED.replace(".epub", " (2).epub")])
    assert stranger.read_bytes() == b"put there meanwhile"
    states = store.read(lambda reader: reader.values("SELECT state FROM import ORDER BY id"))
    assert states == ["undone", "done"]


async def test_files_that_still_change_wait_at_the_gate(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    probe = importing.InlineProbe.probe

    def grow(path: Path) -> None:
        path.write_bytes(path.read_bytes() + b"more")

    async def grows(self: importing.InlineProbe, path: str) -> ProbedFile:
        found = await probe(self, path)
        grow(Path(path))
        return found

    monkeypatch.setattr(importing.InlineProbe, "probe", grows)
    await settle(store, await arrange(store, house))
    row = importing.download(store)
    assert (row.state, row.stage, row.code, row.attempts) == ("completed", "gate", "growing", 0)
    due = store.read(lambda r: r.value("SELECT not_before FROM command WHERE state = 'queued'"))
    assert due == store.clock.now_us() + 10_000_000


async def test_a_source_that_changed_after_its_import_is_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    source = house.source / next(iter(importing.EBOOK))

    def change(name: str) -> None:
        if name == "register.committed":
            source.unlink()
            source.write_bytes(b"something else now")

    monkeypatch.setattr(placing, "reach", change)
    await settle(store, await arrange(store, house, protocol="usenet"))
    assert importing.download(store).state == "imported"
    assert house.shelved() == [SHELVED]
    assert source.read_bytes() == b"something else now"
    assert store.read(lambda reader: reader.values("SELECT state FROM import")) == ["done"]
    kinds = store.read(lambda reader: reader.values("SELECT kind FROM command"))
    assert "download.cleanup" not in kinds


async def test_client_keeps_a_download_of_which_files_wait_for_a_person(
    store: Store, tmp_path: Path
) -> None:
    other = samples.package(
        "<dc:title>Dune</dc:title><dc:creator>Frank Herbert</dc:creator><dc:language>en</dc:language>"
    )
    payload = {**importing.EBOOK, "Frank Herbert - Dune.epub": samples.epub(other)}
    house = importing.build(tmp_path / "h", payload)
    await settle(store, await arrange(store, house))
    assert importing.download(store).state == "imported"
    assert house.shelved() == [SHELVED]
    kinds = store.read(lambda reader: reader.values("SELECT kind FROM command"))
    assert "download.cleanup" not in kinds


async def test_targets_of_notifications_are_told_once(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)

    def before(tx: Tx, _download_id: int) -> None:
        for name, on_import in (("yes", 1), ("no", 0)):
            tx.run(
                "INSERT INTO notifier (name, url, on_import, created_at, updated_at)"
                " VALUES (:name, 'http://127.0.0.1/', :on, 0, 0)",
                {"name": name, "on": on_import},
            )

    await settle(store, await arrange(store, house, before))
    event = store.read(lambda r: r.value("SELECT id FROM event WHERE type = 'bookImported'"))
    keys = store.read(lambda r: r.values("SELECT key FROM command WHERE kind = 'outbox.send'"))
    assert keys == [f"{event}:1"]


ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))


async def test_removing_while_probing_places_nothing(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    with removal(store, planning, "gather"):
        await settle(store, command)
    assert importing.download(store).removed_at is not None
    assert (house.shelved(), house.strays()) == ([], [])
    assert [p.name for p in house.source.iterdir()] == list(importing.EBOOK)


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_removing_while_placing_takes_all_back(
    store: Store, tmp_path: Path, step: int
) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    await arrange(store, house)
    with removal(store, placing, "_advance", nth=step):
        async with importing.at_work(store):
            for _ in range(500):
                if store.read(lambda r: r.values("SELECT state FROM import")) == ["undone"]:
                    break
                await trio.sleep(0.01)
    assert (house.shelved(), house.strays()) == ([], [])
    assert [p.name for p in house.source.iterdir()] == list(importing.EBOOK)
    assert "bookImported" not in events(store)


@contextmanager
def removal(store: Store, module: object, name: str, nth: int = 1) -> Generator[None]:
    """A person removes the download during the nth call of a step."""
    real = getattr(module, name)
    calls = 0

    async def step(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth:
            assert await remove_download(store, ADMIN, 1, RemoveOptions()) is None
        return await real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, step)
        yield


async def test_an_import_that_kills_five_times_is_blocked(store: Store, tmp_path: Path) -> None:
    house = importing.build(tmp_path / "h", importing.EBOOK)
    command = await arrange(store, house)
    await store.write(
        lambda tx: tx.run("UPDATE command SET crashes = 5 WHERE id = :id", {"id": command})
    )
    await settle(store, command)
    row = importing.download(store)
    assert (row.state, row.code, row.live) == ("importBlocked", "crashes_spent", True)
    found = store.read(lambda r: r.values("SELECT code FROM attention ORDER BY code"))
    assert found == ["import_blocked"]
