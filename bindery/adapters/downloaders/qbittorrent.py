"""qBittorrent over its Web API, 4.1 to 5.x (downloads-and-import.md 2.3, test-programs.md 3).

The hash is known before a torrent is added, so there is no snapshot, no lock and no race: adding
is "add, then look for the hash". A torrent is never added by URL: the program would fetch it
outside our address policy.
"""

import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlencode, urlsplit

import trio

from bindery.adapters.configs import QBittorrentConfig
from bindery.adapters.failures import Malformed, Rejected, Unauthorized, Unavailable
from bindery.adapters.json_answers import decoded, troubled
from bindery.adapters.outbound import Answer, Ask, Outbound
from bindery.adapters.qbittorrent_wire import (
    Added,
    File,
    Preferences,
    Torrent,
    add_form,
    item,
    known_as,
    preference_warnings,
    save_path_of,
    slashed,
    torrents,
)
from bindery.domain.addresses import Policy, Reach
from bindery.domain.offers import Transport
from bindery.domain.transfers import (
    AddOptions,
    Ambiguous,
    ClientCapabilities,
    ClientInfo,
    PathFact,
    Payload,
    RemoteFile,
    RemoteId,
    RemoteItem,
    Snapshot,
)
from bindery.runtime.threads import in_thread

BANNED_S = 600.0
BAD_CREDENTIALS_S = 60.0
APPEARS_S = 5.0
LOOK_EVERY_S = 0.1
LARGE_BYTES = 256 * 1024
_COOKIE = re.compile(r"(?:^|[,;\s])((?:QBT_)?SID[A-Za-z0-9_]*)=([^;,\s]+)")
_VERSION = re.compile(r"(\d+)\.(\d+)")

T = TypeVar("T")


