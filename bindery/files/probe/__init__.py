"""Probing hostile files in a worker process (architecture.md 4). `worker` is the caller's side.

Everything else here runs inside the process: no trio, no network, no writes.
"""
