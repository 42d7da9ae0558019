"""Fetching what a release's link names (downloads-and-import.md 2.0).

We fetch, never the download client: so every hop obeys the address policy, and the hash is known
before anything is added.
"""

import gzip
import re
import zlib
from email.message import Message
from urllib.parse import unquote, urlsplit

from bindery.adapters.failures import (
    Malformed,
    OutsideError,
    RateLimited,
    Rejected,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Answer, Ask, HttpClient
from bindery.adapters.xml_documents import local_name, read_xml, refuse_html
from bindery.domain.indexer_errors import Trouble, Verdict, classify
from bindery.domain.torrents import magnet_hashes, magnet_name, read_torrent
from bindery.domain.transfers import Payload
from bindery.runtime.clock import Clock
from bindery.runtime.threads import Threads, in_thread

MOST_BYTES = 50 * 1024 * 1024
FETCH_S = 60.0
_NZB = re.compile(rb"<(?:[A-Za-z0-9]{1,20}:)?nzb[\s>]", re.IGNORECASE)
_ERROR = re.compile(rb"<error[\s/>]", re.IGNORECASE)
_ACCEPT = "application/x-bittorrent, application/x-nzb, */*;q=0.5"


async def fetch_payload(
    client: HttpClient, link: str, *, threads: Threads, clock: Clock
) -> Payload:
    """Torrent bytes, an NZB or a magnet, told apart by content. Raises `OutsideError`s:
    `html_page`, `not_a_payload`, `empty_answer`, `TooLarge`, and an indexer's own refusals.
    """
    if link.lower().startswith("magnet:"):
        return magnet_payload(link)
    answer = await client.send(
        Ask(url=link, headers={"accept": _ACCEPT}), max_bytes=MOST_BYTES, timeout_s=FETCH_S
    )
    if answer.magnet is not None:
        return magnet_payload(answer.magnet)
    return await in_thread(threads.cpu, _payload_of, answer, clock.now_us())


def _payload_of(answer: Answer, now_us: int) -> Payload:
    body = answer.body
    if answer.status != 200 or _ERROR.search(body[:2048]):
        raise refusal_of(answer, now_us)
    if not body:
        raise Malformed("empty_answer")
    name = file_name(answer)
    if body[:1] == b"d":
        return torrent_payload(body, name)
    if body[:20].lower().startswith(b"magnet:"):
        return magnet_payload(body[:8192].decode("utf-8", "replace").split()[0])
    plain = _gunzipped(body) if body[:2] == b"\x1f\x8b" else body
    refuse_html(plain)
    if _NZB.search(plain[:4096]):
        return _nzb_payload(plain, name)
    raise Malformed("not_a_payload")


def torrent_payload(body: bytes, name: str) -> Payload:
    """A torrent file with its hashes, or `Malformed`."""
    facts = read_torrent(body)
    if facts is None:
        raise Malformed("not_a_torrent")
    return Payload(
        kind="torrent",
        data=body,
        name=name or facts.name,
        info_hash_v1=facts.hashes.v1,
        info_hash_v2=facts.hashes.v2,
        size=facts.size,
    )


def magnet_payload(magnet: str) -> Payload:
    """A magnet link with its hashes, or `Malformed` when it names no torrent."""
    magnet = magnet.strip()
    hashes = magnet_hashes(magnet)
    if not hashes.known_as() or len(magnet) > 8192:
        raise Malformed("not_a_magnet")
    return Payload(
        kind="magnet",
        data=magnet.encode(),
        name=magnet_name(magnet),
        info_hash_v1=hashes.v1,
        info_hash_v2=hashes.v2,
    )


def _nzb_payload(body: bytes, name: str) -> Payload:
    root = read_xml(body, repeated="file")
    files = [element for element in root if local_name(element) == "file"]
    if local_name(root) != "nzb" or not files:
        raise Malformed("not_an_nzb")
    return Payload(kind="nzb", data=body, name=name)


def _gunzipped(body: bytes) -> bytes:
    try:
        unzip = zlib.decompressobj(wbits=31)
        plain = unzip.decompress(body, MOST_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile):
        raise Malformed("broken_encoding", encoding="gzip") from None
    if len(plain) > MOST_BYTES:
        raise TooLarge(limit=MOST_BYTES)
    return plain


def file_name(answer: Answer) -> str:
    """The name that the server tells, else the last part of the URL. Not yet fit for a disk."""
    return disposition_name(answer.headers.get("content-disposition", "")) or url_name(answer.url)


def disposition_name(header: str) -> str:
    """`filename` of a Content-Disposition header, both spellings (RFC 6266); may be empty."""
    if not header or len(header) > 4000:
        return ""
    message = Message()
    message["content-disposition"] = " ".join(header.split())
    return (message.get_filename() or "")[:500]


def url_name(url: str) -> str:
    """The decoded last part of a URL's path."""
    return unquote(urlsplit(url).path.rpartition("/")[2])[:500]


def refusal_of(answer: Answer, now_us: int) -> OutsideError:
    """An answer that is not what was asked for, as a failure: an error document if there is one,
    else the status.
    """
    code, text = _error_document(answer.body)
    verdict = classify(answer.status, code, text, answer.headers.get("retry-after", ""), now_us)
    return failure_of(verdict, status=answer.status, indexer_code=code, text=text)


def _error_document(body: bytes) -> tuple[int | None, str]:
    if not _ERROR.search(body[:2048]):
        return None, ""
    try:
        root = read_xml(body[:65536])
    except (Malformed, Unauthorized):
        return None, ""
    if local_name(root) != "error":
        return None, ""
    code = (root.get("code") or "").strip()
    return int(code) if code.isdecimal() and len(code) < 6 else 0, (root.get("description") or "")[
        :300
    ]


def failure_of(
    verdict: Verdict, *, status: int, indexer_code: int | None = None, text: str = ""
) -> OutsideError:
    """A classified refusal as an exception; `text` is the indexer's own words."""
    kind: type[OutsideError]
    match verdict.trouble:
        case Trouble.RATE_LIMIT:
            kind = RateLimited
        case Trouble.TEMPORARY:
            kind = Unavailable
        case Trouble.AUTH:
            kind = Unauthorized
        case Trouble.STATUS if status >= 500:
            kind = Unavailable
        case _:
            kind = Rejected
    code = verdict.trouble.value
    failure = kind(code, status=status, indexerCode=indexer_code, text=text or None)
    if isinstance(failure, Unavailable):
        failure.retry_after_s = verdict.hold_s
    return failure
