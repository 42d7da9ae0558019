"""Write docs/reference.md from the code: routes, settings, actors, commands.

tools/reference.py [FILE]      write it (default docs/reference.md); a test compares
"""

import ast
import dataclasses
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bindery.http.openapi import document
from bindery.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bindery"
CLASSES = {
    "P": "everybody",
    "U": "signed in",
    "A": "admin",
    "O": "OPDS sign-in",
    "M": "metrics",
}
_HEAD = """# Reference

Made from the code by `python tools/reference.py`; a test keeps it true. Do not edit it by hand.
"""


def render() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        "## Routes\n",
        "Bodies and answers of each: `docs/api/openapi.json`. HEAD follows GET.\n",
        _table(("Method", "Path", "Who", "What"), routes()),
        "## Settings\n",
        "In the environment (it wins), or in small letters without prefix in `bindery.toml`.\n",
        _table(("Variable", "Default", "Meaning"), settings()),
        "## Actors\n",
        "`:N` stands for the id of a configuration row.\n",
        _table(("Name", "Module", "What it does"), actors()),
        "## Commands\n",
        "Rows of the table `command`, carried out by the actor that claims the kind.\n",
        _table(("Kind", "Claimed in"), commands()),
    ]
    return "\n".join(parts)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *([_cell(c) for c in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def routes() -> Iterator[tuple[str, str, str, str]]:
    """Every route of the OpenAPI document."""
    paths: dict[str, dict[str, dict[str, Any]]] = document()["paths"]
    for path, item in sorted(paths.items()):
        for method, operation in sorted(item.items()):
            access = CLASSES[operation["x-access"]]
            yield method.upper(), f"`{path}`", access, operation["summary"]
    yield "GET", "`/api/v1/live`", CLASSES["U"], "The websocket (`bindery.live.v1`)."


def settings() -> Iterator[tuple[str, str, str]]:
    """Every field of `Settings`, with the comment of the shipped file."""
    told = _shipped()
    for field in dataclasses.fields(Settings):
        if field.name == "ignored":
            continue
        default, meaning = told[field.name]
        yield f"`{PREFIX}{field.name.upper()}`", f"`{default}`", meaning


def _shipped() -> dict[str, tuple[str, str]]:
    """Name -> (default, comment) of config/bindery.toml; a comment stands before its setting."""
    found: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    names = {field.name for field in dataclasses.fields(Settings)}
    for line in (ROOT / "config" / "bindery.toml").read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("#").strip()
        name, equals, value = text.partition(" = ")
        if equals and name in names:
            found[name] = (value, " ".join(comment))
            comment = []
        elif not line.startswith("#") or text.startswith("--"):
            comment = []
        else:
            comment.append(text)
    return found


def actors() -> Iterator[tuple[str, str, str]]:
    """Every child that the code starts, with the first line of its actor's module."""
    names = sorted({name for path in _sources() for name in _children(path)})
    for name in names:
        path = _home_of(name.partition(":")[0])
        yield f"`{name}`", f"`{path.relative_to(ROOT)}`", _first_line(path)


def _sources() -> list[Path]:
    return [
        *sorted((PACKAGE / "actors").rglob("*.py")),
        *sorted((PACKAGE / "service").rglob("*.py")),
        *sorted((PACKAGE / "store").glob("*.py")),
    ]


def _children(path: Path) -> Iterator[str]:
    for node in ast.walk(_parsed(path)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called, first = _name_of(node.func), node.args[0]
        if called in {"Child", "child"} and isinstance(first, ast.Constant):
            if isinstance(first.value, str):
                yield first.value
        elif called == "_named" and isinstance(first, ast.Constant):
            yield f"{first.value}:N"


def _home_of(name: str) -> Path:
    """The module of an actor; two are named otherwise than what they look after."""
    stem = {"client": "downloads"}.get(name, name)
    if name == "writer":
        return PACKAGE / "store" / "writer.py"
    folder = PACKAGE / "actors" / stem
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _first_line(path: Path) -> str:
    text = ast.get_docstring(_parsed(path)) or ""
    return text.partition("\n\n")[0].replace("\n", " ")


def commands() -> list[tuple[str, str]]:
    """Every kind that a lane claims or the clock enqueues."""
    found: dict[str, str] = {}
    for path in _sources():
        constants = _constants(path)
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Call) and _name_of(node.func) in {"Lane", "Rhythm"}:
                place = path if _name_of(node.func) == "Lane" else _home_of("housekeeper")
                for kind in _kinds(node, constants):
                    found.setdefault(kind, f"`{place.relative_to(ROOT)}`")
    return sorted((f"`{kind}`", place) for kind, place in found.items())


def _kinds(call: ast.Call, constants: dict[str, list[str]]) -> Iterator[str]:
    for argument in call.args:
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and _is_kind(node.value):
                yield str(node.value)
            elif isinstance(node, ast.Name):
                yield from constants.get(node.id, ())


def _constants(path: Path) -> dict[str, list[str]]:
    """Constants that hold kinds, the module's own and imported ones: `KIND = "outbox.send"`."""
    found: dict[str, list[str]] = {}
    for node in _parsed(path).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bindery."):
            source = ROOT / f"{(node.module or '').replace('.', '/')}.py"
            known = _assigned(source) if source.is_file() else {}
            for alias in node.names:
                if alias.name in known:
                    found[alias.asname or alias.name] = known[alias.name]
    return {**found, **_assigned(path)}


def _assigned(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in _parsed(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
            kinds = [str(value) for value in values if _is_kind(value)]
            if kinds:
                found[node.targets[0].id] = kinds
    return found


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_kind(value: object) -> bool:
    if not isinstance(value, str):
        return False
    room, dot, verb = value.partition(".")
    return bool(dot) and room.isalpha() and verb.isalpha() and value.islower()


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def main(arguments: list[str]) -> None:
    """Write the page."""
    target = Path(arguments[0]) if arguments else ROOT / "docs" / "reference.md"
    target.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
