"""Root folders: marker, fitness, what is inside, what is nested."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.files import roots
from bindery.files.disk import DiskError

UUID = "5f0f6a0a-33f5-4b3e-9c2f-9a1d8f6b7c11"


def test_a_marked_root_is_fit(tmp_path: Path) -> None:
    assert roots.write_marker(str(tmp_path), UUID) == UUID
    facts = roots.check_root(str(tmp_path), UUID)
    assert facts.code == ""
    assert facts.marker == UUID
    assert facts.device_id == tmp_path.stat().st_dev
    assert 0 < facts.free <= facts.total
    assert facts.filesystem
    assert [p.name for p in tmp_path.iterdir()] == [roots.MARKER]


def test_an_earlier_marker_is_kept_and_a_cut_off_one_is_finished(tmp_path: Path) -> None:
    roots.write_marker(str(tmp_path), UUID)
    assert roots.write_marker(str(tmp_path), "another") == UUID
    (tmp_path / roots.MARKER).write_bytes(b"")
    assert roots.write_marker(str(tmp_path), "another") == "another"


def test_each_way_of_being_unfit_has_its_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert roots.check_root(str(tmp_path / "no"), UUID).code == "root_missing"
    assert roots.check_root("relative", UUID).code == "root_missing"
    assert roots.check_root(str(file), UUID).code == "root_not_directory"
    assert roots.check_root(str(tmp_path), UUID).code == "root_not_mounted"
    assert roots.check_root(str(tmp_path), None).code == ""
    roots.write_marker(str(tmp_path), "another")
    assert roots.check_root(str(tmp_path), UUID).code == "root_changed"
    assert roots.marker_problem(str(tmp_path), UUID) == "root_changed"
    assert roots.marker_problem(str(tmp_path / "no"), UUID) == "root_missing"


def test_a_root_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots.write_marker(str(tmp_path), UUID)
    real = os.open

    def read_only(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "read-only")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    assert roots.check_root(str(tmp_path), UUID).code == "root_read_only"
    with pytest.raises(DiskError) as failed:
        roots.write_marker(str(tmp_path), UUID)
    assert failed.value.code == "read_only"


SEGMENT = st.sampled_from(
    ["..", ".", "", "a", "link", "in", "A", "%2e%2e", "..\\..", "a\x00b", "é"]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(SEGMENT, min_size=0, max_size=6), absolute=st.booleans())
def test_what_is_called_inside_is_inside(tmp_path: Path, parts: list[str], absolute: bool) -> None:
    root = tmp_path / "root"
    if not root.exists():
        (root / "a").mkdir(parents=True)
        (root / "link").symlink_to("/etc")
        (root / "in").symlink_to("a")
    path = "/".join([str(root), *parts]) if absolute else "/".join(parts)
    real = roots.resolve_inside(str(root), path)
    if real is not None:
        assert os.path.realpath(real) == real
        assert Path(real).is_relative_to(root.resolve())
        assert Path(real) != root.resolve()


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a/x.epub", True),
        ("in/x.epub", True),
        ("new/deep/x.epub", True),
        ("", False),
        (".", False),
        ("../root2/x", False),
        ("a/../../x", False),
        ("link/passwd", False),
        ("link", False),
        ("../rooted/x", False),
        ("a/\x00", False),
        ("a/../x.epub", False),
    ],
)
def test_containment(tmp_path: Path, path: str, inside: bool) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "rooted").mkdir()
    (root / "link").symlink_to("/etc")
    (root / "in").symlink_to("a")
    assert (roots.resolve_inside(str(root), f"{root}/{path}") is not None) is inside


def test_nesting_is_seen_through_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "alias").symlink_to("a")
    a, b, c, alias = (str(tmp_path / p) for p in ("a", "a/b", "c", "alias"))
    assert roots.nested_with(b, [c, a]) == a
    assert roots.nested_with(a, [b]) == b
    assert roots.nested_with(a, [a]) == a
    assert roots.nested_with(alias, [b]) == b
    assert roots.nested_with(c, [a, b, str(tmp_path / "gone")]) is None


def test_links_are_tried_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    answer = roots.try_hardlink(str(tmp_path / "d"), str(tmp_path / "not" / "yet"))
    assert answer.possible
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d"]

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EXDEV, "cross-device")

    monkeypatch.setattr(os, "link", refuse)
    answer = roots.try_hardlink(str(tmp_path / "d"), str(tmp_path))
    assert (answer.possible, answer.reason) == (False, "link_exdev")
    assert list((tmp_path / "d").iterdir()) == []


def test_another_file_system_is_told_apart() -> None:
    assert roots.try_hardlink("/proc", "/tmp").reason == "link_other_filesystem"
    assert roots.filesystem_of("/proc") == "proc"
    assert not roots.is_network("/proc")


def test_a_look_that_writes_nothing(tmp_path: Path) -> None:
    roots.write_marker(str(tmp_path), "m" * 32)
    before = tmp_path.stat().st_mtime_ns
    assert roots.check_root(str(tmp_path), "m" * 32, write=False).code == ""
    assert tmp_path.stat().st_mtime_ns == before, "no file came and went"


@pytest.mark.parametrize(
    ("path", "other", "expected"),
    [
        ("/books", "/books", True),
        ("/books/", "/books/a", True),
        ("/books/a", "/books", True),
        ("/books", "/books-2", False),
        ("/a/../books", "/books/x", True),
    ],
)
def test_nesting_by_name_alone(path: str, other: str, expected: bool) -> None:
    assert roots.nested_by_name(path, other) is expected
