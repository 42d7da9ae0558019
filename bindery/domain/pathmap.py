"""Remote path mapping: a client's path as we see it, and back (downloads-and-import.md 4.2)."""

import re
from collections.abc import Sequence

import msgspec

_DRIVE = re.compile(r"\A[A-Za-z]:[\\/]|\A\\\\")


class PathMap(msgspec.Struct, frozen=True):
    """One rule: ``remote`` as the client names it, ``local`` as we do."""

    remote: str
    local: str


def parse_spec(spec: str) -> tuple[PathMap, ...]:
    """Old form: comma separated `from:to`; malformed entries are skipped."""
    out: list[PathMap] = []
    for entry in spec.split(","):
        remote, found, local = entry.partition(":")
        remote, local = _trim(remote), _trim(local)
        if found and remote and local:
            out.append(PathMap(remote, local))
    return tuple(out)


def _trim(path: str) -> str:
    return path.strip().rstrip("/\\")


def is_windows(path: str) -> bool:
    """A drive letter or a UNC path."""
    return bool(_DRIVE.match(path))


def _comparable(path: str, *, windows: bool) -> str:
    return path.replace("\\", "/").casefold() if windows else path


def _swap(path: str, source: str, target: str) -> str | None:
    """``path`` with ``source`` replaced by ``target`` at a component boundary, else None."""
    windows = is_windows(source)
    whole = _comparable(path, windows=windows)
    head = _comparable(_trim(source), windows=windows)
    if not head or not (whole == head or whole.startswith(head + "/")):
        return None
    rest = path[len(_trim(source)) :]
    if is_windows(target):
        return _trim(target) + rest.replace("/", "\\")
    return _trim(target) + (rest.replace("\\", "/") if windows else rest)


def to_local(path: str, rules: Sequence[PathMap]) -> str:
    """Our name of a client's path; longest ``remote`` wins; unchanged when none fits."""
    for rule in sorted(rules, key=lambda one: -len(one.remote)):
        mapped = _swap(path, rule.remote, rule.local)
        if mapped is not None:
            return mapped
    return path


def to_remote(path: str, rules: Sequence[PathMap]) -> str:
    """The client's name of our path; longest ``local`` wins."""
    for rule in sorted(rules, key=lambda one: -len(one.local)):
        mapped = _swap(path, rule.local, rule.remote)
        if mapped is not None:
            return mapped
    return path


def map_client_path(path: str, own: Sequence[PathMap], common: Sequence[PathMap]) -> str:
    """The client's own rules first; the common ones only if those changed nothing."""
    mapped = to_local(path, own)
    return mapped if mapped != path else to_local(path, common)
