"""The command line: help, exit codes, one clear line for what cannot be done."""

import json
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from bindery import __version__
from bindery.cli import main
from tests.kit.database import new_database


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in ("BINDERY_DATA_DIR", "BINDERY_CONFIG", "BINDERY_PORT"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


def test_every_command_explains_itself(cli: CliRunner) -> None:
    told = cli.invoke(main, ["--help"])
    assert told.exit_code == 0
    assert set(main.commands) == {
        "serve",
        "demo",
        "version",
        "backup",
        "doctor",
        "explain",
    }
    for name in main.commands:
        assert name in told.output
        assert cli.invoke(main, [name, "--help"]).exit_code == 0


def test_version_is_told(cli: CliRunner) -> None:
    assert cli.invoke(main, ["version"]).output.strip() == __version__


@pytest.mark.parametrize("words", [["frobnicate"], ["serve", "--port", "70000"], ["demo", "--no"]])
def test_wrong_usage_is_exit_code_2(cli: CliRunner, words: list[str]) -> None:
    assert cli.invoke(main, words).exit_code == 2


def test_doctor_says_that_a_whole_database_is_whole(cli: CliRunner, tmp_path: Path) -> None:
    new_database(tmp_path)
    told = cli.invoke(main, ["doctor", "--data-dir", str(tmp_path)])
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "whole")


def test_doctor_finds_a_cache_that_lies(cli: CliRunner, tmp_path: Path) -> None:
    db = apsw.Connection(str(new_database(tmp_path)))
    db.execute("INSERT INTO book_tally VALUES (1, 0, 1, 'ebook', 'wanted', 7)")
    db.close()
    told = cli.invoke(main, ["doctor", "--data-dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "tally: 1 (1/wanted)" in told.output


def test_doctor_refuses_a_newer_database(cli: CliRunner, tmp_path: Path) -> None:
    db = apsw.Connection(str(new_database(tmp_path)))
    db.pragma("user_version", 999)
    db.close()
    told = cli.invoke(main, ["doctor", "--data-dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "newer" in told.output


def test_backup_is_a_database_with_its_label(cli: CliRunner, tmp_path: Path) -> None:
    new_database(tmp_path)
    told = cli.invoke(main, ["backup", "--data-dir", str(tmp_path), "--label", "my copy!"])
    made = Path(told.output.strip())
    assert told.exit_code == 0
    assert made.parent == tmp_path / "backups"
    assert made.name.endswith("_my-copy.db")
    assert made.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["backup", "doctor"])
def test_no_database_is_one_line_and_exit_code_1(
    cli: CliRunner, tmp_path: Path, command: str
) -> None:
    told = cli.invoke(main, [command, "--data-dir", str(tmp_path / "nowhere")])
    assert told.exit_code == 1
    assert told.output.startswith("Error: there is no database at ")
    assert len(told.output.splitlines()) == 1


def test_demo_keeps_its_hands_off_a_folder_in_use(cli: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    told = cli.invoke(main, ["demo", "--folder", str(tmp_path)])
    assert (told.exit_code, [path.name for path in tmp_path.iterdir()]) == (1, ["thesis.txt"])


def test_explain_answers_each_line_in_its_place(cli: CliRunner) -> None:
    lines = ['{"title": "Mara Farrow - Orchard (epub)"}', "no JSON", "", '{"title": "x.mkv"}']
    told = cli.invoke(main, ["explain", "release"], input="\n".join(lines))
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 0
    assert [set(answer) & {"parsed", "error"} for answer in answers] == [
        {"parsed"},
        {"error"},
        {"parsed"},
    ]
    assert answers[0]["parsed"]["title"] == "Orchard"


@pytest.mark.parametrize("what", ["release", "file", "name"])
def test_explain_without_a_line_says_nothing(cli: CliRunner, what: str) -> None:
    told = cli.invoke(main, ["explain", what], input="")
    assert (told.exit_code, told.output) == (0, "")


def test_explain_survives_bytes_that_are_no_text(cli: CliRunner) -> None:
    line = b'{"path": "Farrow/\xff\xfe\x00.epub"}\n'
    told = cli.invoke(main, ["explain", "file"], input=line)
    assert told.exit_code == 0
    assert len(told.stdout.splitlines()) == 1
