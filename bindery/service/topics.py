"""The live topics of the program (ui.md 7.4). `pending` and `logs` are unknown until they exist."""

from bindery import __version__
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.live.topics.activity import activity_topic
from bindery.live.topics.attention import attention_topic
from bindery.live.topics.config import config_topic
from bindery.live.topics.health import Actors, health_topic
from bindery.live.topics.jobs import jobs_topic
from bindery.live.topics.queue import queue_topic
from bindery.live.topics.search import search_topic
from bindery.live.topics.session import session_topic
from bindery.store.store import Store


def register(hub: Hub, store: Store, board: Board, actors: Actors) -> None:
    """Make every topic known to the hub."""
    hub.register("queue", queue_topic(store, board))
    hub.register("jobs", jobs_topic(store, board))
    hub.register("attention", attention_topic(store))
    hub.register("health", health_topic(store, actors))
    hub.register("activity", activity_topic(store))
    hub.register("config", config_topic())
    hub.register("search", search_topic(store))
    hub.register("session", session_topic(store, __version__))
