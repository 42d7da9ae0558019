"""The exported document is whole: every reference resolves, every route is described."""

import json
from pathlib import Path

from bindery.http.openapi import document, encode
from bindery.http.policy import POLICY, WS
from tests.http.kernel_routes import RULES, blueprint

ROOT = Path(__file__).parents[2]


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(references(v) for v in value))
    return set()


def test_every_reference_resolves_and_every_row_is_described() -> None:
    made = document()
    schemas = made["components"]["schemas"]
    for reference in references(made):
        assert reference.removeprefix("#/components/schemas/") in schemas
    described = {
        (operation["operationId"], method.upper())
        for item in made["paths"].values()
        for method, operation in item.items()
    }
    assert described == {key for key in POLICY if key[1] != WS}
    assert {"LiveServerFrame", "LiveClientFrame", "ErrorBody"} <= set(schemas)


def test_bodies_queries_and_path_parameters() -> None:
    made = document(given=[blueprint], table=RULES)
    post = made["paths"]["/api/v1/probe"]["post"]
    assert post["operationId"] == "probe.make"
    body = post["requestBody"]["content"]["application/json"]["schema"]
    shape = made["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert shape["required"] == ["year"]
    assert "201" in post["responses"]
    query = {p["name"]: p for p in made["paths"]["/api/v1/probe"]["get"]["parameters"]}
    assert query["tag"]["schema"]["type"] == "array"
    assert query["limit"]["in"] == "query"
    path = made["paths"]["/api/v1/probe/{probe_id}"]["get"]["parameters"]
    assert path == [
        {"name": "probe_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    ]


def test_two_exports_are_equal_json() -> None:
    first, second = encode(document()), encode(document())
    assert first == second
    assert json.loads(first)["openapi"] == "3.1.0"


def test_the_stored_document_is_current() -> None:
    """`python -m bindery.http.openapi docs/api/openapi.json` writes it anew."""
    assert (ROOT / "docs/api/openapi.json").read_bytes() == encode(document())
