"""Typed failures of the outside world (architecture.md 10).

Adapters raise these and nothing else for what the network or a remote program did. They carry
codes and values, never a secret and never resolver or socket text.
"""

from bindery.domain.offers import RequestRecord
from bindery.domain.refusal import Params


class OutsideError(Exception):
    """Something outside Bindery did not do what was asked."""

    code = "outside"

    def __init__(self, code: str | None = None, **params: str | int | float | bool | None) -> None:
        """`code` refines the class's code; `params` are the values to show."""
        super().__init__(code or self.code)
        if code is not None:
            self.code = code
        self.params: Params = {k: v for k, v in params.items() if v is not None}
        self.request: RequestRecord | None = None
        """The request that failed, secrets already replaced, where an indexer was asked."""


class Unavailable(OutsideError):
    """Not reachable, too slow, 5xx, or rate limited. Worth another try later."""

    code = "unavailable"

    def __init__(
        self,
        code: str | None = None,
        *,
        retry_after_s: float | None = None,
        **params: str | int | float | bool | None,
    ) -> None:
        """`retry_after_s`: what the other side asked for, in seconds."""
        super().__init__(code, **params)
        self.retry_after_s = retry_after_s


class RateLimited(Unavailable):
    """The other side said: too many requests."""

    code = "rate_limited"


class Unauthorized(OutsideError):
    """Credentials refused."""

    code = "unauthorized"


class Malformed(OutsideError):
    """The answer cannot be read: wrong type, broken XML or JSON, HTML instead of data."""

    code = "malformed_answer"


class TooLarge(Malformed):
    """The answer is larger than allowed."""

    code = "answer_too_large"


class Rejected(OutsideError):
    """Understood and refused by the other side; trying again changes nothing."""

    code = "rejected"


class AddressRefused(OutsideError):
    """Our own address policy forbids the target (security-rulings.md 8)."""

    code = "url_not_allowed"
