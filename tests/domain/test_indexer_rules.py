"""Endpoints, categories and refusals of indexers: the tables of acquisition.md 2."""

import pytest

from bindery.domain.categories import for_book, for_text
from bindery.domain.indexer_endpoint import Endpoint, endpoint, request_url
from bindery.domain.indexer_errors import Trouble, classify, retry_after, retry_hint
from bindery.domain.offers import BookFormat
from bindery.domain.redaction import carries_secret, redact_url, strip_secrets


@pytest.mark.parametrize(
    ("configured", "url"),
    [
        ("", ""),
        ("   ", ""),
        ("https://host:9696", "https://host:9696/api"),
        ("https://host:9696/", "https://host:9696/api"),
        ("https://host/api", "https://host/api"),
        ("https://host/api/", "https://host/api"),
        ("https://host/1", "https://host/1/api"),
        ("https://host//1//api", "https://host/1/api"),
        (
            "http://h/api/v2.0/indexers/x/results/TorzNab/",
            "http://h/api/v2.0/indexers/x/results/TorzNab/",
        ),
    ],
)
def test_endpoints(configured: str, url: str) -> None:
    assert endpoint(configured, "k").url == url


def test_a_key_in_the_url() -> None:
    assert endpoint("https://h/?apikey=K&foo=bar&t=x") == Endpoint(
        "https://h/api", "K", (("foo", "bar"),)
    )
    assert endpoint("https://h/?apikey=K", "F").api_key == "F"


def test_parameters_are_sorted_and_blanks_are_plus() -> None:
    where = endpoint("https://h/?foo=bar", "K")
    url = request_url(where, {"t": "search", "q": "a b&c", "cat": ""})
    assert url == "https://h/api?apikey=K&foo=bar&q=a+b%26c&t=search"


@pytest.mark.parametrize(
    ("configured", "media", "opt_in", "sent"),
    [
        ("7000,7020,3030", "ebook", False, "7020"),
        ("7000,7020,3030", "audiobook", False, "3030"),
        ("7020,7120,7150,7180,3030", "ebook", False, "7020,7120,7150,7180"),
        ("7000,7020", "audiobook", False, "3030"),
        ("7000", "ebook", False, "7020"),
        ("7010,7030,7050", "ebook", True, "7000,7010,7030,7050"),
        ("7000", "ebook", True, "7000,7020"),
        ("7020,7000", "ebook", True, "7000,7020"),
        ("7000,7020", "audiobook", True, "3030"),
        ("", "ebook", True, "7020"),
        ("100013,100039", "audiobook", True, "100013,100039"),
        ("7000,100060", "ebook", False, "7000,100060"),
    ],
)
def test_categories(configured: str, media: BookFormat, opt_in: bool, sent: str) -> None:
    ids = [int(one) for one in configured.split(",") if one]
    assert ",".join(str(one) for one in for_book(ids, media, parent=opt_in)) == sent


def test_free_search_sends_what_is_configured() -> None:
    assert for_text([100013, 7000]) == (100013, 7000)
    assert for_text([]) == (7020,)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Request limit reached. Retry in 485 minutes.", 485 * 60),
        ("Retry in 1 hour", 3600),
        ("retry in 12minutes", 720),
        ("Retry in 30 days.", 86400),
        ("Retry in 0 minutes.", 60),
        ("Request limit reached", None),
        ("Retry in 3 fortnights", None),
        ("Retry in a while", None),
        ("Retry in 99999999999999999999 seconds", None),
    ],
)
def test_hints(text: str, seconds: int | None) -> None:
    assert retry_hint(text) == seconds
    assert classify(200, 500, text).hold_s == (seconds or 3600)


def test_retry_after_in_seconds_and_as_a_date() -> None:
    now = 1_790_000_000_000_000
    assert retry_after("120", now) == 120
    assert retry_after("Mon, 21 Sep 2026 14:15:20 GMT", now) == 1_790_000_120 - 1_790_000_000
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None


@pytest.mark.parametrize(
    ("status", "code", "text", "header", "trouble", "hold"),
    [
        (429, None, "", "90", Trouble.RATE_LIMIT, 90),
        (429, None, "", "", Trouble.RATE_LIMIT, 3600),
        (200, 429, "slow down", "", Trouble.RATE_LIMIT, 3600),
        (200, 520, "grabs", "", Trouble.RATE_LIMIT, 3600),
        (200, 900, "API limit exceeded", "", Trouble.RATE_LIMIT, 3600),
        (503, None, "", "120", Trouble.TEMPORARY, 120),
        (503, None, "", "99999", Trouble.TEMPORARY, 3600),
        (503, None, "", "", Trouble.STATUS, None),
        (401, None, "", "", Trouble.AUTH, None),
        (403, None, "", "", Trouble.AUTH, None),
        (200, 100, "Incorrect user credentials", "", Trouble.AUTH, None),
        (410, None, "", "", Trouble.DISABLED, None),
        (200, 910, "API disabled", "", Trouble.DISABLED, None),
        (200, 203, "Function not available", "", Trouble.NO_FUNCTION, None),
        (200, 300, "No such item", "", Trouble.OTHER, None),
        (200, 0, "odd", "", Trouble.OTHER, None),
        (500, None, "", "", Trouble.STATUS, None),
    ],
)
def test_refusals(
    status: int, code: int | None, text: str, header: str, trouble: Trouble, hold: int | None
) -> None:
    verdict = classify(status, code, text, header)
    assert (verdict.trouble, verdict.hold_s) == (trouble, hold)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/a?apikey=K1&t=b", "http://h/a?apikey=REDACTED&t=b"),
        ("http://h/a?t=b&PassKey=K1#x", "http://h/a?t=b&PassKey=REDACTED#x"),
        ("http://h/getnzb/x.nzb&i=1&r=K1", "http://h/getnzb/x.nzb&i=REDACTED&r=REDACTED"),
        ("http://u:p@h/a", "http://REDACTED@h/a"),
        ("http://h/0123456789abcdef0123456789abcdef/a", "http://h/REDACTED/a"),
        (
            "http://h/the-left-hand-of-darkness-novel/a",
            "http://h/the-left-hand-of-darkness-novel/a",
        ),
        ("http://h/?monkey=1", "http://h/?monkey=1"),
    ],
)
def test_redaction(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_stripping_leaves_a_working_url() -> None:
    assert strip_secrets("http://u:p@h/a?apikey=K&id=3&r=K") == "http://h/a?id=3"
    assert strip_secrets("http://h/a?apikey=K") == "http://h/a"
    assert carries_secret("http://h/a?r=K")
    assert not carries_secret("http://h/a?id=K")
