"""No secret and no local variable reaches a log line (recipes.md B6)."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bindery.runtime import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        yield io.StringIO()
    finally:
        logging.getLogger().handlers[:] = before[0]
        logging.getLogger().setLevel(before[1])


@pytest.mark.parametrize("kind", ["json", "console"])
def test_tracebacks_show_no_locals_and_values_are_masked(stream, kind, logged) -> None:
    log.configure(kind, "debug", stream)
    logger = structlog.get_logger("bindery.test")

    def fails() -> None:
        password = "canary-1"  # noqa: F841  # pyright: ignore[reportUnusedVariable] - for the traceback
        raise ValueError("from http://u:canary-2@host/x?apikey=canary-3")

    try:
        fails()
    except ValueError:
        logger.exception(
            "failed",
            api_key="canary-4",
            headers={"Cookie": "canary-5", "deep": [{"token": "canary-6"}]},
            url="http://h/p?q=canary-7&passkey=canary-8",
            body=b"canary-9",
        )
    logging.getLogger("bindery.other").warning("asked http://h/api?apikey=%s", "canary-0")
    text = stream.getvalue()
    assert "fails" in text
    assert "ValueError" in text
    assert "canary" not in text
    assert "http://h/p?q=" in text
    if kind == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["error", "warning"]


def test_a_title_cannot_forge_a_line(stream, logged) -> None:
    log.configure("console", "info", stream)
    structlog.get_logger("bindery.test").info("grabbed", title="x\n2026 [error] fake\x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_levels(stream, logged) -> None:
    log.configure("json", "warning", stream)
    structlog.get_logger("bindery.test").info("quiet")
    log.set_level("info")
    structlog.get_logger("bindery.test").info("loud")
    structlog.get_logger("somelibrary").info("never")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]
    with pytest.raises(ValueError, match="unknown log level"):
        log.configure("json", "verbose", stream)
