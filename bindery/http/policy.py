"""The policy table: who may call which route. One row per (endpoint, method or WS).

The app refuses to start when a route has no row or a row no route (recipes.md B2), and the
authorisation tests are generated from this table. Classes are those of the master route table
(identity-and-system.md 1, security-rulings.md 11); guards are decided in `bindery.domain.door`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quart import Quart
from werkzeug.routing import Rule as UrlRule

from bindery.domain.door import Access, Tree

WS = "WS"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    `exempt`: free of `X-Requested-With` and token, not of the origin gate (login, logout,
    setup). `own_session`: never by a named key (security-rulings.md 1).
    """

    access: Access
    exempt: bool = False
    own_session: bool = False


Table = Mapping[tuple[str, str], Rule]

P = Rule(Access.public)
P_EXEMPT = Rule(Access.public, exempt=True)
U = Rule(Access.user)
A = Rule(Access.admin)
A_OWN = Rule(Access.admin, own_session=True)
O = Rule(Access.opds)  # noqa: E741 - the letter of the route table
M = Rule(Access.metrics)

POLICY: Table = {
    # root
    ("metrics.metrics", "GET"): M,
    ("spa.base_script", "GET"): P,
    # system
    ("health.health", "GET"): P,
    ("system.status", "GET"): U,
    ("system.setup_state", "GET"): U,
    ("system_health.system_health", "GET"): A,
    ("system_health.attention_items", "GET"): U,
    ("system_health.mute", "POST"): U,
    ("system_health.retry", "POST"): A,
    ("system_health.counters", "GET"): U,
    ("jobs.list_all", "GET"): U,
    ("jobs.get_job", "GET"): U,
    ("jobs.cancel", "POST"): U,
    # sign-in and own account
    ("auth.status", "GET"): P,
    ("auth.csrf", "GET"): P,
    ("auth.login", "POST"): P_EXEMPT,
    ("auth.logout", "POST"): P_EXEMPT,
    ("auth.setup", "POST"): P_EXEMPT,
    ("auth.config", "GET"): U,
    ("auth.password", "POST"): U,
    ("auth.regenerate_key", "POST"): A_OWN,
    # authors, books, what is wanted
    ("author.list_authors", "GET"): U,
    ("author.get_author", "GET"): U,
    ("author.add_author", "POST"): U,
    ("author.add_book", "POST"): U,
    ("author.bulk_authors", "POST"): U,
    ("author.update_author", "PUT"): U,
    ("author.delete_author", "DELETE"): U,
    ("author.refresh", "POST"): U,
    ("author.aliases", "GET"): U,
    ("book.list_books", "GET"): U,
    ("book.get_book", "GET"): U,
    ("book.update_book", "PUT"): U,
    ("book.delete_book", "DELETE"): U,
    ("book.delete_file", "DELETE"): U,
    ("book.exclude", "PUT"): U,
    ("book.bulk_books", "POST"): U,
    ("wanted.missing", "GET"): U,
    ("wanted.bulk_wanted", "POST"): U,
    ("series.list_series", "GET"): U,
    ("series.get_series", "GET"): U,
    ("series.series_of_author", "GET"): U,
    # metadata providers
    ("lookup.search_author", "GET"): U,
    ("lookup.search_book", "GET"): U,
    ("lookup.lookup", "GET"): U,
    ("images.image", "GET"): U,
    # configuration of the library
    ("rootfolder.list_roots", "GET"): U,
    ("rootfolder.add_root", "POST"): A,
    ("rootfolder.delete_root", "DELETE"): A,
    ("profile.list_quality", "GET"): U,
    ("profile.get_quality", "GET"): U,
    ("profile.list_metadata", "GET"): U,
    ("profile.get_metadata", "GET"): U,
    ("setting.list_settings", "GET"): U,
    ("setting.get_setting", "GET"): U,
    ("setting.put_setting", "PUT"): A,
    ("setting.delete_setting", "DELETE"): A,
    # download clients
    ("downloadclient.list_clients", "GET"): A,
    ("downloadclient.get_client", "GET"): A,
    ("downloadclient.add_client", "POST"): A,
    ("downloadclient.update_client", "PUT"): A,
    ("downloadclient.delete_client", "DELETE"): A,
    ("downloadclient.test_client", "POST"): A,
    ("downloadclient.test_unsaved", "POST"): A,
    # queue
    ("queue.list_queue", "GET"): U,
    ("queue.remove", "DELETE"): U,
    ("queue.bulk_remove", "POST"): U,
    ("queue.retry_import", "POST"): U,
    ("manual_import.match", "POST"): A,
    ("arr_queue.arr_queue", "GET"): U,
    # backups
    ("backup.list_backups", "GET"): A,
    ("backup.create_backup", "POST"): A,
    ("backup.delete_backup", "DELETE"): A,
    # notifications
    ("notification.list_notifications", "GET"): A,
    ("notification.get_notification", "GET"): A,
    ("notification.add_notification", "POST"): A,
    ("notification.update_notification", "PUT"): A,
    ("notification.delete_notification", "DELETE"): A,
    ("notification.test_notification", "POST"): A,
    ("notification.test_unsaved", "POST"): A,
    # history
    ("history.list_events", "GET"): U,
    ("history.hide", "DELETE"): U,
    ("history.blocklist", "POST"): U,
    # indexers, searches, grabs
    ("indexer.list_indexers", "GET"): A,
    ("indexer.get_indexer", "GET"): A,
    ("indexer.add_indexer", "POST"): A,
    ("indexer.update_indexer", "PUT"): A,
    ("indexer.delete_indexer", "DELETE"): A,
    ("indexer.test_indexer", "POST"): A,
    ("indexer.test_unsaved", "POST"): A,
    ("indexer.search", "GET"): U,
    ("search.search", "POST"): U,
    ("search.get_search", "GET"): U,
    ("search.last_debug", "GET"): U,
    ("grab.grab", "POST"): U,
    ("blocklist.list_blocklist", "GET"): U,
    ("blocklist.delete_entry", "DELETE"): U,
    ("blocklist.delete_entries", "DELETE"): U,
    # files
    ("book_file.book_file", "GET"): U,
    # opds
    ("opds.root", "GET"): O,
    ("opds.recent", "GET"): O,
    ("opds.authors", "GET"): O,
    ("opds.author", "GET"): O,
    ("opds.series_list", "GET"): O,
    ("opds.series", "GET"): O,
    ("opds.search", "GET"): O,
    ("opds.search_description", "GET"): O,
    ("opds.book", "GET"): O,
    ("opds.entry", "GET"): O,
    ("opds.file", "GET"): O,
    ("opds.named_file", "GET"): O,
    ("opds.images", "GET"): O,
    # live
    ("live.live", WS): U,
}


