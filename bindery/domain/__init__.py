"""The pure core: plain data in, decisions with reasons out. No I/O, clock or randomness."""
