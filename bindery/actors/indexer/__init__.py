"""One actor per configured indexer: every request to it goes through here (architecture.md 7)."""
