"""Secrets that Bindery must be able to send: masked on the way out, kept on the way in.

Source: security-rulings.md 8 and 10. The mask, an empty text or an absent key on a write means
"unchanged"; but when the target changes, the old secret is not sent to the new one.
"""

from typing import TypeVar

import msgspec

from bindery.domain.addresses import Policy, Reach, Target, judge_name, parse_target
from bindery.domain.redaction import redact_url
from bindery.domain.refusal import Code, Refusal, refuse

MASK = "********"
"""What stands for a stored secret in every answer."""

T = TypeVar("T")

_CONFIGURED = Policy(Reach.LAN_LOOPBACK)


def pick(sent: T | msgspec.UnsetType, stored: T) -> T:
    """What was sent, or what is stored when the key was absent."""
    return stored if isinstance(sent, msgspec.UnsetType) else sent


def masked(secret: str) -> str:
    """The mask if there is a secret, else empty."""
    return MASK if secret else ""


def kept(sent: str | msgspec.UnsetType, stored: str, *, same_target: bool) -> str | None:
    """The secret to store; None when the stored one would go to another target.

    A sent value counts unless it is the mask; an explicit empty text clears.
    """
    if isinstance(sent, msgspec.UnsetType) or sent == MASK:
        return stored if same_target or not stored else None
    return sent


def masked_url(url: str) -> str:
    """An address as people see it: what is secret in it is masked in place."""
    return redact_url(url, MASK)


def kept_url(sent: str | msgspec.UnsetType, stored: str) -> str:
    """The address to store; the masked form of the stored one means "unchanged"."""
    url = pick(sent, stored).strip()
    return stored if url == masked_url(stored) else url


def check_url(url: str, field: str = "url") -> Target | Refusal:
    """Judge a configured address by its text (LAN and loopback are the operator's to use).

    What a name resolves to is judged at every connection; at the save it may not be up yet.
    """
    if MASK in url:
        return refuse(Code.SECRET_REQUIRED, field)
    target = parse_target(url.strip())
    refused = target if not isinstance(target, Target) else judge_name(target, _CONFIGURED)
    if isinstance(target, Target) and refused is None:
        return target
    reason = refused.reason if refused is not None else "invalid"
    return refuse(Code.URL_NOT_ALLOWED, field, reason=reason)
