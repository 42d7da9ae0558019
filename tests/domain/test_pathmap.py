"""Remote path mapping (downloads-and-import.md 4.2)."""

import pytest

from bindery.domain.pathmap import PathMap, map_client_path, parse_spec, to_local, to_remote

NESTED = "/downloads:/media,/downloads/complete:/media/complete"


@pytest.mark.parametrize(
    ("spec", "path", "local"),
    [
        ("", "/downloads/complete/x", "/downloads/complete/x"),
        ("/downloads:/media", "/downloads/complete/x", "/media/complete/x"),
        ("/downloads:/media", "/downloads", "/media"),
        ("/downloads:/media", "/srv/other", "/srv/other"),
        ("/downloads:/media", "/downloads-old/x", "/downloads-old/x"),
        (NESTED, "/downloads/complete/x", "/media/complete/x"),
        (NESTED, "/downloads/incomplete/x", "/media/incomplete/x"),
        ("/downloads/ : /media/ ", "/downloads/x", "/media/x"),
        ("bogus,/downloads:/media", "/downloads/x", "/media/x"),
        (",,:,foo:,:bar,   ,", "/downloads/x", "/downloads/x"),
    ],
)
def test_specs(spec: str, path: str, local: str) -> None:
    assert to_local(path, parse_spec(spec)) == local


def test_the_clients_own_rules_come_first() -> None:
    own, common = parse_spec("/remote:/local"), parse_spec("/global:/local-global")
    assert map_client_path("/remote/downloads/b", own, common) == "/local/downloads/b"
    assert map_client_path("/global/downloads/b", own, common) == "/local-global/downloads/b"


def test_windows_paths_are_compared_without_case() -> None:
    rules = [PathMap("C:\\Downloads", "/media")]
    assert to_local("c:\\downloads\\Sub\\x.epub", rules) == "/media/Sub/x.epub"
    assert to_remote("/media/Sub/x.epub", rules) == "C:\\Downloads\\Sub\\x.epub"


def test_the_way_back_takes_the_longest_local() -> None:
    assert to_remote("/media/complete/x", parse_spec(NESTED)) == "/downloads/complete/x"
