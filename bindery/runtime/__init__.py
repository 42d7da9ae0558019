"""The actor kernel: mailboxes, supervision, clocks, doorbells, threads. Knows nothing of books."""
