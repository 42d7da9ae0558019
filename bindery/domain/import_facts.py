"""What the import plan is made from and what it says (judgement.md 9, architecture.md 6a)."""

from typing import Literal

import msgspec

from bindery.domain.file_op import Method, OpKind
from bindery.domain.media import ProbedFile
from bindery.domain.naming import DEFAULT_AUDIOBOOK_FOLDER, DEFAULT_BOOK
from bindery.domain.offers import BookFormat, Transport

Role = Literal["book", "track", "supplement", "sidecar"]


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the download: absolute ``path``, ``rel`` below the download's root with `/`.

    ``sha256`` may be unknown (empty). ``growing`` = it changed while it was looked at.
    """

    path: str
    rel: str
    probed: ProbedFile
    sha256: str = ""
    growing: bool = False


class DownloadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The download behind the files. ``forced`` = a person matched it: identity is not asked."""

    title: str
    transport: Transport | None = None
    format: BookFormat | None = None
    slot_ids: tuple[int, ...] = ()
    method: Method = Method.HARDLINK
    forced: bool = False


class LibraryFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file in a root; ``slot_ids`` it fills (none: untracked)."""

    root_id: int
    rel_path: str
    sha256: str = ""
    size: int = 0
    format: str = ""
    slot_ids: tuple[int, ...] = ()


class TargetRoot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a slot's files go. ``fields`` are the naming tokens of its book."""

    slot_id: int
    root_id: int | None
    path: str = ""
    free_bytes: int | None = None
    fields: dict[str, str] = {}


class LibraryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The library as far as this import can touch it."""

    targets: tuple[TargetRoot, ...] = ()
    files: tuple[LibraryFile, ...] = ()
    """Files of the slots and everything that stands in folders a target may use."""


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings. ``retain`` = formats kept beside the best one. Empty track template keeps names."""

    book_template: str = DEFAULT_BOOK
    audiobook_folder: str = DEFAULT_AUDIOBOOK_FOLDER
    track_template: str = ""
    flatten_discs: bool = False
    retain: tuple[str, ...] = ()
    sidecars: bool = True
    colon: str = "-"


class FileStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the plan; the importer turns it into a `file_op`.

    place: ``src`` -> ``dst_rel`` below root ``root_id`` (``replaces``: what stands there goes to
    the bin). adopt: the equal file already stands at ``dst_rel``. trash: ``dst_rel`` of the root
    goes to the bin (``src`` empty). drop_source: ``src`` goes once its copy is registered.
    """

    kind: OpKind
    src: str = ""
    dst_rel: str = ""
    root_id: int
    slot_id: int
    role: Role = "book"
    format: str = ""
    disc: int = 0
    track: int = 0
    size: int = 0
    sha256: str = ""
    replaces: bool = False
    folder: str = ""
    """The audiobook's own folder (relative); '' for ebooks."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """One source left where it is: `skip` needs nobody, `hold` waits for a person."""

    path: str
    action: Literal["skip", "hold"]
    code: str
    found: str = ""


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. ``import``: carry the steps out. ``block``: a person or another release is
    needed, by ``code``. ``hold``: not yet (files still change); ask again.

    Every source path stands in a step or in ``refused``; nothing is lost silently.
    """

    verdict: Literal["import", "block", "hold"]
    code: str = ""
    params: dict[str, str | int | float] = {}
    steps: tuple[FileStep, ...] = ()
    refused: tuple[Refused, ...] = ()
    filled: tuple[int, ...] = ()
    """Slots that have their files after the steps."""
