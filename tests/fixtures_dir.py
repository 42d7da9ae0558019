"""Where the recorded answers of real services and programs live.

They are under their authors' licences and therefore never in this repository.
`BINDERY_FIXTURES` names the folder; without it, `../shared/fixtures` beside the checkout.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def fixtures_root() -> Path:
    """The folder of recorded answers; it may not exist."""
    named = os.environ.get("BINDERY_FIXTURES")
    return Path(named) if named else ROOT.parent / "shared" / "fixtures"


def fixture(*parts: str) -> Path:
    """Path of one recorded file; absent skips the test visibly, in CI (`CI` set) fails it."""
    path = fixtures_root().joinpath(*parts)
    if not path.exists():
        reason = f"recorded file {'/'.join(parts)} is absent (set BINDERY_FIXTURES)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return path
