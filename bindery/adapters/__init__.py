"""Everything outside the process: typed request in, typed result or failure out."""
