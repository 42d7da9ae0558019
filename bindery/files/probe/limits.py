"""How much one file may cost, and how the process holds itself to it."""

from __future__ import annotations

import contextlib
import resource
import signal

import msgspec

MIB = 1024 * 1024


class ProbeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Per file: address space in bytes for the process, CPU and wall seconds."""

    memory: int = 512 * MIB
    cpu_s: float = 20.0
    wall_s: float = 60.0


def confine_process(limits: ProbeLimits) -> None:
    """Set what holds for the whole life: memory, no core dump, no file of any size, few handles."""
    _lower(resource.RLIMIT_AS, limits.memory)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 64)


def arm_for_file(limits: ProbeLimits) -> None:
    """Give the next file its CPU and wall time; on a breach the kernel ends this process.

    The wall timer is a second net: the caller kills first, unless the caller is gone.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + limits.cpu_s) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s + 1.0)


def disarm() -> None:
    """Stop the wall timer: waiting for work is not work."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))
