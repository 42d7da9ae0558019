"""The OPDS 1.2 catalogue."""
