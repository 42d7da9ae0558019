"""The metadata actor: catalogue syncs, lookups and covers (architecture.md 7)."""

from bindery.actors.metadata.actor import MetadataActor
from bindery.actors.metadata.ports import CoverPort, LookupPort

__all__ = ("CoverPort", "LookupPort", "MetadataActor")