def keys_of(rule: UrlRule) -> Iterable[tuple[str, str]]:
    """The table keys of one URL rule; HEAD follows GET, automatic OPTIONS are off."""
    if rule.websocket:
        yield rule.endpoint, WS
        return
    for method in rule.methods or ():
        if method not in {"HEAD", "OPTIONS"}:
            yield rule.endpoint, method


def check(app: Quart, table: Table) -> None:
    """Refuse to start unless routes and rows are the same set."""
    routes = {key for rule in app.url_map.iter_rules() for key in keys_of(rule)}
    missing, stale = routes - table.keys(), table.keys() - routes
    if missing or stale:
        raise RuntimeError(
            "policy table and routes differ: "
            f"routes without a row {sorted(missing)}, rows without a route {sorted(stale)}"
        )


def find(table: Table, endpoint: str, method: str) -> Rule:
    """The row of a routed request; `check` made sure that it exists."""
    return table[endpoint, "GET" if method == "HEAD" else method]


_TREES = (
    ("/api/v1/live", Tree.live),
    ("/api", Tree.api),
    ("/opds", Tree.opds),
    ("/readarr", Tree.facade),
    ("/calendar", Tree.calendar),
    ("/metrics", Tree.metrics),
)


def tree_of(template: str) -> Tree:
    """The tree of a route template, or of a path that no route has."""
    for prefix, tree in _TREES:
        if template == prefix or template.startswith(prefix + "/"):
            return tree
    return Tree.app