class QBittorrent:
    """One qBittorrent. Implements `DownloadClient`; ids are lower-case hashes as it shows them.

    `snapshot` lists every torrent of the program, not only ours: a person may have changed the
    category, and the poller matches by hash anyway.
    """

    capabilities = ClientCapabilities(
        transports=(Transport.TORRENT,),
        payload_kinds=("torrent", "magnet"),
        files=True,
        pause=True,
        categories=True,
        seed_ratio=True,
    )

    def __init__(self, config: QBittorrentConfig, outbound: Outbound) -> None:
        self._config = config
        self._base = config.url.rstrip("/")
        parts = urlsplit(self._base)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._outbound = outbound
        self._http = outbound.client(Policy(Reach.LAN_LOOPBACK), timeout_s=config.timeout_s)
        self._login_lock = trio.Lock()
        self._cookie = ""
        self._session = 0
        """Counts logins, so that of several callers with a stale cookie only one logs in."""
        self._no_login_before = float("-inf")
        self._no_login_code = ""
        self._api: tuple[int, int] | None = None
        self._categories: set[str] = set()

    async def __aenter__(self) -> Self:
        """Nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections; the session is left to expire."""
        await self._http.aclose()

    # -- session ----------------------------------------------------------------------------

    async def _call(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        torrent: bytes | None = None,
    ) -> Answer:
        """One call; a stale session is renewed once, for GET and POST alike."""
        for last in (False, True):
            session = self._session
            if not session and self._signs_in:
                await self._sign_in(session)
                session = self._session
            answer = await self._send(path, query, form, torrent)
            if answer.status == 403 and self._signs_in and not last:
                await self._sign_in(session)
                continue
            if answer.status == 401:
                raise Unauthorized("client_auth" if self._config.api_key else "host_header_refused")
            if answer.status == 403:
                raise Unauthorized("client_auth")
            return answer
        raise Unauthorized("client_auth")

    @property
    def _signs_in(self) -> bool:
        return bool(self._config.username or self._config.password) and not self._config.api_key

    async def _send(
        self,
        path: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        torrent: bytes | None,
    ) -> Answer:
        headers = {"origin": self._origin, "referer": self._base + "/"}
        if self._config.api_key:
            headers["authorization"] = f"Bearer {self._config.api_key}"
        elif self._cookie:
            headers["cookie"] = self._cookie
        files = {"torrents": ("upload.torrent", torrent, "application/x-bittorrent")}
        url = f"{self._base}/api/v2{path}" + (f"?{urlencode(query)}" if query else "")
        return await self._http.send(
            Ask(
                url=url,
                method="GET" if form is None else "POST",
                headers=headers,
                form=form,
                files=files if torrent is not None else None,  # pyright: ignore[reportArgumentType] - not None here
            )
        )

    async def _sign_in(self, stale: int) -> None:
        """Log in unless somebody else just did. Refusals are remembered: five wrong attempts get
        our address banned for an hour.
        """
        async with self._login_lock:
            if self._session != stale:
                return
            wait = self._no_login_before - trio.current_time()
            if wait > 0:
                if self._no_login_code == "client_banned":
                    raise Unavailable("client_banned", retry_after_s=wait)
                raise Unauthorized(self._no_login_code)
            form = {"username": self._config.username, "password": self._config.password}
            answer = await self._send("/auth/login", None, form, None)
            self._judge_login(answer)
            found = _COOKIE.search(answer.headers.get("set-cookie", ""))
            self._cookie = f"{found[1]}={found[2]}" if found else ""
            self._session += 1
            self._api = None
            self._categories.clear()

    def _judge_login(self, answer: Answer) -> None:
        said = answer.body[:200].decode("utf-8", "replace").strip()
        if answer.status == 204 or (answer.status == 200 and said != "Fails."):
            return
        if answer.status in {200, 401}:
            self._remember("client_auth", BAD_CREDENTIALS_S)
            raise Unauthorized("client_auth")
        if answer.status == 403 and (not said or "banned" in said.lower()):
            self._remember("client_banned", BANNED_S)
            raise Unavailable("client_banned", retry_after_s=BANNED_S)
        if answer.status == 403:
            raise Unauthorized("host_header_refused")
        raise troubled(answer)

    def _remember(self, code: str, seconds: float) -> None:
        self._no_login_code = code
        self._no_login_before = trio.current_time() + seconds

    async def _ok(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> bytes:
        """A call that must answer 200; its body."""
        answer = await self._call(path, query=query, form=form)
        if answer.status == 404:
            raise Rejected("unknown_item")
        if answer.status == 429 or answer.status >= 500:
            raise troubled(answer)
        if answer.status not in {200, 204}:
            raise Rejected("client_refused", status=answer.status)
        return answer.body

    async def _json(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        return decoded(await self._ok(path, query=query), kind)

    # -- looking ----------------------------------------------------------------------------

    async def probe(self) -> ClientInfo:
        """Version, folders that matter, and what will not work as configured."""
        version = (await self._ok("/app/version")).decode("utf-8", "replace").strip()[:40]
        api = await self._api_version()
        categories = await self._json("/torrents/categories", dict[str, Any])
        default = (await self._ok("/app/defaultSavePath")).decode("utf-8", "replace").strip()
        preferences = await self._json("/app/preferences", Preferences)
        paths = [PathFact(purpose="default", path=slashed(default))]
        warnings = preference_warnings(preferences)
        configured: tuple[tuple[Literal["category", "category_audiobook"], str], ...] = (
            ("category", self._config.category),
            ("category_audiobook", self._config.category_audiobook),
        )
        for purpose, name in configured:
            if not name:
                continue
            if name in categories:
                path = save_path_of(categories[name]) or f"{default.rstrip('/')}/{name}"
                paths.append(PathFact(purpose=purpose, path=slashed(path)))
            elif any(name.lower() == known.lower() for known in categories):
                warnings.append("category_case")
            else:
                warnings.append("category_missing")
        return ClientInfo(
            version=version,
            api_version=".".join(str(part) for part in api),
            paths=tuple(paths),
            warnings=tuple(dict.fromkeys(warnings)),
        )

    async def _api_version(self) -> tuple[int, int]:
        if self._api is None:
            text = (await self._ok("/app/webapiVersion")).decode("utf-8", "replace")
            found = _VERSION.match(text.strip())
            if found is None:
                raise Malformed
            self._api = int(found[1]), int(found[2])
        return self._api

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:  # noqa: ARG002 - it lists everything
        """Every torrent of the program, in one request."""
        listed, complete = await self._list({})
        items = [item(torrent) for torrent in listed]
        return Snapshot(items=items, complete=complete, at=self._outbound.clock.now_us())

    async def _list(self, query: Mapping[str, str]) -> tuple[list[Torrent], bool]:
        body = await self._ok("/torrents/info", query=query)
        if len(body) > LARGE_BYTES:
            return await in_thread(self._outbound.threads.cpu, torrents, body)
        return torrents(body)

    async def find(
        self,
        token: str,  # noqa: ARG002 - qBittorrent carries hashes, not tokens
        hashes: tuple[str, ...],
        name: str,
    ) -> RemoteItem | Ambiguous | None:
        """By any spelling of the hash; by the exact name only when no hash is known."""
        wanted = {text.lower()[:40] for text in hashes if text}
        if wanted:
            found, _ = await self._list({"hashes": "|".join(sorted(wanted))})
            if not found:
                found = [one for one in (await self._list({}))[0] if known_as(one) & wanted]
        else:
            title = name.strip().casefold()
            everything, _ = await self._list({})
            found = [one for one in everything if one.name.strip().casefold() == title]
        if len(found) > 1:
            return Ambiguous(ids=tuple(one.hash.lower() for one in found))
        return item(found[0]) if found else None

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        """Paths relative to the item's `save_path`."""
        listed = await self._json("/torrents/files", list[File], {"hash": id})
        return [
            RemoteFile(
                path=slashed(file.name),
                size=file.size,
                done=file.progress >= 1,
                wanted=file.priority != 0,
            )
            for file in listed
        ]

    # -- changing ---------------------------------------------------------------------------

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        """Add, or adopt what is there already. Returns when the program shows it (at most 5 s)."""
        if payload.kind not in self.capabilities.payload_kinds:
            raise Rejected("unsupported_payload", kind=payload.kind)
        id_ = payload.info_hash_v1 or (payload.info_hash_v2 or "")[:40]
        if not id_:
            raise Rejected("no_info_hash")
        if options.category:
            await self._ensure_category(options.category)
        answer = await self._call(
            "/torrents/add",
            form=add_form(payload, options, self._config.save_path),
            torrent=payload.data if payload.kind == "torrent" else None,
        )
        taken = self._taken(answer)
        shown = await self._appears(id_, patient=taken)
        if not taken and not shown:
            raise Rejected("client_rejected")
        if not taken and options.category:
            await self.set_category(id_, options.category)
        if shown and options.seed_ratio is not None:
            await self.limit_seeding(id_, options.seed_ratio)
        return id_

    def _taken(self, answer: Answer) -> bool:
        """Whether the program took it; False = perhaps a duplicate, to be looked up."""
        if answer.status == 415:
            raise Rejected("not_a_torrent")
        if answer.status == 409:
            return False
        if answer.status == 429 or answer.status >= 500:
            raise troubled(answer)
        if answer.status not in {200, 202}:
            raise Rejected("client_refused", status=answer.status)
        said = answer.body.strip()
        if said.startswith(b"{"):
            added = decoded(said, Added)
            return bool(added.success_count or added.added_torrent_ids or added.pending_count)
        return said != b"Fails."

    async def _appears(self, id_: RemoteId, *, patient: bool) -> bool:
        with trio.move_on_after(APPEARS_S):
            while True:
                if (await self._list({"hashes": id_}))[0]:
                    return True
                if not patient:
                    return False
                await trio.sleep(LOOK_EVERY_S)
        return False

    async def _ensure_category(self, name: str) -> None:
        if name in self._categories:
            return
        form = {"category": name, "savePath": ""}
        answer = await self._call("/torrents/createCategory", form=form)
        if answer.status not in {200, 204, 409}:
            raise Rejected("category_refused", status=answer.status, category=name)
        self._categories.add(name)

    async def limit_seeding(self, id: RemoteId, ratio: float) -> None:
        """Seed up to this ratio; -1 = without end."""
        form = {
            "hashes": id,
            "ratioLimit": f"{ratio:g}",
            "seedingTimeLimit": "-2",
            "inactiveSeedingTimeLimit": "-2",
        }
        await self._ok("/torrents/setShareLimits", form=form)

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        """Remove; an unknown or empty id is no error."""
        if id:
            form = {"hashes": id, "deleteFiles": "true" if with_data else "false"}
            await self._ok("/torrents/delete", form=form)

    async def pause(self, id: RemoteId) -> None:
        """Stop transferring."""
        renamed = await self._api_version() >= (2, 11)
        await self._ok(f"/torrents/{'stop' if renamed else 'pause'}", form={"hashes": id})

    async def resume(self, id: RemoteId) -> None:
        """Transfer again."""
        renamed = await self._api_version() >= (2, 11)
        await self._ok(f"/torrents/{'start' if renamed else 'resume'}", form={"hashes": id})

    async def set_category(self, id: RemoteId, category: str) -> None:
        """Move to a category, creating it, and let its folder rule."""
        if category:
            await self._ensure_category(category)
        await self._ok("/torrents/setCategory", form={"hashes": id, "category": category})
        await self._ok("/torrents/setAutoManagement", form={"hashes": id, "enable": "true"})
