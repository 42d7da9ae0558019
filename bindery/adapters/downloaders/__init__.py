"""One module per kind of download client."""
