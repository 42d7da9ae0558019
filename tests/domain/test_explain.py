"""The window on the judgement: a JSON line in, a JSON line with every reason out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.domain import explain

FARROW = {"title": "The Glass Orchard", "author": "Mara Farrow", "format": "ebook"}


def asked(question: Any) -> Any:
    return json.loads(explain.release(json.dumps(question).encode()))


def test_a_name_alone_is_read_and_not_judged() -> None:
    told = asked({"title": "Mara Farrow - The Glass Orchard (2019) (epub)"})
    assert told["parsed"]["authors"] == ["Mara Farrow"]
    assert told["parsed"]["title"] == "The Glass Orchard"
    assert told["parsed"]["year"] == 2019
    assert told["parsed"]["formats"] == ["epub"]
    assert (told["match"], told["confidence"], told["evidence"]) == (None, None, [])


def test_the_wanted_book_is_a_yes_with_its_reasons() -> None:
    told = asked({"title": "Mara Farrow - The Glass Orchard (2019) (epub)", "book": FARROW})
    assert told["match"] == "yes"
    assert 0.8 <= told["confidence"] <= 1
    assert {"author", "title"} <= {reason["code"].split("-")[0] for reason in told["evidence"]}
    assert all(set(reason) == {"code", "wanted", "found", "weight"} for reason in told["evidence"])


def test_another_book_of_the_author_is_a_no_that_says_why() -> None:
    told = asked({"title": "Mara Farrow - A Winter Ledger (epub)", "book": FARROW})
    assert told["match"] == "no"
    assert told["code"]


def test_a_rival_work_is_told_apart() -> None:
    book = {**FARROW, "title": "Orchard", "other_works": [{"title": "Orchard of Ash"}]}
    told = asked({"title": "Mara Farrow - Orchard of Ash (epub)", "book": book})
    assert told["match"] == "no"


def test_a_release_in_a_language_nobody_asked_for_is_never_a_yes() -> None:
    release = "Mara Farrow - The Glass Orchard (2019) FRENCH (epub)"
    assert asked({"title": release, "book": FARROW})["match"] == "unsure"
    said = {**FARROW, "language": "French"}
    assert asked({"title": release, "book": said})["match"] == "yes"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "bad-json"),
        (b"{", "bad-json"),
        (b"[" * 100_000, "bad-shape"),
        (b"17", "bad-shape"),
        (b"[]", "bad-shape"),
        (b"{}", "bad-shape"),
        (b'{"title": 7}', "bad-shape"),
        (b'{"title": "x", "book": {"author": "Y"}}', "bad-shape"),
        (b'{"title": "x", "book": {"title": "x", "format": "vhs"}}', "unknown-format"),
        (b'{"title": "' + b"x" * explain.MAX_LINE + b'"}', "line-too-long"),
    ],
)
def test_a_line_that_is_no_question_is_answered_by_its_error(line: bytes, code: str) -> None:
    told = json.loads(explain.release(line))
    assert told["error"]["code"] == code
    assert told["error"]["message"]


def test_a_file_is_read_by_its_folders() -> None:
    line = json.dumps({"path": "Mara Farrow/The Glass Orchard (2019)/The Glass Orchard.epub"})
    told = json.loads(explain.file(line.encode()))
    assert told["parsed"]["authors"] == ["Mara Farrow"]
    assert told["parsed"]["title"] == "The Glass Orchard"
    assert told["parsed"]["formats"] == ["epub"]
    assert told["match"] is None


def test_a_file_is_judged_against_a_book() -> None:
    path = "Mara Farrow/The Glass Orchard (2019)/The Glass Orchard.epub"
    told = json.loads(explain.file(json.dumps({"path": path, "book": FARROW}).encode()))
    assert told["match"] == "yes"


def test_a_template_is_rendered() -> None:
    line = {"template": "{Author}/{Title}{ (Year)}", "fields": {"Author": "M", "Title": "T"}}
    assert json.loads(explain.name(json.dumps(line).encode())) == {"path": "M/T"}


def test_a_wrong_template_says_where() -> None:
    told = json.loads(explain.name(b'{"template": "{Author}/{Nonsense}", "fields": {}}'))
    assert told["error"]["position"] == 10
    assert "10" in told["error"]["message"]


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    for answer in (
        explain.release(json.dumps({"title": text, "book": {"title": text}}).encode()),
        explain.file(json.dumps({"path": text}).encode()),
        explain.name(json.dumps({"template": text}).encode()),
    ):
        assert isinstance(json.loads(answer), dict)
        assert b"\n" not in answer


@given(st.binary())
def test_any_bytes_are_answered(line: bytes) -> None:
    assert isinstance(json.loads(explain.release(line)), dict)


def test_endless_nesting_is_no_crash() -> None:
    line = b'{"path": "x", "tags": {"a": ' + b"[" * 500_000
    assert json.loads(explain.file(line))["error"]["code"] == "bad-json"
