"""One module per kind of indexer."""
