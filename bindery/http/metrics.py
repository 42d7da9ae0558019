"""Prometheus metrics of the HTTP layer (identity-and-system.md 8.6): templates only as labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One registry per app, so that two apps in one process (tests) do not collide."""

    def __init__(self, version: str, commit: str, built: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "bindery_http_requests_total",
            "Answered requests",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "bindery_http_request_duration_seconds",
            "Time until the answer was handed to the server",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        info = Gauge(
            "bindery_build_info",
            "Always 1",
            ("version", "commit", "date"),
            registry=self.registry,
        )
        info.labels(version, commit, built).set(1)

    def count(self, method: str, template: str, status: int, seconds: float) -> None:
        """One answered request; methods nobody knows share a label."""
        name = method if method in _METHODS else "other"
        self.requests.labels(name, template, str(status)).inc()
        self.seconds.labels(name, template).observe(seconds)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
