"""What qBittorrent's Web API sends and takes, as data (downloads-and-import.md 2.3)."""

import msgspec

from bindery.adapters.failures import Malformed
from bindery.adapters.json_answers import decoded
from bindery.domain.qbittorrent_states import INFINITE_ETA_S, read_state
from bindery.domain.transfers import AddOptions, Payload, RemoteItem


class Torrent(msgspec.Struct, frozen=True):
    """One entry of `torrents/info`, reduced to what we read."""

    hash: str
    name: str = ""
    state: str = ""
    progress: float = 0.0
    size: int = 0
    amount_left: int = 0
    category: str = ""
    save_path: str = ""
    content_path: str = ""
    eta: int = 0
    added_on: int = 0
    dlspeed: int = 0
    num_seeds: int = 0
    infohash_v1: str = ""
    infohash_v2: str = ""
    ratio_limit: float = -2
    """-1 = without end, -2 = as the program's own rule says."""


class File(msgspec.Struct, frozen=True):
    """One entry of `torrents/files`."""

    name: str
    size: int = 0
    progress: float = 0.0
    priority: int = 1


class Added(msgspec.Struct, frozen=True):
    """The answer of 5.x to an add."""

    added_torrent_ids: list[str] = []
    success_count: int = 0
    pending_count: int = 0


class Category(msgspec.Struct, frozen=True, rename="camel"):
    """One category."""

    save_path: str = ""


class Preferences(msgspec.Struct, frozen=True):
    """The settings that we warn about."""

    max_ratio_enabled: bool = False
    max_ratio_act: int = 0
    max_seeding_time_enabled: bool = False
    dht: bool = True
    queueing_enabled: bool = False


def add_form(payload: Payload, options: AddOptions, save_path: str) -> dict[str, str]:
    """Form fields of an add; `save_path` counts only without a category."""
    paused = "true" if options.paused else "false"
    form = {"paused": paused, "stopped": paused}  # 4.x reads the one, 5.x the other
    if options.category:
        form |= {"category": options.category, "autoTMM": "true"}
    elif save_path:
        form["savepath"] = save_path
    if payload.kind == "magnet":
        form["urls"] = payload.data.decode()
    return form


def torrents(body: bytes) -> tuple[list[Torrent], bool]:
    """Entries one by one: a single odd one must not hide all others, but it does make the list
    incomplete, so that absence proves nothing.
    """
    raws = decoded(body, list[msgspec.Raw])
    torrents: list[Torrent] = []
    for raw in raws:
        try:
            torrents.append(decoded(bytes(raw), Torrent))
        except Malformed:
            continue
    return torrents, len(torrents) == len(raws)


def known_as(torrent: Torrent) -> set[str]:
    """Every spelling of its hash, 40 letters each."""
    texts = (torrent.hash, torrent.infohash_v1, torrent.infohash_v2)
    return {text.lower()[:40] for text in texts if text}


def item(torrent: Torrent) -> RemoteItem:
    """In the words of all clients."""
    state = read_state(torrent.state, torrent.progress, torrent.size, torrent.amount_left)
    save_path = slashed(torrent.save_path)
    path = slashed(torrent.content_path)
    if not path and torrent.name and save_path:
        path = f"{save_path.rstrip('/')}/{torrent.name}"
    size = torrent.size if torrent.size > 0 else None
    v2 = torrent.infohash_v2.lower() or None
    v1 = torrent.infohash_v1.lower() or (None if v2 else torrent.hash.lower())
    return RemoteItem(
        id=torrent.hash.lower(),
        name=torrent.name,
        state=state,
        raw_state=torrent.state,
        size=size,
        done=max(0, size - torrent.amount_left) if size else None,
        percent=round(min(max(torrent.progress, 0), 1) * 100, 1),
        speed=torrent.dlspeed,
        eta_s=torrent.eta if 0 < torrent.eta < INFINITE_ETA_S else None,
        seeders=torrent.num_seeds if torrent.num_seeds >= 0 else None,
        category=torrent.category,
        info_hash_v1=v1,
        info_hash_v2=v2,
        path=path,
        save_path=save_path,
        code="client_error" if torrent.state == "error" else None,
        added_at=torrent.added_on * 1_000_000 if torrent.added_on > 0 else None,
        seed_ratio=torrent.ratio_limit if torrent.ratio_limit >= -1 else None,
    )


def save_path_of(category: object) -> str:
    """`savePath` of a category, whatever else the entry holds (`download_path` may be false)."""
    try:
        return msgspec.convert(category, Category, strict=False).save_path
    except msgspec.ValidationError:
        return ""


def preference_warnings(preferences: Preferences) -> list[str]:
    """Codes for *Test*."""
    warnings: list[str] = []
    limited = preferences.max_ratio_enabled or preferences.max_seeding_time_enabled
    if limited and preferences.max_ratio_act in {1, 3}:
        warnings.append("removes_when_seeded")
    if not preferences.dht:
        warnings.append("dht_off")
    if preferences.queueing_enabled:
        warnings.append("queueing_on")
    return warnings


def slashed(path: str) -> str:
    """A path with slashes, whatever system the client runs on."""
    return path.replace("\\", "/")
