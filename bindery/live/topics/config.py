"""Topic `config`: which configuration changed, so that other tabs refetch (ui.md 7.4)."""

from bindery.live.topic import Topic


def config_topic() -> Topic:
    """Keys are `indexer`, `downloadclient`, `setting:<key>` ...; values stay with REST."""
    return Topic(kind="notify", admin_only=True, audience="all")
