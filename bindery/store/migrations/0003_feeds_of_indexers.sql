-- What the last look at an indexer's feed of latest releases showed: marks, newest first.
CREATE TABLE indexer_feed (
  indexer_id INTEGER PRIMARY KEY REFERENCES indexer (id) ON DELETE CASCADE,
  seen TEXT NOT NULL CHECK (json_valid(seen)),
  at INTEGER NOT NULL
) STRICT;
