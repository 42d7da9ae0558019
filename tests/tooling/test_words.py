"""The browser has words for what the server says."""

import json

from bindery.domain.refusal import Code
from tests.fixtures_dir import ROOT


def test_every_refusal_has_a_sentence() -> None:
    words = json.loads((ROOT / "web/src/lang/en.json").read_text(encoding="utf-8"))
    known = {*words["error"], *(code.replace("-", "_") for code in words["reason"])}
    assert {code.value for code in Code} <= known
