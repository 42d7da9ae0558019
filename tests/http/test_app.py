"""The kernel as a whole, in process."""

from pathlib import Path

from tests.http.world import open_app


async def test_health_answers_strangers(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world:
        answer = await world.ask("GET", "/api/v1/health")
        assert answer.status_code == 200
        assert (await answer.get_json())["status"] == "ok"
