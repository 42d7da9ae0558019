"""Fault points: named places where a test may kill the process (architecture.md 6c).

`reach` is a no-op unless the environment arms it: `BINDERY_FAULT="grab.committed"` kills the
process with SIGKILL at the first reach, `grab.committed@2` at the second, and
`op.tmp_written=enospc` raises the error of a full disk there instead. Several, comma separated.
"""

import ast
import errno
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

VARIABLE = "BINDERY_FAULT"
_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO, "erofs": errno.EROFS}


@dataclass(slots=True)
class _Fault:
    left: int
    action: str


_armed: dict[str, _Fault] = {}


def reach(name: str) -> None:
    """Pass the fault point `name`, a literal. Raises `OSError` or never returns when armed."""
    if _armed:
        _strike(name)


def arm(spec: str) -> None:
    """Arm the points of `spec` (see the module); an empty text disarms all.

    Raises `ValueError` for an action or a count that does not exist.
    """
    armed: dict[str, _Fault] = {}
    for entry in filter(None, (part.strip() for part in spec.split(","))):
        place, _, action = entry.partition("=")
        name, _, count = place.partition("@")
        action = action or "kill"
        if action != "kill" and action not in _ERRORS:
            message = f"unknown fault action {action!r}"
            raise ValueError(message)
        armed[name] = _Fault(left=int(count or "1"), action=action)
    _armed.clear()
    _armed.update(armed)


def arm_from(environ: Mapping[str, str]) -> None:
    """Arm what the environment asks for; called once at start."""
    arm(environ.get(VARIABLE, ""))


def known(package: Path | None = None) -> frozenset[str]:
    """Every fault point named in the source, so that a test's list and the code cannot part."""
    root = package or Path(__file__).resolve().parent.parent
    names: set[str] = set()
    for path in root.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "reach(" not in source:
            continue
        names.update(_literals(ast.parse(source)))
    return frozenset(names)


def _literals(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else None
        called = node.func.id if isinstance(node.func, ast.Name) else called
        first = node.args[0]
        if called == "reach" and isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.add(first.value)
    return found


def _strike(name: str) -> None:
    fault = _armed.get(name)
    if fault is None:
        return
    fault.left -= 1
    if fault.left > 0:
        return
    del _armed[name]
    if fault.action == "kill":
        _kill()
    number = _ERRORS[fault.action]
    raise OSError(number, os.strerror(number))


def _kill() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


arm_from(os.environ)
