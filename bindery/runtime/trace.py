"""Correlation ids and unguessable tokens."""

import secrets


def new_trace() -> str:
    """The correlation id of one wish: `w-` and 16 hex digits."""
    return f"w-{secrets.token_hex(8)}"


def new_token() -> str:
    """A name by which a download client knows our download: 128 bits, lower-case hex.

    Hex only, because it travels inside NZBGet parameters and SABnzbd job names.
    """
    return secrets.token_hex(16)
