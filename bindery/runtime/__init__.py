"""The actor kernel: mailboxes, supervision, clocks, threads. Knows nothing of books."""
