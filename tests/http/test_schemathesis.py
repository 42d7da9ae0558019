"""Requests generated from the OpenAPI document, against the app on a real socket (recipes.md C).

The server runs in a thread with a loop of its own: schemathesis and hypothesis are synchronous.
A wrong answer is a status of 5xx, one that the document does not name, a body that is not of the
documented shape, or an error that is not our JSON.
"""

import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
import schemathesis
import structlog
import trio
from hypothesis import HealthCheck, Phase
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from bindery.http.openapi import document
from bindery.http.policy import POLICY, WS
from tests.http.catalogue_world import open_library
from tests.http.live_server import serving
from tests.http.world import KEY

EXAMPLES = 12
SKIPPED = {
    "auth.regenerate_key": "replaces the key that the others use",
    "auth.setup": "answers once, and with a password hash of real cost",
    "auth.login": "answers 429 after five failures",
    "backup.create_backup": "waits for the housekeeper, who is not here",
}
hypothesis.settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _drop(_logger: object, _method: str, _event: MutableMapping[str, Any]) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a small library; it ends with the module."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    up, found = threading.Event(), list[Any]()

    async def main() -> None:
        async with open_library(folder) as world, serving(world) as server:
            author = await world.author()
            await world.book(author, "Lantern")
            found.extend((f"http://127.0.0.1:{server.port}", trio.lowlevel.current_trio_token()))
            found.append(server.stopping)
            up.set()
            await server.stopping.wait()

    configured = structlog.get_config()
    structlog.configure(processors=[_drop])  # between two tests nobody collects the log
    thread = threading.Thread(target=lambda: trio.run(main))
    thread.start()
    assert up.wait(20)
    address, token, stopping = found
    yield address
    token.run_sync_soon(stopping.set)
    thread.join(20)
    structlog.configure(**configured)
    assert not thread.is_alive()


SCHEMA = schemathesis.openapi.from_dict(document())
SCHEMA.config.generation.update(with_security_parameters=False)  # ours is the key
OPERATIONS = {
    result.ok().definition.raw["operationId"]: result.ok()
    for result in SCHEMA.get_all_operations()
    if isinstance(result, Ok)
}


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - SKIPPED.keys()))
def test_generated_requests_get_documented_answers(url: str, name: str) -> None:
    operation = OPERATIONS[name]

    @hypothesis.settings(hypothesis.settings.get_profile("fuzz"))
    @hypothesis.given(case=operation.as_strategy())
    def attempt(case: schemathesis.Case[Any]) -> None:
        response = case.call(base_url=url, headers={"X-Api-Key": KEY}, timeout=10)
        assert response.status_code < 500, response.text
        case.validate_response(
            response, checks=[status_code_conformance, response_schema_conformance]
        )
        if response.status_code >= 400:
            assert response.json()["code"], response.text

    attempt()


def test_every_row_of_the_policy_is_tried_or_named() -> None:
    assert OPERATIONS.keys() == {name for name, method in POLICY if method != WS}
    assert SKIPPED.keys() <= OPERATIONS.keys()
