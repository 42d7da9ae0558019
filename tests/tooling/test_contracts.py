"""`docs/contracts.md` names tests that exist, and every contract test."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
NAMED = re.findall(r"([\w/]+\.py)::(test_\w+)", PAGE)


def names_in(path: Path) -> set[str]:
    top = ast.parse(path.read_text(encoding="utf-8")).body
    functions = (one for one in top if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return {one.name for one in functions if one.name.startswith("test_")}


def test_every_test_it_names_exists() -> None:
    assert len(NAMED) > 60
    gone = [
        f"{file}::{name}" for file, name in NAMED if name not in names_in(ROOT / "tests" / file)
    ]
    assert gone == []


def test_every_contract_test_is_named() -> None:
    named = set(NAMED)
    for path in sorted((ROOT / "tests" / "contract").glob("test_*.py")):
        for name in names_in(path):
            assert (f"contract/{path.name}", name) in named, f"{path.name}::{name}"
