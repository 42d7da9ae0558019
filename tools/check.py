"""Run the gates, two at a time, then the tests; pytest's own summary is the last line.

tools/check.py                    every gate
tools/check.py lint types         these gates
tools/check.py --tests [args]     every gate, then pytest with the arguments
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from setup import BIN, PYTHON, ROOT, WEB, node

PARALLEL = 2


@dataclass(frozen=True)
class Gate:
    name: str
    command: list[str]
    cwd: Path = ROOT
    env: dict[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    gate: Gate
    code: int
    output: str
    spent_s: float


def web_gates() -> Iterable[Gate]:
    """The scripts of web/package.json that exist, through the Node of the lock."""
    manifest = WEB / "package.json"
    if not manifest.exists():
        return
    scripts = json.loads(manifest.read_text()).get("scripts", {})
    home, env = node()
    npm = [
        str(home / "bin" / "node"),
        str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]
    for name, script in (("web-types", "check"), ("web-tests", "test"), ("web-budget", "budget")):
        if script in scripts:
            yield Gate(name, [*npm, "run", "--silent", script], WEB, env)
    # The document itself is compared by a test; here the client's types with the document.
    if "types" in scripts and (ROOT / "docs" / "api" / "openapi.json").exists():
        yield Gate("web-schema", [*npm, "run", "--silent", "types", "--", "--check"], WEB, env)


def gates() -> list[Gate]:
    """Slow ones first: the quick ones then fit beside them."""
    ruff = str(BIN / "ruff")
    return [
        Gate("types", [str(BIN / "basedpyright"), "--warnings"]),
        Gate("async", [str(PYTHON), "tools/async_gate.py"]),
        *web_gates(),
        Gate("layers", [str(BIN / "lint-imports"), "--cache-dir", ".check/imports"]),
        Gate("lint", [ruff, "check", "--quiet", "--output-format=concise"]),
        Gate("format", [ruff, "format", "--check", "--output-format=concise"]),
    ]


def run(gate: Gate) -> Outcome:
    started = time.monotonic()
    done = subprocess.run(
        gate.command,
        cwd=gate.cwd,
        env=gate.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(gate, done.returncode, done.stdout.strip(), time.monotonic() - started)


def run_all(chosen: list[Gate]) -> bool:
    good = True
    with ThreadPoolExecutor(PARALLEL) as pool:
        for outcome in pool.map(run, chosen):
            passed = outcome.code == 0
            good = good and passed
            word = "ok    " if passed else "FAILED"
            print(f"{word} {outcome.gate.name:<11} {outcome.spent_s:5.1f} s", flush=True)
            if not passed:
                print(outcome.output, flush=True)
    return good


def main(arguments: list[str]) -> int:
    known = gates()
    if arguments[:1] != ["--tests"]:
        unknown = set(arguments) - {gate.name for gate in known}
        if unknown:
            print(f"no such gate: {', '.join(sorted(unknown))}", file=sys.stderr)
            return 2
        chosen = [gate for gate in known if not arguments or gate.name in arguments]
        return 0 if run_all(chosen) else 1
    good = run_all(known)
    if not good:
        print("a gate FAILED (above); the tests run all the same", flush=True)
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [str(PYTHON), "-m", "pytest", "-q", *arguments[1:]]
    code = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
    return code if code or good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
