"""One module per live topic: its rows, rendered from the store, for the hub and for REST alike.

Modules here are independent of each other. `render_*` functions take a `Reader` and a scope; the
`*_topic` functions bind them to a store for the hub.
"""
