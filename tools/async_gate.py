"""flake8-async over the files that have something asynchronous, unchanged good ones skipped.

The tool takes about 0.2 s a file, so what passed is remembered by its content in `.check/`.
Select and ignore live here: the tool reads no configuration file, and flake8's refuses codes of
five letters. Off are: 114 (wants our own startable functions listed), 124 (marks every handler
that awaits nothing), 127 (which HTTP client we use is decision 0001), and 9xx by default.
"""

import json
import subprocess
import sys
from importlib.metadata import version

from setup import BIN, ROOT, digest

RULES = ["--enable=ASYNC1,ASYNC2,ASYNC3", "--disable=ASYNC114,ASYNC124,ASYNC127"]
FOLDERS = ("bindery", "tests", "tools", "bench")
PASSED = ROOT / ".check" / "async.json"


def main() -> int:
    salt = " ".join((version("flake8-async"), *RULES)).encode()
    # Named one by one: left alone, the tool would ask git for its files.
    wanted = {
        digest(salt, path): str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "async " in path.read_text(encoding="utf-8")
    }
    passed: set[str] = set(json.loads(PASSED.read_text())) if PASSED.exists() else set()
    fresh = {key: name for key, name in wanted.items() if key not in passed}
    bad: set[str] = set()
    code = 0
    if fresh:
        done = subprocess.run(
            [str(BIN / "flake8-async"), *RULES, *fresh.values()],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout + done.stderr, end="")
        code = done.returncode
        named = {line.partition(":")[0] for line in done.stdout.splitlines()}
        bad = {key for key, name in fresh.items() if name in named}
        if code and not bad:
            return code  # it crashed: nothing is known
    PASSED.parent.mkdir(exist_ok=True)
    PASSED.write_text(json.dumps(sorted(wanted.keys() - bad)))
    return code


if __name__ == "__main__":
    sys.exit(main())
