-- Grabs that wait for an indexer are looked up when it is saved, and all its downloads when it is
-- deleted (SET NULL): both read every download without this.
CREATE INDEX download_indexer ON download (indexer_id, state) WHERE indexer_id IS NOT NULL;
