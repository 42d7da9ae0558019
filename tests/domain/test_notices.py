"""What a webhook says: the bodies of identity-and-system.md 8.7, ids after them."""

from bindery.domain.notices import TEST, Notice, body_of


def test_grab_names_book_author_and_size() -> None:
    notice = Notice(type="grabbed", item="Dune", author="Frank Herbert", size=1_048_576)
    assert body_of(notice) == {
        "eventType": "grabbed",
        "title": "Release Grabbed",
        "message": "Dune · Frank Herbert",
        "body": "Dune · Frank Herbert",
        "item": "Dune",
        "size": 1_048_576,
        "author": "Frank Herbert",
    }


def test_audiobook_import_tells_its_path() -> None:
    path = "/audiobooks/Frank Herbert/Dune"
    notice = Notice(type="bookImported", item="Dune", format="audiobook", path=path)
    body = body_of(notice)
    assert (body["message"], body["mediaFormat"], body["path"]) == (
        "Dune (audiobook)",
        "audiobook",
        path,
    )


def test_ebook_import_tells_no_path() -> None:
    notice = Notice(type="bookImported", item="Dune", format="ebook", path="/books/Dune.epub")
    assert "path" not in body_of(notice)


def test_failures_are_one_kind_for_receivers() -> None:
    for kind in ("downloadFailed", "importFailed", "importBlocked"):
        body = body_of(Notice(type=kind, item="Dune", reason="no files"))
        assert (body["eventType"], body["title"], body["message"]) == (
            "downloadFailed",
            "Download Failed",
            "Dune: no files",
        )


def test_upgrade_is_told_as_such() -> None:
    body = body_of(Notice(type="bookFileUpgraded", item="Dune", format="ebook"))
    assert (body["eventType"], body["title"], body["message"], body["mediaFormat"]) == (
        "upgrade",
        "Book Upgraded",
        "Dune (ebook)",
        "ebook",
    )


def test_client_that_is_down_is_named() -> None:
    notice = Notice(type="health", client="qbit", reason="timeout", ids={"clientId": 3})
    assert body_of(notice) == {
        "eventType": "health",
        "title": "Download Client Unhealthy",
        "message": "qbit: timeout",
        "body": "qbit: timeout",
        "status": "error",
        "clientId": 3,
    }


def test_message_is_never_empty() -> None:
    for kind in ("grabbed", "bookImported", "downloadFailed", "health", "somethingNew"):
        body = body_of(Notice(type=kind))
        assert body["message"]
        assert body["message"] == body["body"]


def test_ids_come_last_and_the_test_event_has_none() -> None:
    body = body_of(Notice(type="grabbed", item="Dune", ids={"bookId": 3, "downloadId": 9}))
    assert list(body)[-2:] == ["bookId", "downloadId"]
    assert body_of(TEST)["message"] == "Bindery notification test"
