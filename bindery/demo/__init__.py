"""A small world on loopback: indexer, catalogue, metadata, files."""
