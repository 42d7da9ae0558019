"""Names of backups: what a label becomes, which names are ours, which are thinned out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain.backup_names import (
    SCHEDULED,
    backup_name,
    clean_label,
    expired,
    is_backup_name,
    label_of,
)

AT = 1_785_089_851_000_000  # 2026-07-26T18:17:31Z


@pytest.mark.parametrize(
    ("label", "clean"),
    [
        ("pre-import cleanup!", "pre-import-cleanup"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c", "a-b-c"),
        ("v1.2.3", "v1-2-3"),
        ("..", ""),
        ("日本語", ""),
        ("x" * 100, "x" * 40),
        ("  just_settings ", "just_settings"),
        ("a--b__c-_d", "a-b_c-d"),
    ],
)
def test_label_becomes_part_of_a_name(label: str, clean: str) -> None:
    assert clean_label(label) == clean


@given(st.text(max_size=200))
def test_any_label_gives_a_name_of_ours(label: str) -> None:
    name = backup_name(AT, clean_label(label))
    assert is_backup_name(name)
    assert "/" not in name


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("bindery_20260726_181731.db", True),
        ("bindery_20260726_181731_just_settings.db", True),
        ("evil.db", False),
        ("bindery_../x.db", False),
        ("bindery_a/b.db", False),
        ("bindery_20260726_181731.db.bak", False),
        ("bindery_20260726_181731.sqlite", False),
        ("bindery_20260726_181731.db\n", False),
        ("bindery_20260726_181731_a/../b.db", False),
    ],
)
def test_only_our_names_are_accepted(name: str, ours: bool) -> None:
    assert is_backup_name(name) is ours


def test_name_tells_the_time_in_utc() -> None:
    assert backup_name(AT) == "bindery_20260726_181731.db"
    assert label_of(backup_name(AT, "weekly")) == "weekly"


def test_only_scheduled_backups_are_thinned_out() -> None:
    ours = [backup_name(AT + day * 86_400_000_000, SCHEDULED) for day in range(5)]
    kept = [backup_name(AT), backup_name(AT, "before-upgrade"), "notes.txt"]
    assert expired([*reversed(ours), *kept], keep=2) == ours[:3]
    assert expired(ours, keep=9) == []
