"""Refusals: the expected "no", as a value with a stable code (architecture.md 1.6).

An operation answers `T | Refusal`. The HTTP layer maps each code to one status; texts are made
from the code and its params, so that a person reads a sentence and a tool reads a code.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

ParamValue: TypeAlias = str | int | float | bool | Sequence[str | int] | None
Params: TypeAlias = dict[str, ParamValue]


class Code(StrEnum):
    """Stable codes of refusals. Never renamed once released; the wire and the UI rely on them."""

    # the request itself
    INVALID = "invalid"
    """A field has a wrong type or value; `field` names it."""
    MALFORMED = "malformed"
    """The body is not JSON."""
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    REQUIRED = "required"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    STALE = "stale"
    """`If-Match` names another revision than the row has."""
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    """The same Idempotency-Key came with another body."""
    TIMEOUT = "timeout"

    # the door
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    ADMIN_REQUIRED = "admin_required"
    SCOPE = "scope"
    CROSS_ORIGIN = "cross_origin"
    CSRF = "csrf"
    HOST_NOT_ALLOWED = "host_not_allowed"
    UNTRUSTED_PROXY = "untrusted_proxy"
    INVALID_CREDENTIALS = "invalid_credentials"
    PASSWORD_INCORRECT = "password_incorrect"  # noqa: S105 - a code, not a password
    PASSWORD_TOO_SHORT = "password_too_short"  # noqa: S105 - a code, not a password
    PASSWORD_TOO_LONG = "password_too_long"  # noqa: S105 - a code, not a password
    RATE_LIMITED = "rate_limited"
    SETUP_DONE = "setup_done"
    SETUP_REQUIRED = "setup_required"
    SETUP_CODE_REQUIRED = "setup_code_required"
    SESSION_REQUIRED = "session_required"

    # authors and books
    AUTHOR_EXISTS = "author_exists"
    AUTHOR_AMBIGUOUS = "author_ambiguous"
    AUTHOR_NOT_RESOLVED = "author_not_resolved"
    BOOK_EXISTS = "book_exists"
    BOOK_NOT_RESOLVED = "book_not_resolved"
    NO_FILE = "no_file"
    NO_FILE_TO_DELETE = "no_file_to_delete"
    FILE_OUTSIDE_ROOT = "file_outside_root"
    FILE_MISSING = "file_missing"
    ROOT_UNAVAILABLE = "root_unavailable"

    # what is configured
    DUPLICATE = "duplicate"
    IN_USE = "in_use"
    URL_NOT_ALLOWED = "url_not_allowed"
    SECRET_REQUIRED = "secret_required"  # noqa: S105 - a code, not a secret
    PATH_NOT_FOUND = "path_not_found"
    PATH_NOT_DIRECTORY = "path_not_directory"
    PATH_NOT_WRITABLE = "path_not_writable"
    PATH_NESTED = "path_nested"
    PATH_RESERVED = "path_reserved"
    UNKNOWN_SETTING = "unknown_setting"

    # search, grab and import
    NOTHING_WANTED = "nothing_wanted"
    NO_INDEXER = "no_indexer"
    NO_CLIENT = "no_client_for_protocol"
    ALREADY_GRABBED = "already_grabbed"
    CANDIDATE_GONE = "candidate_gone"
    OVERRIDE_REQUIRED = "override_required"
    """The release breaks hard rules; the person must repeat the request naming them."""
    WRONG_STATE = "wrong_state"
    ALREADY_BLOCKLISTED = "already_blocklisted"
    NOT_CANCELLABLE = "not_cancellable"

    # the outside and ourselves
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_TIMEOUT = "provider_timeout"
    INDEXER_FAILED = "indexer_failed"
    CLIENT_FAILED = "client_failed"
    NOTIFIER_FAILED = "notifier_failed"
    STORE_BUSY = "store_busy"
    STORE_UNAVAILABLE = "store_unavailable"
    ACTOR_BUSY = "actor_busy"
    STOPPING = "stopping"
    INTERNAL = "internal"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An expected "no".

    `params` holds the values compared and what is needed to say the next step; `field` is the
    wire name of the offending field; `extra` are additional top-level keys of the answer that
    old clients rely on (such as `canonicalAuthorId`, catalogue.md 2.1).
    """

    code: Code
    params: Params = {}
    field: str | None = None
    retry_after_s: int | None = None
    extra: Params = {}


def refuse(code: Code, field: str | None = None, **params: ParamValue) -> Refusal:
    """Shorthand for the usual refusal: a code, perhaps a field, and the values compared."""
    return Refusal(code=code, field=field, params=params)
