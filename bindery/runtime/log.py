"""Logging: structlog for our lines and for those of libraries, without secrets or locals.

JSON for machines, key=value for people. Values under secret names and query strings of URLs are
masked in every line; tracebacks never show local variables (recipes.md B6).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bindery.runtime.redaction import MASK, redact_text

LEVELS = ("debug", "info", "warning", "error")
_DEPTH = 6

_SECRET = re.compile(
    r"(api_?key|password|passwd|passphrase|token|secret|cookie|authorization|credential|session_id)",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]")


def redact(value: object, depth: int = 0) -> object:
    """A copy of a logged value without secrets, whatever it is nested in."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if depth >= _DEPTH:
        return "..."
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(k): _redact_pair(str(k), v, depth + 1) for k, v in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in cast("Iterable[object]", value)]
    return value


def _redact_pair(name: str, value: object, depth: int) -> object:
    if _SECRET.search(name) and not isinstance(value, bool | int | None):
        return MASK if value else value
    return redact(value, depth)


def _redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name not in {"exc_info", "_record", "_from_structlog"}:
            event[name] = _redact_pair(name, value, 0)
    return event


def _one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """No control characters from outside: a title cannot forge a line."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = _CONTROL.sub(
                lambda match: f"\\x{ord(match[0]):02x}", value.replace("\n", "\\n")
            )
    return event


def _plain_error(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> EventDict:
    """The redacted traceback as text; structlog's own formatter never prints locals."""
    if "exception" in event:
        event["exception"] = redact_text(str(event["exception"]))
    return event


def configure(
    kind: Literal["json", "console"] = "console",
    level: str = "info",
    stream: TextIO | None = None,
) -> None:
    """Set up structlog and the standard library's logging; may be called again.

    Errors: ValueError for an unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown log level: {level!r}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _plain_error,
        _redact_event,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if kind == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    if kind == "console":
        shared.append(_one_line)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def set_level(level: str) -> None:
    """Change the level at run time; libraries stay at warning."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("bindery").setLevel(getattr(logging, level.upper()))
