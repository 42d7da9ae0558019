"""Where files go: collisions, limits, and never outside the root (judgement.md 8)."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from posixpath import splitext

import msgspec

from bindery.domain.naming import Rendered, RenderError, TemplateError, clean_value, render

LAST_SUFFIX = 999
SMB_PATH = 259


class PathRefusal(msgspec.Struct, frozen=True):
    """No target: `path-too-long`, `no-free-name`, or a template's own code."""

    code: str
    path: str = ""


def collision_key(path: str) -> str:
    """Two paths with equal keys are one file on some disks (case, composition)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def is_inside(path: str) -> bool:
    """Is a relative path free of anything that could leave its root? Lexical only."""
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and all(p not in ("", ".", "..") for p in parts)


def with_suffix(path: str, number: int, *, folder: bool = False) -> str:
    """`a/b.epub` -> `a/b (2).epub`; a folder gets it at its end."""
    if folder:
        return f"{path} ({number})"
    stem, extension = splitext(path)
    return f"{stem} ({number}){extension}"


def free_path(
    path: str, is_taken: Callable[[str], bool], *, folder: bool = False
) -> str | PathRefusal:
    """The path, or the first free of ` (2)` to ` (999)`. ``is_taken`` gets collision keys."""
    if not is_taken(collision_key(path)):
        return path
    for number in range(2, LAST_SUFFIX + 1):
        candidate = with_suffix(path, number, folder=folder)
        if not is_taken(collision_key(candidate)):
            return candidate
    return PathRefusal("no-free-name", path)


def safe_relative(path: str) -> str:
    """A source's own relative path as it may stand below a root (layout kept)."""
    parts = [clean_value(part).strip().lstrip(". ").rstrip(". ") for part in path.split("/")]
    return "/".join(part for part in parts if part) or "Unknown"


def target_paths(
    template: str,
    fields: Sequence[Mapping[str, str]],
    *,
    taken: frozenset[str] = frozenset(),
    colon: str = "-",
    max_path: int | None = None,
) -> list[str | TemplateError | RenderError | PathRefusal]:
    """One target per item, in order, no two alike; ``taken`` holds collision keys in use.

    ``max_path`` bounds the relative path in characters (259 minus the root on SMB).
    """
    used = set(taken)
    out: list[str | TemplateError | RenderError | PathRefusal] = []
    for values in fields:
        rendered = render(template, values, colon=colon)
        if not isinstance(rendered, Rendered):
            out.append(rendered)
            continue
        path = free_path(rendered.path, used.__contains__)
        if isinstance(path, str):
            if max_path is not None and len(path) > max_path:
                out.append(PathRefusal("path-too-long", path))
                continue
            used.add(collision_key(path))
        out.append(path)
    return out
