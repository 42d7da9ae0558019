"""Webhooks: one JSON request per event (identity-and-system.md 8.7).

Delivery is at least once; `X-Bindery-Delivery` is stable over retries, so a receiver can drop
repeats. Whether private addresses are allowed is the operator's setting.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from bindery.adapters.configs import WebhookConfig
from bindery.adapters.failures import RateLimited, Rejected, Unauthorized, Unavailable
from bindery.adapters.outbound import Ask, Outbound
from bindery.domain.addresses import Policy
from bindery.domain.indexer_errors import retry_after

SEND_S = 10.0
_OURS = {"content-length", "content-type", "host", "transfer-encoding", "x-bindery-delivery"}


class Webhook:
    """Implements `Notifier`."""

    def __init__(self, config: WebhookConfig, outbound: Outbound) -> None:
        self._config = config
        self._outbound = outbound
        self._http = outbound.client(Policy(outbound.config.notifications), timeout_s=SEND_S)

    async def __aenter__(self) -> Self:
        """Nothing is sent yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, event: Mapping[str, object], *, delivery_id: str) -> None:
        """Deliver one event; 2xx is success, the answer's body is not kept."""
        answer = await self._http.send(self._ask(event, delivery_id), max_bytes=64 * 1024)
        if 200 <= answer.status <= 299:
            return
        header = answer.headers.get("retry-after", "")
        wait = retry_after(header, self._outbound.clock.now_us()) if header else None
        if answer.status == 429:
            raise RateLimited(retry_after_s=wait)
        if answer.status >= 500 or answer.status in {408, 425}:
            raise Unavailable("http_status", retry_after_s=wait, status=answer.status)
        if answer.status in {401, 403}:
            raise Unauthorized("target_forbidden", status=answer.status)
        raise Rejected("http_status", status=answer.status)

    def _ask(self, event: Mapping[str, object], delivery_id: str) -> Ask:
        config = self._config
        topic, url, body = config.topic.strip(), config.url, dict(event)
        parts = urlsplit(url)
        if topic:
            body["topic"] = topic
            url = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
        if "notify" in parts.path.lower().split("/"):
            body.pop("format", None)  # Apprise reserves this key
        headers = {k: v for k, v in config.headers.items() if k.lower() not in _OURS}
        headers["x-bindery-delivery"] = delivery_id
        if config.method == "GET":
            flat = {k: str(v) for k, v in body.items() if isinstance(v, str | int | float)}
            joined = f"{url}{'&' if '?' in url else '?'}{urlencode(flat)}"
            return Ask(url=joined, headers=headers)
        headers["content-type"] = "application/json"
        content = msgspec.json.encode(body)
        return Ask(url=url, method=config.method, headers=headers, content=content)
