"""Security headers of every answer (security-rulings.md 9)."""

from __future__ import annotations

from quart import Response

from bindery.domain.door import Tree

SHELL = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors {frames}; worker-src 'self'; manifest-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types svelte-trusted-html bindery-url"
)
CLOSED = "default-src 'none'; frame-ancestors 'none'"
SANDBOX = "default-src 'none'; sandbox"
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
_SECRET_AREAS = ("/api/v1/auth", "/api/v1/setting", "/api/v1/backup", "/api/v1/system/logs")


def shell_policy(frame_ancestors: str) -> str:
    """The CSP of the app shell."""
    return SHELL.format(frames=frame_ancestors or "'none'")


def secure_headers(
    response: Response, *, tree: Tree, template: str, frame_ancestors: str, https: bool
) -> None:
    """Add what is missing; a route that set a header of its own keeps it."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    referrer = "no-referrer" if tree is Tree.opds else "strict-origin-when-cross-origin"
    headers.setdefault("Referrer-Policy", referrer)
    if not frame_ancestors:
        headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=63072000")
    headers.setdefault("Content-Security-Policy", CLOSED)
    if tree is not Tree.app:
        secret = template.startswith(_SECRET_AREAS)
        headers.setdefault("Cache-Control", "no-store" if secret else "private, no-cache")
    headers.pop("Server", None)
