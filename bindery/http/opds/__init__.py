"""The OPDS 1.2 catalogue: a face of the same rows that the API shows (catalogue.md 7)."""
