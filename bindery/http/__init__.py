"""The faces of the program: HTTP, websocket, static app (architecture.md 9)."""
