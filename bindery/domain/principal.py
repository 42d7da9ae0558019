"""Who asks, what they may see, and who is written down as the one who did it."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

Scope: TypeAlias = tuple[int, ...]
"""Library ids a caller may see, ascending, fixed at authentication (architecture.md 5a)."""

HOUSEHOLD = 1
"""Id of the household library, which always exists."""


class Role(StrEnum):
    """Rights of an account; `none` is a stranger."""

    NONE = "none"
    USER = "user"
    ADMIN = "admin"


class Via(StrEnum):
    """The credential that decided (security-rulings.md 1), or what inside Bindery acted."""

    ANONYMOUS = "anonymous"
    TRUSTED = "trusted"
    SESSION = "session"
    PROXY = "proxy"
    INSTALL_KEY = "install_key"
    NAMED_KEY = "named_key"
    BASIC = "basic"
    SCHEDULE = "schedule"
    SYSTEM = "system"


class By(msgspec.Struct, frozen=True):
    """Who did it, for events, changes and commands. `user_id` None = nobody in particular."""

    user_id: int | None = None
    via: Via = Via.SYSTEM


SYSTEM = By()


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of a request: identity, role and guards of one credential, never mixed."""

    user_id: int | None
    role: Role
    via: Via
    scope: Scope
    library: int = HOUSEHOLD
    """Where new rows of this caller go."""
    key_scope: str = "write"
    ambient: bool = False
    """Sent by the browser on its own (cookie, grant, proxy header): CSRF guards apply."""
    session_id: int | None = None
    username: str = ""

    @property
    def is_admin(self) -> bool:
        """True for the operator, admins and the install key."""
        return self.role is Role.ADMIN

    @property
    def by(self) -> By:
        """What is written into rows that this caller causes."""
        return By(self.user_id, self.via)
