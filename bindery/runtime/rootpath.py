"""Where a path really lies, and whether its root folder is there (architecture.md 6b).

Below `files` and `http`, because both must ask before they open anything in a root: one to shelve,
the other to hand out. Blocking; call through `in_thread` with the limiter of the root.
"""

import os

MARKER = ".bindery-root"


def read_marker(root: str) -> str:
    """The uuid in the root's marker; '' when there is none."""
    try:
        with open(os.path.join(root, MARKER), "rb") as file:  # noqa: PTH118, PTH123 - as in files
            return file.read(100).decode("ascii", "replace").strip()
    except OSError:
        return ""


def marker_problem(root: str, marker: str) -> str:
    """The cheap check before every use of a root: '' or root_missing, root_not_mounted,
    root_changed.
    """
    found = read_marker(root)
    if found == marker and marker:
        return ""
    if not os.path.isdir(root):  # noqa: PTH112 - as in files
        return "root_missing"
    return "root_changed" if found else "root_not_mounted"


def resolve_inside(root: str, path: str) -> str | None:
    """`path` with every existing part resolved, if that is strictly inside the resolved `root`.

    None for anything else: `..`, NUL, relative paths, symbolic links that lead out, the root
    itself. Letter case counts: a path that differs only in case is not inside.
    """
    if not os.path.isabs(path) or "\x00" in path or ".." in path.split("/"):  # noqa: PTH117
        return None
    try:
        home = os.path.realpath(root, strict=True)
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return None
    return real if real.startswith(home.rstrip("/") + "/") else None
