"""One module per kind of notification target."""
