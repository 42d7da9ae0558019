"""Our own labelled names (`bench/samples/releases-*.jsonl`), field by field."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.judgement import SAMPLES, agrees
from bindery.domain import explain


def _cases() -> list[Any]:
    paths = sorted(SAMPLES.glob("releases-*.jsonl"))
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    return [pytest.param(json.loads(line), id=json.loads(line)["title"][:60]) for line in lines]


@pytest.mark.parametrize("case", _cases())
def test_a_name_is_read_as_labelled(case: dict[str, Any]) -> None:
    line = json.dumps({"title": case["title"], "book": case.get("book")})
    parsed = json.loads(explain.release(line.encode()))["parsed"]
    found = {**parsed, "author": parsed["authors"], "format": parsed["formats"]}
    for name, expected in case["expect"].items():
        assert agrees(name, expected, found[name]), (name, expected, found[name])
