"""The live topics of the program (ui.md 7.4). `pending` and `logs` are unknown until they exist."""

from bindery import __version__
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.live.topics.activity import activity_topic
from bindery.live.topics.attention import attention_topic
from bindery.live.topics.author import author_topic
from bindery.live.topics.book import book_topic
from bindery.live.topics.catalog import catalog_topic
from bindery.live.topics.config import config_topic
from bindery.live.topics.counters import counters_topic
from bindery.live.topics.health import Actors, health_topic
from bindery.live.topics.jobs import jobs_topic
from bindery.live.topics.queue import queue_topic
from bindery.live.topics.search import search_topic
from bindery.live.topics.session import session_topic
from bindery.store.store import Store


def register(hub: Hub, store: Store, board: Board, actors: Actors, *, base: str) -> None:
    """Make every topic known to the hub. `base` is the URL base, for links in rows."""
    hub.register("author", author_topic(store, board, base))
    hub.register("book", book_topic(store, base))
    hub.register("catalog", catalog_topic())
    hub.register("counters", counters_topic(store))
    hub.register("queue", queue_topic(store, board))
    hub.register("jobs", jobs_topic(store, board))
    hub.register("attention", attention_topic(store))
    hub.register("health", health_topic(store, actors))
    hub.register("activity", activity_topic(store, base))
    hub.register("config", config_topic())
    hub.register("search", search_topic(store))
    hub.register("session", session_topic(store, __version__))
