"""Searches, their legs and their judged releases (acquisition.md 1.3-1.4, ui.md 8.1-8.2)."""

import msgspec

from bindery.domain.wire import Reason, Wire

SEALED = "bindery:candidate:"
"""What stands for a link on the wire, followed by the candidate's id: links never leave."""


class WireRejection(Wire, frozen=True, kw_only=True):
    """One rule that objects. `class` is hard, soft, approval or temporary."""

    code: str
    klass: str = msgspec.field(name="class")
    params: dict[str, object] = msgspec.field(default_factory=dict[str, object])
    text: str = ""


class WireEvidence(Wire, frozen=True, kw_only=True):
    """One piece of evidence of the match."""

    code: str
    wanted: str = ""
    found: str = ""
    weight: float = 0.0


class ParsedFields(Wire, frozen=True, kw_only=True):
    """What the release's name was read as."""

    authors: tuple[str, ...] = ()
    title: str = ""
    series: str = ""
    position: str = ""
    year: int | None = None
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    group: str = ""
    retail: bool = False
    abridged: bool | None = None
    kind: str = ""


class Judgement(Wire, frozen=True, kw_only=True):
    """Why a release is judged as it is; stored in these words and shown as it is stored."""

    quality: str = "unknown"
    media_type: str | None = None
    confidence: float = 0.0
    match_code: str = ""
    score_parts: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    evidence: tuple[WireEvidence, ...] = ()
    parsed: ParsedFields = ParsedFields()


class SearchRelease(Wire, frozen=True, kw_only=True):
    """One judged release. Keys up to `rejection` are those of the reference.

    `nzb_url` is not an address: it names the candidate, the link itself stays on the server.
    """

    id: int
    candidate_id: int
    search_id: int
    guid: str
    indexer_id: int | None
    indexer_name: str
    indexer_priority: int
    title: str
    size: int
    pub_date: str
    nzb_url: str
    info_url: str
    category: str
    grabs: int
    author: str
    book_title: str
    protocol: str
    language: str
    download_volume_factor: float | None
    media_type: str | None
    approved: bool
    rejection: str
    verdict: str
    score: float
    score_parts: dict[str, float]
    rejections: tuple[WireRejection, ...]
    published_at: str | None
    seeders: int | None
    peers: int | None
    files: int | None
    info_hash: str | None
    quality: str
    slot_id: int | None
    confidence: float
    evidence: tuple[WireEvidence, ...]
    parsed: ParsedFields


class RequestLine(Wire, frozen=True, kw_only=True):
    """One request of the plan, secrets replaced."""

    url: str
    status: int | None
    ms: int
    count: int | None
    code: str | None


class SearchLeg(Wire, frozen=True, kw_only=True):
    """One indexer's part. `count` releases came, `excess` of them were not kept."""

    id: int
    indexer_id: int | None
    indexer_name: str
    status: str
    count: int
    kept: int
    excess: int
    ms: int | None
    error: Reason | None
    requests: tuple[RequestLine, ...] = ()


class LegStarted(Wire, frozen=True, kw_only=True):
    """Data of the event `indexer.started`."""

    indexer_id: int | None
    indexer_name: str


class SearchCounts(Wire, frozen=True, kw_only=True):
    """How many releases got which verdict, and how the indexers did."""

    found: int
    grab: int
    acceptable: int
    soft: int
    hard: int
    indexers: int
    failed: int


class SearchDone(Wire, frozen=True, kw_only=True):
    """Data of the event `search.done`."""

    counts: SearchCounts
    partial: bool
    outcome: str
    download_id: int | None


class SearchRecord(Wire, frozen=True, kw_only=True):
    """A search as a whole: the REST twin of the feed."""

    id: int
    book_id: int | None
    slot_id: int | None
    text: str
    kind: str
    cause: str
    started_at: str
    deadline_at: str
    done_at: str | None
    partial: bool
    outcome: str
    download_id: int | None
    trace: str
    counts: SearchCounts
    legs: tuple[SearchLeg, ...]
    candidates: tuple[SearchRelease, ...]


class DebugIndexer(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """One indexer of the debug record."""

    indexer_id: int
    indexer_name: str
    enabled: bool
    result_count: int
    duration_ms: int
    skipped: bool = False
    skip_reason: str = ""
    error: str = ""
    requests: tuple[RequestLine, ...] = ()


class DebugQuery(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """What was looked for."""

    title: str = ""
    author: str = ""
    media_type: str = ""
    free_text: str = ""


class DebugPipeline(Wire, frozen=True, kw_only=True):
    """The funnel: how many releases were left after each kind of rule."""

    raw_count: int
    after_dedupe: int
    after_usenet_junk: int
    after_non_book_content: int
    after_relevance: int


class DebugFilter(Wire, frozen=True, kw_only=True):
    """One release that a rule dropped (here: objected to)."""

    title: str
    indexer_name: str
    stage: str
    reason: str


class SearchDebug(Wire, frozen=True, kw_only=True):
    """The debug record (acquisition.md 1.4), made from the rows: it survives a restart."""

    query: DebugQuery
    indexers: tuple[DebugIndexer, ...]
    pipeline: DebugPipeline
    filters: tuple[DebugFilter, ...]
    started_at: str
    duration_ms: int


class BookSearch(Wire, frozen=True, kw_only=True):
    """Answer of a search that was waited for."""

    search_id: int
    results: tuple[SearchRelease, ...]
    debug: SearchDebug
    partial: bool


class SearchStarted(Wire, frozen=True, kw_only=True):
    """Answer of a search that is listened to."""

    search_id: int
