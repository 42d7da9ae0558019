"""The domain opens no file and reads no clock: what import contracts cannot see."""

import ast
from pathlib import Path

import pytest

from tests.fixtures_dir import ROOT

IMPURE = {"open", "now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes"}
MODULES = sorted((ROOT / "bindery" / "domain").rglob("*.py"))


def impure_calls(source: str) -> list[str]:
    """`name:line` of every call that touches the disk or the clock."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE:
                found.append(f"{name}:{node.lineno}")
    return found


def test_the_check_sees_what_it_should() -> None:
    assert impure_calls("x = datetime.now(UTC)\nopen('a')\nopen_ended(1)") == ["now:1", "open:2"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_domain_module_is_pure(path: Path) -> None:
    assert impure_calls(path.read_text()) == []
