"""House rules of the test run, each enforced here once.

A test speaks to loopback only, ends in time, logs no error that it does not claim, and takes
virtual clocks by its own signature. In CI (`CI` set) nothing may be skipped.
"""

import inspect
import logging
import os
import signal
import socket
from collections.abc import Iterator, MutableMapping
from types import FrameType
from typing import Any, NoReturn

import hypothesis
import pytest
import structlog

pytest.register_assert_rewrite("tests.kit")  # its checks tell their values too

IN_CI = bool(os.environ.get("CI"))
CLOCKS = {"autojump_clock", "mock_clock"}
TIME_LIMIT_S = 60.0
SYSTEM_TIME_LIMIT_S = 180.0

hypothesis.settings.register_profile("bindery", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("bindery")


# -- skips are failures in CI ---------------------------------------------------------------


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI forbids: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report: pytest.CollectReport = yield
    _refuse_skip(report)
    return report


# -- clocks only by signature (platform.md 4.4) ---------------------------------------------


def clock_hidden_from(names: list[str], signature: inspect.Signature) -> set[str]:
    """Clock fixtures that pytest-trio would set up but not use for this test."""
    return (CLOCKS & set(names)) - set(signature.parameters)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function):
        hidden = clock_hidden_from(item.fixturenames, inspect.signature(item.function))
        if hidden:
            pytest.fail(
                f"{', '.join(sorted(hidden))} must be a parameter of the test function itself: "
                "through another fixture the test runs on the real clock",
                pytrace=False,
            )


# -- every test ends ------------------------------------------------------------------------


def _limit_of(item: pytest.Item) -> float:
    marker = item.get_closest_marker("limit")
    if marker is not None:
        return float(marker.args[0])
    real = item.get_closest_marker("system") or item.get_closest_marker("browser")
    return SYSTEM_TIME_LIMIT_S if real else TIME_LIMIT_S


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Break a test that hangs. Under trio this surfaces as an internal error of the loop."""
    limit = _limit_of(item)

    def expired(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"{item.nodeid} ran for more than {limit:g} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# -- no error is logged in silence ----------------------------------------------------------


class Logged:
    """What this test logged: `events` through structlog, `claim()` for errors it provokes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._claimed: set[str] = set()

    def claim(self, *events: str) -> None:
        """These error events are expected; without a name, all are."""
        self._claimed.update(events or {"*"})

    def names(self) -> list[str]:
        return [str(entry.get("event")) for entry in self.events]

    def unclaimed(self) -> list[dict[str, Any]]:
        return [
            entry
            for entry in self.events
            if entry.get("level") in {"error", "critical"}
            and not self._claimed & {"*", str(entry.get("event"))}
        ]

    def processor(self, _logger: object, method: str, entry: MutableMapping[str, Any]) -> NoReturn:
        level = {"exception": "error", "fatal": "critical"}.get(method, method)
        self.events.append({**entry, "level": level})
        raise structlog.DropEvent


class _Handler(logging.Handler):
    def __init__(self, logged: Logged) -> None:
        super().__init__(logging.ERROR)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        self._logged.events.append(
            {"event": record.getMessage(), "level": level, "logger": record.name}
        )


@pytest.fixture(autouse=True)
def logged(request: pytest.FixtureRequest) -> Iterator[Logged]:
    """Collects the log; an unclaimed error fails the test. Claim by `@logs_errors` or here."""
    logged = Logged()
    for marker in request.node.iter_markers("logs_errors"):
        logged.claim(*marker.args)
    configured = structlog.get_config()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, logged.processor],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(logged)
    logging.getLogger().addHandler(handler)
    try:
        yield logged
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.configure(**configured)
        structlog.contextvars.clear_contextvars()
    unexpected = logged.unclaimed()
    if unexpected:
        lines = "\n".join(f"  {entry}" for entry in unexpected)
        pytest.fail(f"error logs that the test does not claim:\n{lines}", pytrace=False)


# -- loopback only --------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if not (host.startswith("127.") or host in {"::1", "localhost", "0.0.0.0", "::"}):
                raise AssertionError(f"a test spoke to {host}: loopback only")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()
