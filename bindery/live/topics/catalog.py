"""Topic `catalog`: which books, authors and series changed, so that lists refetch (ui.md 7.4)."""

from bindery.live.topic import Topic


def catalog_topic() -> Topic:
    """Keys are `book:12`, `author:3`, `series:4`; values stay with REST."""
    return Topic(kind="notify")
