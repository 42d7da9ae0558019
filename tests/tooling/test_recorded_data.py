"""Every recorded answer is read by a test: one that nobody mentions is one that nobody checked."""

from pathlib import Path

import pytest

from tests.fixtures_dir import fixture

TESTS = Path(__file__).parents[1]
READ = ("newznab", "torznab", "torrent_rss", "nzb", "torrent")
_NOT_RECORDED = ("README", "LICENSE", "NOTICE", "MANIFEST")


@pytest.fixture(scope="module")
def tests_text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("kind", READ)
def test_every_recorded_answer_is_read(kind: str, tests_text: str) -> None:
    found = [path for path in fixture(kind).rglob("*") if path.is_file()]
    assert found
    unread = [
        str(path.relative_to(fixture(kind)))
        for path in found
        if not path.name.startswith(_NOT_RECORDED)
        and not any(name in tests_text for name in _spellings(path, fixture(kind)))
    ]
    assert unread == []


def _spellings(path: Path, folder: Path) -> tuple[str, ...]:
    """How a test may name a file: its path, its parts, or alone when it lies in no sub-folder."""
    parts = path.relative_to(folder.parent).parts
    return (
        "/".join(parts),
        '", "'.join(parts),
        *((f'"{path.name}"', f'"{path.stem}"') if len(parts) == 2 else ()),
    )
