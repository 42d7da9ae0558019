"""The command line: help, exit codes, one clear line for what cannot be done."""

import json
from pathlib import Path

import apsw
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from bindery import __version__
from bindery.cli import main
from bindery.store.lock import locked_folder
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
        "reset-password",
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


def _with_account(folder: Path) -> Path:
    path = new_database(folder)
    db = apsw.Connection(str(path))
    db.execute(
        "INSERT INTO user (id, username, username_key, password_hash, role, created_at, updated_at)"
        " VALUES (1, 'Ada', 'ada', 'old', 'admin', 1, 1);"
        "INSERT INTO session (public_id, digest, user_id, kind, created_at, seen_at,"
        " idle_expires_at, expires_at) VALUES ('s', x'01', 1, 'normal', 1, 1, 9, 9)"
    )
    db.close()
    return path


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(path))
    try:
        return list(db.execute(sql))
    finally:
        db.close()


def test_a_forgotten_password_is_replaced(cli: CliRunner, tmp_path: Path) -> None:
    path = _with_account(tmp_path)
    told = cli.invoke(
        main, ["reset-password", "--data-dir", str(tmp_path), "ADA"], input="long enough\nmore"
    )
    assert (told.exit_code, "signed out" in told.output) == (0, True), told.output
    assert "long enough" not in told.output
    ((stored, epoch),) = _rows(path, "SELECT password_hash, epoch FROM user")
    assert PasswordHasher().verify(str(stored), "long enough")
    assert epoch == 2
    assert _rows(path, "SELECT count(*) FROM session") == [(0,)]


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [("bob", "long enough", "known: Ada"), ("ada", "short", "8 bytes"), ("ada", "", "8 bytes")],
)
def test_what_cannot_be_reset_changes_nothing(
    cli: CliRunner, tmp_path: Path, user: str, password: str, said: str
) -> None:
    path = _with_account(tmp_path)
    told = cli.invoke(
        main, ["reset-password", "--data-dir", str(tmp_path), user], input=f"{password}\n"
    )
    assert (told.exit_code, said in told.output) == (1, True), told.output
    assert _rows(path, "SELECT password_hash FROM user") == [("old",)]


def test_a_running_service_is_not_reset_behind_its_back(cli: CliRunner, tmp_path: Path) -> None:
    _with_account(tmp_path)
    with locked_folder(tmp_path):
        told = cli.invoke(
            main, ["reset-password", "--data-dir", str(tmp_path), "ada"], input="long enough\n"
        )
    assert told.exit_code == 1
    assert "in use by another Bindery" in told.output


def test_nothing_is_made_where_no_database_is(cli: CliRunner, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    told = cli.invoke(
        main, ["reset-password", "--data-dir", str(folder), "ada"], input="long enough\n"
    )
    assert told.exit_code == 1
    assert "no database" in told.output
    assert not folder.exists()
