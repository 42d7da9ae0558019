"""The documents name what the code has: routes, settings, actors, commands; and links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference.md"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HOW_TOS = (
    "add-a-route", "add-a-migration", "add-a-download-client", "add-an-indexer", "add-a-page",
    "add-an-actor",
)  # fmt: skip
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
LATER = {"docs/images/queue.png"}
"""Made from the running demo, not by hand."""


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current(reference: ModuleType) -> None:
    """`python tools/reference.py` writes it anew."""
    assert REFERENCE.read_text(encoding="utf-8") == reference.render()


def test_the_reference_finds_what_is_there(reference: ModuleType) -> None:
    """A walk that finds nothing would agree with an empty page."""
    paths = {path for _, path, _, _ in reference.routes()}
    assert {"`/api/v1/health`", "`/opds/`", "`/api/v1/live`"} <= paths
    assert {"`BINDERY_PORT`", "`BINDERY_URL_BASE`"} <= {name for name, *_ in reference.settings()}
    actors = {name for name, *_ in reference.actors()}
    assert {"`writer`", "`live`", "`roster`", "`importer`", "`client:N`", "`indexer:N`"} <= actors
    kinds = {kind for kind, _ in reference.commands()}
    assert {"`author.sync`", "`slot.search`", "`download.send`", "`download.import`"} <= kinds


def test_every_kind_that_is_asked_for_is_claimed(reference: ModuleType) -> None:
    claimed = {kind.strip("`") for kind, _ in reference.commands()}
    asked: set[str] = set()
    for path in (ROOT / "bindery").rglob("*.py"):
        asked |= set(re.findall(r'enqueue\(\s*"([a-z.]+)"', path.read_text(encoding="utf-8")))
    assert asked
    assert asked <= claimed


def test_the_how_tos_exist() -> None:
    there = {path.stem for path in (ROOT / "docs" / "how-to").glob("*.md")}
    assert set(HOW_TOS) <= there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("#"):
            continue
        path = (page.parent / target.partition("#")[0]).resolve()
        if str(path.relative_to(ROOT)) not in LATER:
            assert path.exists(), target


def test_decisions_are_numbered_without_a_gap_and_follow_the_template() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(len(pages)))
    for page in pages[2:]:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}: ")
        for heading in ("What asked for it", "What was measured or read", "Decision"):
            assert f"\n## {heading}\n" in text, (page.name, heading)
