"""The gate between `completed` and `importPending` (architecture.md 6a)."""

from typing import Literal

import msgspec

RECHECK_FIRST_S = 5.0
RECHECK_CAP_S = 300.0
ATTENTION_AFTER_S = 600.0
LOOK_TWICE_S = 5.0


class GateLook(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the disk. ``code``: what is amiss, '' nothing. ``at_s``: any steady seconds."""

    code: str = ""
    fingerprint: str = ""
    look_twice: bool = False
    at_s: float = 0.0


class GateDecision(msgspec.Struct, frozen=True, kw_only=True):
    """``pass``: importPending now. ``again``: look again in ``recheck_s``; ``code`` says why.

    ``attention``: waited long enough that a person should know. No attempt is spent.
    """

    verdict: Literal["pass", "again"]
    code: str = ""
    recheck_s: float = 0.0
    attention: bool = False


def recheck_delay(looks: int) -> float:
    """Seconds until the next look after ``looks`` failed ones: 5, 10, 20 ... 300, for ever."""
    return min(RECHECK_CAP_S, RECHECK_FIRST_S * 2.0 ** min(max(looks - 1, 0), 16))


def decide(
    look: GateLook, previous: GateLook | None, *, looks: int, waited_s: float, mapped: bool = True
) -> GateDecision:
    """Decide from the newest look and the one before. ``looks`` counts failed ones so far."""
    attention = waited_s >= ATTENTION_AFTER_S
    code = look.code if mapped else "path_not_mapped"
    if code:
        return GateDecision(
            verdict="again", code=code, recheck_s=recheck_delay(looks + 1), attention=attention
        )
    if not look.look_twice:
        return GateDecision(verdict="pass")
    same = previous is not None and not previous.code and previous.fingerprint == look.fingerprint
    if same and previous is not None and look.at_s - previous.at_s >= LOOK_TWICE_S:
        return GateDecision(verdict="pass")
    return GateDecision(
        verdict="again", code="settling", recheck_s=LOOK_TWICE_S, attention=attention
    )
