"""The annotated configuration is complete and shows the real defaults."""

import dataclasses
import re
from pathlib import Path

from bindery.settings import Settings, load_settings
from tests.fixtures_dir import ROOT

SHIPPED = ROOT / "config" / "bindery.toml"


def uncommented() -> str:
    return re.sub(r"(?m)^# (?=[a-z_]+ = )", "", SHIPPED.read_text())


def test_every_setting_is_shown() -> None:
    names = set(re.findall(r"(?m)^([a-z_]+) = ", uncommented()))
    assert names == {field.name for field in dataclasses.fields(Settings)} - {"ignored"}


def test_what_it_shows_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(uncommented())
    assert load_settings({"BINDERY_CONFIG": str(path)}) == load_settings({})
