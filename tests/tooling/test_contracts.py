"""`docs/contracts.md` names tests that exist, and every contract test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
NAMED = re.findall(r"([\w/]+\.py)::(test_\w+)", PAGE)


def tests_of(path: Path) -> set[str]:
    return set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.M))


def test_every_test_it_names_exists() -> None:
    assert len(NAMED) > 60
    gone = [
        f"{file}::{name}" for file, name in NAMED if name not in tests_of(ROOT / "tests" / file)
    ]
    assert gone == []


def test_every_contract_test_is_named() -> None:
    named = set(NAMED)
    for path in sorted((ROOT / "tests" / "contract").glob("test_*.py")):
        for name in tests_of(path):
            assert (f"contract/{path.name}", name) in named, f"{path.name}::{name}"
