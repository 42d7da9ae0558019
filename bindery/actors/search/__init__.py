"""Searches: fan-out to the indexers, judging, and the automatic grab (architecture.md 7 and 8)."""
