"""Rows of download clients, and what their pollers have learnt (downloads-and-import.md 1.1).

`client` is configuration with a `rev`; `client_state` is knowledge and never touches it, so that
a poll result can be told from one of an older configuration (architecture.md 7, roster).
"""

import msgspec

from bindery.domain.refusal import Params
from bindery.store.marks import configured_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class ClientRow(msgspec.Struct, frozen=True, kw_only=True):
    """One configured download client, secrets included: never leaves the process as it is."""

    id: int
    name: str
    type: str
    host: str
    port: int
    use_ssl: bool
    url_base: str
    username: str
    password: str
    api_key: str
    category: str
    category_audiobook: str
    path_remap: str
    download_dir: str
    remove_completed: bool
    priority: int
    enabled: bool
    created_at: int
    updated_at: int
    rev: int


class ClientState(msgspec.Struct, frozen=True, kw_only=True):
    """What the poller of one client saw last. `status`: unknown, ok, failing."""

    client_id: int
    status: str
    version: str
    ok_at: int | None
    failed_at: int | None
    code: str | None
    params: Params
    """The values behind `code`."""


class ClientFields(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a person sets."""

    name: str
    type: str
    host: str = ""
    port: int = 8080
    use_ssl: bool = False
    url_base: str = ""
    username: str = ""
    password: str = ""
    api_key: str = ""
    category: str = "books"
    category_audiobook: str = ""
    path_remap: str = ""
    download_dir: str = ""
    remove_completed: bool = False
    priority: int = 0
    enabled: bool = True


_COLUMNS = """id, name, type, host, port, use_ssl, url_base, username, password, api_key, category,
  category_audiobook, path_remap, download_dir, remove_completed, priority, enabled, created_at,
  updated_at, rev"""

_q_list = f"SELECT {_COLUMNS} FROM client ORDER BY priority, id"
_q_get = f"SELECT {_COLUMNS} FROM client WHERE id = :id"
_q_list_enabled = f"""
SELECT {_COLUMNS} FROM client WHERE enabled = 1 ORDER BY priority, id"""
_q_insert = """
INSERT INTO client (name, type, host, port, use_ssl, url_base, username, password, api_key,
  category, category_audiobook, path_remap, download_dir, remove_completed, priority, enabled,
  created_at, updated_at, by_user)
VALUES (:name, :type, :host, :port, :use_ssl, :url_base, :username, :password, :api_key,
  :category, :category_audiobook, :path_remap, :download_dir, :remove_completed, :priority,
  :enabled, :now, :now, :by_user)"""
_q_update = """
UPDATE client SET name = :name, type = :type, host = :host, port = :port, use_ssl = :use_ssl,
  url_base = :url_base, username = :username, password = :password, api_key = :api_key,
  category = :category, category_audiobook = :category_audiobook, path_remap = :path_remap,
  download_dir = :download_dir, remove_completed = :remove_completed, priority = :priority,
  enabled = :enabled, updated_at = :now, by_user = :by_user, rev = rev + 1
WHERE id = :id AND (:rev IS NULL OR rev = :rev)"""
_q_delete = "DELETE FROM client WHERE id = :id"
_q_count_live = "SELECT count(*) FROM download WHERE client_id = :id AND live = 1"
_q_name_taken = "SELECT id FROM client WHERE name = :name AND id <> :id"
_q_states = "SELECT client_id, status, version, ok_at, failed_at, code, params FROM client_state"
_q_set_ok = """
INSERT INTO client_state (client_id, status, version, ok_at)
SELECT :id, 'ok', :version, :now WHERE EXISTS (SELECT 1 FROM client WHERE id = :id)
ON CONFLICT (client_id) DO UPDATE SET status = 'ok', ok_at = :now, code = NULL, params = '{}',
  version = CASE WHEN :version = '' THEN version ELSE :version END"""
_q_set_failed = """
INSERT INTO client_state (client_id, status, failed_at, code, params)
SELECT :id, 'failing', :now, :code, :params WHERE EXISTS (SELECT 1 FROM client WHERE id = :id)
ON CONFLICT (client_id) DO UPDATE SET status = 'failing', failed_at = :now, code = :code,
  params = :params"""


def list_clients(reader: Reader) -> list[ClientRow]:
    """All clients in the order of their priority (lower first)."""
    return reader.rows(_q_list, {}, row=ClientRow)


def list_enabled(reader: Reader) -> list[ClientRow]:
    """Clients that take downloads, in the order of their priority."""
    return reader.rows(_q_list_enabled, {}, row=ClientRow)


def get(reader: Reader, client_id: int) -> ClientRow | None:
    """One client, or None."""
    return reader.one(_q_get, {"id": client_id}, row=ClientRow)


def name_taken(reader: Reader, name: str, besides: int = 0) -> bool:
    """Whether another client has this name."""
    return reader.value(_q_name_taken, {"name": name, "id": besides}) is not None


def live_downloads(reader: Reader, client_id: int) -> int:
    """How many downloads still belong to the client."""
    count = reader.value(_q_count_live, {"id": client_id})
    return count if isinstance(count, int) else 0


def states(reader: Reader) -> dict[int, ClientState]:
    """What is known of each client, by id; a client nobody has asked yet is absent."""
    return {row.client_id: row for row in reader.rows(_q_states, {}, row=ClientState)}


def add_in(tx: Tx, fields: ClientFields, by_user: int | None) -> int:
    """Insert a client; the id."""
    values = {**msgspec.structs.asdict(fields), "now": tx.now_us, "by_user": by_user}
    client_id = tx.insert(_q_insert, values)
    configured_in(tx, "downloadclient", f"client:{client_id}")
    return client_id


def update_in(
    tx: Tx, client_id: int, fields: ClientFields, by_user: int | None, rev: int | None = None
) -> bool:
    """Replace what a person sets; False when `rev` is given and is not the row's."""
    values = {
        **msgspec.structs.asdict(fields),
        "id": client_id,
        "now": tx.now_us,
        "by_user": by_user,
        "rev": rev,
    }
    if not tx.run(_q_update, values):
        return False
    configured_in(tx, "downloadclient", f"client:{client_id}")
    return True


def delete_in(tx: Tx, client_id: int) -> bool:
    """Delete a client; its downloads keep their rows without it. False when there is none."""
    if not tx.run(_q_delete, {"id": client_id}):
        return False
    configured_in(tx, "downloadclient", f"client:{client_id}", gone=True)
    return True


def set_ok_in(tx: Tx, client_id: int, version: str = "") -> None:
    """Note that the client answered."""
    tx.run(_q_set_ok, {"id": client_id, "version": version, "now": tx.now_us})
    tx.publish("health", 1, f"client:{client_id}")


def set_failed_in(tx: Tx, client_id: int, code: str, params: Params) -> None:
    """Note that the client did not answer as it should."""
    values = {"id": client_id, "now": tx.now_us, "code": code, "params": json_text(params)}
    tx.run(_q_set_failed, values)
    tx.publish("health", 1, f"client:{client_id}")
