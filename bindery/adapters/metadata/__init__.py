"""One module per metadata provider."""
