"""A real `bindery serve` in a process of its own: started, asked, killed, started again.

service = Service(folder)              # nothing runs yet; `folder` becomes the data folder
with service.running():                # or start() ... stop() / kill()
    service.ok("GET", "/api/v1/queue")
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import apsw
import httpx

from tests.fixtures_dir import ROOT

T = TypeVar("T")

KEY = "system-key-0123456789abcdef0123456789abcdef"
START_S, STOP_S = 30.0, 12.0
STEP_S = 0.03


class Died(Exception):
    """The process ended although somebody still wanted something of it."""


class NotYet(AssertionError):
    """What was waited for has not come."""


class Service:
    """One data folder and the process that serves it, if any. Not safe between threads."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.data = folder
        self.environ = dict(environ or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.altered = ""
        """See `tests.kit.altered`; empty is the program as it is."""
        self._url = ""
        self._http = _open_http()

    # -- the process --------------------------------------------------------------------------

    def start(self, fault: str = "", *command: str) -> Self:
        """Start without waiting. `fault` arms fault points (`runtime.faults`)."""
        assert self.process is None or self.process.poll() is not None, "it is running"
        self.data.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        self._url = ""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("BINDERY_")}
        env = {
            **kept,
            "BINDERY_DATA_DIR": str(self.data),
            "BINDERY_HOST": "127.0.0.1",
            "BINDERY_PORT": "0",
            "BINDERY_LOG_FORMAT": "json",
            "BINDERY_API_KEY": KEY,
            "BINDERY_FAULT": fault,
            "ALTERED": self.altered,
            **self.environ,
        }
        module = "tests.kit.altered" if self.altered else "bindery"
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *(command or ("serve",))],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # the probe worker ends with it
            )
        return self

    @property
    def url(self) -> str:
        """Its address, once it listens. Raises `Died` when it ends before."""
        if not self._url:
            self._url = self.until(self._announced, START_S, "the service to listen")
        return self._url

    def _announced(self) -> str:
        told = next((e for e in self.log() if e.get("event") == "service.started"), None)
        return "" if told is None else str(told["urls"][0])

    def kill(self) -> None:
        """SIGKILL to the process and all it has started."""
        self._http.close()
        self._http = _open_http()
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self._http.close()  # a connection at rest is waited for
        self._http = _open_http()
        self.process.terminate()
        return self.ended(STOP_S)

    def ended(self, within_s: float) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        assert self.process is not None
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs after {within_s:g} s\n{self.tail()}") from None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @contextmanager
    def running(self, fault: str = "") -> Generator[Self]:
        """Start, wait until it listens; stop in order at the end, whatever happens."""
        self.start(fault)
        try:
            assert self.url
            yield self
            assert self.stop() == 0, self.tail()
        finally:
            self.kill()

    # -- what it says ---------------------------------------------------------------------------

    def _file(self, name: str) -> Path:
        return self.data.parent / f"{self.data.name}.{self.starts}.{name}"

    def log(self) -> list[dict[str, Any]]:
        """The log of the present process, as far as written."""
        lines = self._file("out").read_bytes().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith(b"{") and line[-1:] == b"\n"]

    def errors(self) -> list[dict[str, Any]]:
        """Log entries of level error and above, over all starts, and what stderr says."""
        last, found = self.starts, list[dict[str, Any]]()
        for self.starts in range(1, last + 1):
            found += [e for e in self.log() if e.get("level") in {"error", "critical"}]
            text = self._file("err").read_text(errors="replace").strip()
            found += [{"event": "stderr", "text": text}] if text else []
        self.starts = last
        return found

    def tail(self) -> str:
        """The end of what it said, for messages."""
        texts = [self._file(name).read_text(errors="replace")[-4_000:] for name in ("out", "err")]
        return "\n".join(texts)

    # -- asking ---------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        """One request with the install key. Raises `Died` when nobody answers any more."""
        try:
            if body is not None:
                more["json"] = body
            return self._http.request(method, self.url + path, **more)
        except httpx.TransportError as error:
            if self.process is not None:
                try:
                    code = self.process.wait(5)
                except subprocess.TimeoutExpired:
                    raise AssertionError(f"{method} {path}: {error!r}\n{self.tail()}") from error
                raise Died(code) from error
            raise

    def ok(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """As `ask`, for requests that must succeed; the decoded answer."""
        answer = self.ask(method, path, body, **more)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside; works beside the running service."""
        flags = apsw.SQLITE_OPEN_READONLY if self.alive else apsw.SQLITE_OPEN_READWRITE
        db = apsw.Connection(str(self.data / "bindery.db"), flags=flags)
        try:
            db.set_busy_timeout(5_000)
            return list(db.execute(sql))
        finally:
            db.close()

    def until(self, look: Callable[[], T], within_s: float, what: str) -> T:
        """Look until the answer is true. Raises `Died`, or `NotYet` after `within_s`."""
        end = time.monotonic() + within_s
        while True:
            found = look()
            if found:
                return found
            if self.process is not None and self.process.poll() is not None:
                raise Died(self.process.returncode)
            if time.monotonic() > end:
                raise NotYet(f"waited {within_s:g} s for {what}\n{self.tail()}")
            time.sleep(STEP_S)


def _open_http() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=30, headers={"X-Api-Key": KEY})
