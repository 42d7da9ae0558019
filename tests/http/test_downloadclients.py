"""Download clients over HTTP."""

from pathlib import Path

from tests.http.world import open_app

QBIT = {
    "name": "qbit",
    "type": "qbittorrent",
    "host": "nas",
    "username": "admin",
    "password": "hush-hush-hush",
}


async def test_client_add_masks_its_secret(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.key("POST", "/api/v1/downloadclient", json=QBIT)
        text = await answer.get_data(as_text=True)
        body = await answer.get_json()
    assert answer.status_code == 201
    assert "hush" not in text
    assert (body["password"], body["passwordConfigured"]) == ("********", True)
    assert (body["protocol"], body["port"], body["enabled"]) == ("torrent", 8080, True)


async def test_client_update_with_the_mask_keeps_the_secret(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        made = await (await world.key("POST", "/api/v1/downloadclient", json=QBIT)).get_json()
        path = f"/api/v1/downloadclient/{made['id']}"
        changed = await world.key("PUT", path, json={**made, "category": "ebooks"})
        body = await changed.get_json()
        stored = world.store.read(
            lambda reader: reader.value(
                "SELECT password FROM client WHERE id = :id", {"id": made["id"]}
            )
        )
    assert changed.status_code == 200
    assert (body["category"], body["host"]) == ("ebooks", "nas")
    assert stored == "hush-hush-hush"


async def test_client_list_knows_the_built_in_one_and_is_cached(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        first = await world.key("GET", "/api/v1/downloadclient")
        body = await first.get_json()
        tag = first.headers["ETag"]
        second = await world.key("GET", "/api/v1/downloadclient", headers={"If-None-Match": tag})
    assert [row["type"] for row in body] == ["direct"]
    assert second.status_code == 304


async def test_client_delete_twice_is_not_found(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        first = await world.key("DELETE", "/api/v1/downloadclient/1")
        second = await world.key("DELETE", "/api/v1/downloadclient/1")
    assert (first.status_code, second.status_code) == (204, 404)


async def test_client_repeat_with_the_same_key_adds_one(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        headers = {"Idempotency-Key": "k-1"}
        first = await world.key("POST", "/api/v1/downloadclient", json=QBIT, headers=headers)
        again = await world.key("POST", "/api/v1/downloadclient", json=QBIT, headers=headers)
        other = {**QBIT, "name": "other"}
        clash = await world.key("POST", "/api/v1/downloadclient", json=other, headers=headers)
        rows = await (await world.key("GET", "/api/v1/downloadclient")).get_json()
        same = await first.get_data() == await again.get_data()
    assert (first.status_code, again.status_code) == (201, 201)
    assert same
    assert clash.status_code in {409, 422}
    assert len(rows) == 2


async def test_client_wrong_type_of_a_field_names_it(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        body = {**QBIT, "port": "8080"}
        answer = await world.key("POST", "/api/v1/downloadclient", json=body)
        problem = await answer.get_json()
    assert answer.status_code == 422
    assert problem["field"] == "port"
