"""Two people, isolation on: nobody reads or changes a row of the other by naming its id.

The routes are taken from the policy table. A new route with an id fails here until `FOREIGN`
knows a row for its parameter.
"""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from bindery.domain.door import Access
from bindery.domain.offers import Transport
from bindery.domain.principal import SYSTEM, Role
from bindery.http.policy import keys_of
from bindery.http.services import WebSettings
from bindery.operations.grab import GrabOrder, grab_in
from bindery.store import attention, blocklist, searches, users
from bindery.store.tx import Tx, Watch
from tests.http.catalogue_world import Library, open_library, put_author_in, put_book_in
from tests.http.world import UI, Session, session_of

PASSWORD = "correct horse"
SHARED = {"profile_id", "key", "name"}
"""Parameters that name what every account may see."""
BODIES: dict[str, dict[str, Any]] = {
    "author.update_author": {"monitored": False},
    "book.update_book": {"monitored": False},
    "system_health.mute": {"until": None},
}
QUERIES = {"book.delete_file": "?path=/books/lantern.epub"}
QUIET = {"blocklist.delete_entry", "history.hide"}
"""Deletes that answer 204 also when there is nothing: the row must still be there."""


async def member(world: Library, name: str) -> tuple[Session, int]:
    """An account without the admin role, signed in, and its library."""
    password_hash = PasswordHasher(1, 8, 1).hash(PASSWORD)

    def work(tx: Tx) -> int:
        user_id = users.add_in(tx, name=name, password_hash=password_hash, role=Role.USER)
        return users.library_of(tx, user_id)

    library = await world.store.write(work)
    body = {"username": name, "password": PASSWORD}
    answer = await world.ask("POST", "/api/v1/auth/login", json=body, headers=UI)
    return await session_of(answer), library


def furnish_in(tx: Tx, library: int) -> dict[str, int | str]:
    """One row of every kind in a library: the name of its path parameter -> its id."""
    author = put_author_in(tx, "Ada Quill", "OL1A", library=library)
    book = put_book_in(tx, author, "The Lantern Ledger", "OL1W", library=library)
    slot: int = tx.value("SELECT id FROM slot WHERE book_id = :book", {"book": book})
    order = GrabOrder(
        library_id=library,
        slot_ids=(slot,),
        guid="guid-1",
        title="Ada Quill - The Lantern Ledger EPUB",
        transport=Transport.HTTP,
        book_format="ebook",
        link="http://feed.test/1.epub",
        size=1_000,
        quality="epub",
        indexer_id=None,
        by=SYSTEM,
        trace="w-test",
        book_id=book,
    )
    download = grab_in(tx, order)
    assert isinstance(download, int), download
    blocked = blocklist.NewEntry(library_id=library, guid="guid-2", title="x", code="person")
    entry = blocklist.add_in(tx, blocked, SYSTEM)
    assert entry is not None
    search = searches.add_in(
        tx, library=library, kind="interactive", cause="person", by=SYSTEM, trace="w", deadline_at=0
    )
    job = tx.enqueue("author.sync", {}, key="9", library=library, watch=Watch("author.refresh"))
    series = tx.insert(
        "INSERT INTO series (title, title_key, sort_key, created_at, updated_at)"
        " VALUES ('Lanterns', 'lanterns', 'lanterns', 0, 0)",
        {},
    )
    tx.run(
        "INSERT INTO series_work (series_id, work_id)"
        " SELECT :series, work_id FROM book WHERE id = :book",
        {"series": series, "book": book},
    )
    return {
        "author_id": author,
        "book_id": book,
        "download_id": download,
        "entry_id": entry,
        "event_id": tx.value("SELECT max(id) FROM event", {}),
        "item_id": attention.raise_in(tx, "import_blocked", str(download), library=library),
        "search_id": search,
        "series_id": series,
        "wire_id": f"j-{job}",
    }


def contents(world: Library) -> dict[str, list[Any]]:
    """Every owned row as it is."""
    return {
        table: world.store.read(
            lambda r, t=table: r.values(f"SELECT json_array(rowid, rev) FROM {t}")
        )
        for table in ("author", "book", "download")
    } | {
        "blocklist": world.store.read(lambda r: r.values("SELECT id FROM blocklist")),
        "event": world.store.read(lambda r: r.values("SELECT id FROM event WHERE hidden = 0")),
        "command": world.store.read(lambda r: r.values("SELECT kind || state FROM command")),
        "attention": world.store.read(lambda r: r.values("SELECT id FROM attention")),
    }


async def test_rows_of_others_do_not_exist(tmp_path: Path) -> None:
    async with open_library(tmp_path, settings=WebSettings(enforce_tenancy=True)) as world:
        await world.set_up()
        session, _own = await member(world, "cal")
        owner, library = await member(world, "bea")
        basic = {"Authorization": "Basic " + b64encode(f"cal:{PASSWORD}".encode()).decode()}
        foreign = await world.store.write(lambda tx: furnish_in(tx, library))
        seen = await world.ask("GET", f"/api/v1/book/{foreign['book_id']}", headers=owner.headers)
        assert seen.status_code == 200
        before = contents(world)
        asked, wrong = 0, list[tuple[str, int, str]]()
        for rule in world.app.url_map.iter_rules():
            names = set(rule.arguments) - SHARED
            if rule.websocket or not names:
                continue
            for endpoint, method in keys_of(rule):
                access = world.app.table[endpoint, method].access
                if access not in {Access.user, Access.opds}:
                    continue
                assert names <= foreign.keys(), f"{endpoint}: no foreign row for {names}"
                path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(foreign.get(m[1], "x")), rule.rule)
                path += QUERIES.get(endpoint, "")
                body: dict[str, Any] = {"json": BODIES[endpoint]} if endpoint in BODIES else {}
                headers = basic if access is Access.opds else session.writing
                answer = await world.ask(method, path, headers=headers, **body)
                told = (endpoint, answer.status_code, await answer.get_data(as_text=True))
                wanted = {204, 404} if endpoint in QUIET else {404}
                if answer.status_code not in wanted or "Lantern" in told[2]:
                    wrong.append(told)
                asked += 1
        assert wrong == []
        assert asked >= 20
        assert contents(world) == before
