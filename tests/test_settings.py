import contextlib
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery import settings as module
from bindery.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_set_gives_the_defaults() -> None:
    assert load_settings({}) == Settings()


def test_every_rule_is_a_setting_and_the_other_way_round() -> None:
    assert {field.name for field in fields(Settings)} - {"ignored"} == set(module._RULES)


def test_empty_is_unset() -> None:
    assert load_settings({"BINDERY_PORT": " ", "BINDERY_URL_BASE": "", "TZ": ""}) == Settings()


def test_the_database_and_the_downloads_lie_in_the_data_folder_unless_told_otherwise() -> None:
    settings = load_settings({"BINDERY_DATA_DIR": "there"})
    assert settings.db_path == Path("there/bindery.db")
    assert settings.download_dir == Path("there/downloads")
    moved = load_settings({"BINDERY_DATA_DIR": "there", "BINDERY_DB_PATH": "fast/b.db"})
    assert moved.db_path == Path("fast/b.db")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "0", 0),
        ("PORT", "65535", 65_535),
        ("URL_BASE", "/", ""),
        ("URL_BASE", "bindery", "/bindery"),
        ("URL_BASE", "/bindery/", "/bindery"),
        ("URL_BASE", "https://example.com/bindery/", "/bindery"),
        ("URL_BASE", "https://example.com", ""),
        ("URL_BASE", "/a//b", "/a/b"),
        ("LOG_LEVEL", "WARN", "warning"),
        ("ENFORCE_TENANCY", "Yes", True),
        ("DOWNLOAD_ALLOW_LOOPBACK", "on", True),
        ("LOCAL_AUTH_ENABLED", "0", False),
        ("COOKIE_SECURE", "Always", "always"),
        (
            "TRUSTED_PROXY",
            "10.0.0.1, fd00::/8",
            (ip_network("10.0.0.1/32"), ip_network("fd00::/8")),
        ),
        ("ALLOWED_HOSTS", "Books.Example, nas", ("books.example", "nas")),
        (
            "ALLOWED_ORIGINS",
            "HTTPS://Books.Example:443/,http://[::1]:8000",
            ("https://books.example", "http://[::1]:8000"),
        ),
        ("FRAME_ANCESTORS", "'self' https://home.example", "'self' https://home.example"),
        ("CONTACT", "me @example.org", "mailto:me@example.org"),
        ("DOWNLOAD_PATH_REMAP", "/dl/:/srv/dl, /x:/y", (("/dl", "/srv/dl"), ("/x", "/y"))),
    ],
)
def test_a_value_is_read_by_its_rule(name: str, text: str, value: object) -> None:
    settings = load_settings({f"BINDERY_{name}": text})
    assert getattr(settings, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_787"),
        ("PORT", "٨"),
        ("HOST", "http://x"),
        ("URL_BASE", "/a/../b"),
        ("URL_BASE", "/a b"),
        ("URL_BASE", '/"><script>'),
        ("LOG_LEVEL", "loud"),
        ("TRUSTED_PROXY", "10.0.0.1,nonsense"),
        ("ALLOWED_ORIGINS", "books.example"),
        ("ALLOWED_ORIGINS", "https://books.example/path"),
        ("ALLOWED_ORIGINS", "https://books.example:99999"),
        ("COOKIE_SECURE", "maybe"),
        ("FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("FRAME_ANCESTORS", "https://a.example, https://b.example"),
        ("FRAME_ANCESTORS", "'self'\nX: y"),
        ("FRAME_ANCESTORS", "*"),
        ("ENFORCE_TENANCY", "ja"),
        ("DOWNLOAD_PATH_REMAP", "/only"),
        ("ALLOWED_ORIGINS", "http://[x"),
        ("URL_BASE", "http://[x/ä"),
    ],
)
def test_a_bad_value_names_its_variable_and_its_rule(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"BINDERY_{name}": text})
    assert caught.value.key == f"BINDERY_{name}"
    assert str(caught.value).startswith(f"BINDERY_{name} must be ")


def test_an_unknown_time_zone_is_refused() -> None:
    for zone in ("Europe/Atlantis", "../../etc/passwd", "/etc/localtime"):
        with pytest.raises(SettingsError, match="TZ must be"):
            load_settings({"TZ": zone})


def test_secrets_show_neither_in_errors_nor_in_the_text_of_settings() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"BINDERY_OPENLIBRARY_URL": "gopher://user:hunter2@x"})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    settings = load_settings(
        {
            "BINDERY_API_KEY": "hunter2",
            "BINDERY_METRICS_TOKEN": "hunter2",
        }
    )
    assert settings.api_key == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_variable_that_means_nothing_is_reported() -> None:
    settings = load_settings({"BINDERY_PROT": "1", "OTHER": "x", "BINDERY_FAULT": "a"})
    assert settings.ignored == ("BINDERY_PROT",)


def test_the_file_gives_values_and_the_environment_wins(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('port = 9000\nenforce_tenancy = true\nallowed_hosts = ["a", "b"]\n')
    settings = load_settings({"BINDERY_CONFIG": str(path), "BINDERY_PORT": "9001"})
    assert (settings.port, settings.enforce_tenancy) == (9001, True)
    assert settings.allowed_hosts == ("a", "b")


def test_a_file_in_the_data_folder_is_found_by_itself(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bindery.toml").write_text("port = 9000")
    assert load_settings({}).port == 9000


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"port = ", "own.toml"),
        (b"\xff\xfe", "own.toml"),
        (b"prot = 1", "prot in own.toml"),
        (b"port = 1.5", "port in own.toml"),
        (b"[port]\nx = 1", "port in own.toml"),
        (b"port = 99999", "port in own.toml"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, content: bytes, key: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings({"BINDERY_CONFIG": str(path)})
    assert caught.value.key == key


def test_a_file_that_was_asked_for_must_exist() -> None:
    with pytest.raises(SettingsError, match="BINDERY_CONFIG"):
        load_settings({"BINDERY_CONFIG": "nowhere.toml"})


@given(name=st.sampled_from(sorted(module._RULES)), text=st.text(max_size=40))
def test_any_text_is_taken_or_refused_but_never_crashes(name: str, text: str) -> None:
    with contextlib.suppress(SettingsError):
        module._parse(name, text, module._RULES[name])
