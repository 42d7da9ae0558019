CREATE TABLE user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')),
  epoch INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE library (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER UNIQUE REFERENCES user (id) ON DELETE SET NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id TEXT NOT NULL UNIQUE,
  digest BLOB NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('normal', 'remember')),
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  idle_expires_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  agent TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX session_user ON session (user_id, seen_at);

CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE api_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER REFERENCES user (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  secret TEXT,
  scope TEXT NOT NULL DEFAULT 'write' CHECK (scope IN ('opds', 'read', 'write')),
  created_at INTEGER NOT NULL,
  used_at INTEGER,
  expires_at INTEGER,
  CHECK ((user_id IS NULL) = (secret IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX api_key_install ON api_key ((1)) WHERE user_id IS NULL;

CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  key TEXT NOT NULL,
  principal TEXT NOT NULL,
  hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  body BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (key, principal)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (at);

CREATE TABLE cover (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'stored', 'absent')),
  sha256 TEXT,
  mime TEXT,
  width INTEGER,
  height INTEGER,
  colour TEXT,
  code TEXT,
  fetched_at INTEGER,
  retry_at INTEGER
) STRICT;

CREATE TABLE person (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  sort_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  sort_key TEXT NOT NULL,
  primary_ref TEXT UNIQUE,
  provider TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  disambiguation TEXT NOT NULL DEFAULT '',
  born TEXT,
  died TEXT,
  ratings_count INTEGER NOT NULL DEFAULT 0,
  average_rating REAL NOT NULL DEFAULT 0,
  cover_id INTEGER REFERENCES cover (id) ON DELETE SET NULL,
  winners TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(winners)),
  merged_into INTEGER REFERENCES person (id) ON DELETE SET NULL,
  refreshed_at INTEGER,
  populated_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX person_name_key ON person (name_key);

CREATE TABLE person_name (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('alias', 'pen', 'merged')),
  source_ref TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  UNIQUE (person_id, name_key)
) STRICT;

CREATE INDEX person_name_name_key ON person_name (name_key);

CREATE TABLE work (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  sort_title TEXT NOT NULL,
  title_key TEXT NOT NULL,
  sort_key TEXT NOT NULL,
  subtitle TEXT NOT NULL DEFAULT '',
  original_title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  released TEXT,
  genres TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(genres)),
  ratings_count INTEGER NOT NULL DEFAULT 0,
  average_rating REAL NOT NULL DEFAULT 0,
  cover_id INTEGER REFERENCES cover (id) ON DELETE SET NULL,
  primary_ref TEXT UNIQUE,
  provider TEXT NOT NULL DEFAULT '',
  winners TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(winners)),
  merged_into INTEGER REFERENCES work (id) ON DELETE SET NULL,
  refreshed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX work_title_key ON work (title_key);

CREATE TABLE contribution (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  work_id INTEGER NOT NULL REFERENCES work (id) ON DELETE CASCADE,
  person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('author', 'translator', 'narrator', 'illustrator', 'editor')),
  position INTEGER NOT NULL DEFAULT 0,
  UNIQUE (work_id, person_id, role, position)
) STRICT;

CREATE INDEX contribution_person ON contribution (person_id, work_id);

CREATE TABLE edition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  work_id INTEGER NOT NULL REFERENCES work (id) ON DELETE CASCADE,
  primary_ref TEXT UNIQUE,
  format TEXT NOT NULL DEFAULT '',
  is_ebook INTEGER NOT NULL DEFAULT 0 CHECK (is_ebook IN (0, 1)),
  title TEXT NOT NULL,
  publisher TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  published TEXT,
  duration_s INTEGER,
  pages INTEGER,
  narrators TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(narrators)),
  information TEXT NOT NULL DEFAULT '',
  cover_id INTEGER REFERENCES cover (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX edition_work ON edition (work_id);

CREATE TABLE series (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  primary_ref TEXT UNIQUE,
  title TEXT NOT NULL,
  sort_key TEXT NOT NULL,
  title_key TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX series_title_key ON series (title_key);

CREATE INDEX series_sort ON series (sort_key, id);

CREATE TABLE series_work (
  series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  work_id INTEGER NOT NULL REFERENCES work (id) ON DELETE CASCADE,
  position_text TEXT NOT NULL DEFAULT '',
  position_num REAL,
  is_primary INTEGER NOT NULL DEFAULT 1 CHECK (is_primary IN (0, 1)),
  PRIMARY KEY (series_id, work_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX series_work_work ON series_work (work_id);

CREATE TABLE identifier (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'work', 'edition', 'series')),
  entity_id INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  value TEXT NOT NULL,
  source TEXT NOT NULL DEFAULT '',
  UNIQUE (kind, entity_id, scheme, value)
) STRICT;

CREATE UNIQUE INDEX identifier_provider ON identifier (kind, scheme, value)
  WHERE scheme NOT IN ('isbn10', 'isbn13', 'asin');

CREATE INDEX identifier_value ON identifier (scheme, value);

CREATE TABLE source_record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'work', 'edition', 'series')),
  entity_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  fetched_at INTEGER NOT NULL,
  UNIQUE (kind, entity_id, source)
) STRICT;

CREATE TABLE field_lock (
  kind TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  field TEXT NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (kind, entity_id, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE profile (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  name TEXT NOT NULL UNIQUE,
  upgrade_allowed INTEGER NOT NULL DEFAULT 1 CHECK (upgrade_allowed IN (0, 1)),
  cutoff TEXT NOT NULL,
  items TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(items)),
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE root (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  path TEXT NOT NULL UNIQUE,
  marker TEXT NOT NULL,
  device_id INTEGER,
  probe TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(probe)),
  free_bytes INTEGER,
  checked_at INTEGER,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE indexer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('newznab', 'torznab', 'opds')),
  url TEXT NOT NULL UNIQUE,
  api_key TEXT NOT NULL DEFAULT '',
  categories TEXT NOT NULL DEFAULT '[7000,7020,3030]' CHECK (json_valid(categories)),
  include_parent INTEGER NOT NULL DEFAULT 0 CHECK (include_parent IN (0, 1)),
  priority INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  supports_search INTEGER NOT NULL DEFAULT 1 CHECK (supports_search IN (0, 1)),
  seed_ratio REAL,
  seed_ratio_source TEXT NOT NULL DEFAULT '',
  freeleech_only INTEGER NOT NULL DEFAULT 0 CHECK (freeleech_only IN (0, 1)),
  timeout_s INTEGER NOT NULL DEFAULT 30,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE indexer_state (
  indexer_id INTEGER PRIMARY KEY REFERENCES indexer (id) ON DELETE CASCADE,
  hold_until INTEGER,
  hold_code TEXT,
  hold_params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(hold_params)),
  level INTEGER NOT NULL DEFAULT 0,
  caps TEXT CHECK (caps IS NULL OR json_valid(caps)),
  caps_at INTEGER,
  ok_at INTEGER,
  failed_at INTEGER,
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params))
) STRICT;

CREATE TABLE client (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN
    ('direct', 'qbittorrent', 'transmission', 'deluge', 'rtorrent', 'sabnzbd', 'nzbget',
      'torrentblackhole', 'usenetblackhole')),
  host TEXT NOT NULL DEFAULT '',
  port INTEGER NOT NULL DEFAULT 8080,
  use_ssl INTEGER NOT NULL DEFAULT 0 CHECK (use_ssl IN (0, 1)),
  url_base TEXT NOT NULL DEFAULT '',
  username TEXT NOT NULL DEFAULT '',
  password TEXT NOT NULL DEFAULT '',
  api_key TEXT NOT NULL DEFAULT '',
  category TEXT NOT NULL DEFAULT 'books',
  category_audiobook TEXT NOT NULL DEFAULT '',
  path_remap TEXT NOT NULL DEFAULT '',
  download_dir TEXT NOT NULL DEFAULT '',
  remove_completed INTEGER NOT NULL DEFAULT 0 CHECK (remove_completed IN (0, 1)),
  priority INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE client_state (
  client_id INTEGER PRIMARY KEY REFERENCES client (id) ON DELETE CASCADE,
  status TEXT NOT NULL DEFAULT 'unknown',
  version TEXT NOT NULL DEFAULT '',
  ok_at INTEGER,
  failed_at INTEGER,
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params))
) STRICT;

CREATE TABLE notifier (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  type TEXT NOT NULL DEFAULT 'webhook',
  url TEXT NOT NULL,
  method TEXT NOT NULL DEFAULT 'POST' CHECK (method IN ('POST', 'PUT', 'GET')),
  headers TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(headers)),
  topic TEXT NOT NULL DEFAULT '',
  on_grab INTEGER NOT NULL DEFAULT 1,
  on_import INTEGER NOT NULL DEFAULT 1,
  on_upgrade INTEGER NOT NULL DEFAULT 0,
  on_failure INTEGER NOT NULL DEFAULT 1,
  on_health INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE author (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  library_id INTEGER NOT NULL REFERENCES library (id),
  person_id INTEGER NOT NULL REFERENCES person (id),
  monitored INTEGER NOT NULL DEFAULT 1 CHECK (monitored IN (0, 1)),
  mode TEXT NOT NULL DEFAULT 'all' CHECK (mode IN ('all', 'future', 'latest', 'none', 'series')),
  latest_n INTEGER NOT NULL DEFAULT 1 CHECK (latest_n >= 1),
  new_items TEXT NOT NULL DEFAULT 'all' CHECK (new_items IN ('all', 'none')),
  media TEXT NOT NULL DEFAULT 'ebook' CHECK (media IN ('ebook', 'audiobook', 'both')),
  profile_id INTEGER REFERENCES profile (id) ON DELETE SET NULL,
  metadata_profile_id INTEGER,
  root_id INTEGER REFERENCES root (id) ON DELETE SET NULL,
  audiobook_root_id INTEGER REFERENCES root (id) ON DELETE SET NULL,
  sync_summary TEXT CHECK (sync_summary IS NULL OR json_valid(sync_summary)),
  search_on_add INTEGER NOT NULL DEFAULT 0 CHECK (search_on_add IN (0, 1)),
  added_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  rev INTEGER NOT NULL DEFAULT 1,
  p_name_key TEXT NOT NULL DEFAULT '',
  p_search TEXT NOT NULL DEFAULT '',
  p_rating REAL NOT NULL DEFAULT 0,
  p_books INTEGER NOT NULL DEFAULT 0,
  p_available INTEGER NOT NULL DEFAULT 0,
  p_wanted INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX author_once ON author (library_id, person_id) WHERE deleted_at IS NULL;

CREATE INDEX author_person ON author (person_id);

CREATE INDEX author_by_name ON author (library_id, p_name_key, id) WHERE deleted_at IS NULL;

CREATE INDEX author_by_added ON author (library_id, created_at, id) WHERE deleted_at IS NULL;

CREATE INDEX author_by_books ON author (library_id, p_books, p_name_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX author_by_books_down ON author (library_id, p_books DESC, p_name_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX author_by_rating ON author (library_id, p_rating, p_name_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX author_by_rating_down ON author (library_id, p_rating DESC, p_name_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX author_by_monitored ON author (library_id, monitored, p_name_key, id)
  WHERE deleted_at IS NULL;

CREATE TABLE book (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  library_id INTEGER NOT NULL REFERENCES library (id),
  work_id INTEGER NOT NULL REFERENCES work (id),
  author_id INTEGER REFERENCES author (id) ON DELETE SET NULL,
  excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),
  skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped IN (0, 1)),
  added_at INTEGER NOT NULL,
  added_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  rev INTEGER NOT NULL DEFAULT 1,
  p_title_key TEXT NOT NULL DEFAULT '',
  p_author_key TEXT NOT NULL DEFAULT '',
  p_released TEXT NOT NULL DEFAULT '',
  p_status TEXT NOT NULL DEFAULT 'wanted',
  p_media TEXT NOT NULL DEFAULT '',
  p_monitored INTEGER NOT NULL DEFAULT 0,
  p_search TEXT NOT NULL DEFAULT '',
  p_imported_at INTEGER
) STRICT;

CREATE UNIQUE INDEX book_once ON book (library_id, work_id) WHERE deleted_at IS NULL;

CREATE INDEX book_work ON book (work_id);

CREATE INDEX book_author ON book (author_id, p_released, id) WHERE deleted_at IS NULL;

CREATE INDEX book_by_title ON book (library_id, excluded, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_by_author ON book (library_id, excluded, p_author_key, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_by_added ON book (library_id, excluded, added_at, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_by_released ON book (library_id, excluded, p_released, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_by_media ON book (library_id, excluded, p_media, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_status_title
  ON book (library_id, excluded, p_status, p_monitored, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_status_author
  ON book (library_id, excluded, p_status, p_monitored, p_author_key, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_status_added
  ON book (library_id, excluded, p_status, p_monitored, added_at, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_status_released
  ON book (library_id, excluded, p_status, p_monitored, p_released, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_status_media
  ON book (library_id, excluded, p_status, p_monitored, p_media, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_by_status ON book (library_id, excluded, p_status, p_title_key, id)
  WHERE deleted_at IS NULL;

CREATE INDEX book_imported ON book (library_id, p_imported_at, id)
  WHERE deleted_at IS NULL AND p_imported_at IS NOT NULL;

CREATE TABLE slot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  book_id INTEGER NOT NULL REFERENCES book (id) ON DELETE CASCADE,
  format TEXT NOT NULL CHECK (format IN ('ebook', 'audiobook')),
  wanted INTEGER NOT NULL DEFAULT 1 CHECK (wanted IN (0, 1)),
  monitored INTEGER NOT NULL DEFAULT 1 CHECK (monitored IN (0, 1)),
  profile_id INTEGER REFERENCES profile (id) ON DELETE SET NULL,
  root_id INTEGER REFERENCES root (id) ON DELETE SET NULL,
  edition_id INTEGER REFERENCES edition (id) ON DELETE SET NULL,
  last_search_at INTEGER,
  search_count INTEGER NOT NULL DEFAULT 0,
  next_search_at INTEGER,
  rev INTEGER NOT NULL DEFAULT 1,
  UNIQUE (book_id, format)
) STRICT;

CREATE INDEX slot_due ON slot (next_search_at) WHERE next_search_at IS NOT NULL;

CREATE TABLE file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  root_id INTEGER NOT NULL REFERENCES root (id),
  rel_path TEXT NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  partial_md5 TEXT NOT NULL DEFAULT '',
  quality TEXT NOT NULL DEFAULT 'unknown',
  language TEXT NOT NULL DEFAULT '',
  duration_s REAL,
  missing_since INTEGER,
  import_id INTEGER REFERENCES import (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (root_id, rel_path)
) STRICT;

CREATE INDEX file_hash ON file (sha256);

CREATE TABLE slot_file (
  slot_id INTEGER NOT NULL REFERENCES slot (id) ON DELETE CASCADE,
  file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
  disc INTEGER NOT NULL DEFAULT 0,
  track INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (slot_id, file_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX slot_file_file ON slot_file (file_id);

CREATE TABLE search (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slot_id INTEGER REFERENCES slot (id) ON DELETE SET NULL,
  book_id INTEGER REFERENCES book (id) ON DELETE SET NULL,
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  text TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL CHECK (kind IN ('interactive', 'automatic', 'text')),
  cause TEXT NOT NULL DEFAULT '',
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  trace TEXT NOT NULL,
  plan TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(plan)),
  deadline_at INTEGER NOT NULL,
  grabbed_download_id INTEGER,
  outcome TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  done_at INTEGER
) STRICT;

CREATE INDEX search_book ON search (book_id, id);

CREATE INDEX search_slot ON search (slot_id, id);

CREATE TABLE search_leg (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  search_id INTEGER NOT NULL REFERENCES search (id) ON DELETE CASCADE,
  indexer_id INTEGER REFERENCES indexer (id) ON DELETE SET NULL,
  indexer_name TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'waiting'
    CHECK (status IN ('waiting', 'running', 'done', 'failed', 'skipped')),
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  found INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  excess INTEGER NOT NULL DEFAULT 0,
  requests TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(requests)),
  ms INTEGER,
  started_at INTEGER,
  done_at INTEGER,
  UNIQUE (search_id, indexer_id)
) STRICT;

CREATE TABLE candidate (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  search_id INTEGER NOT NULL REFERENCES search (id) ON DELETE CASCADE,
  indexer_id INTEGER REFERENCES indexer (id) ON DELETE SET NULL,
  slot_id INTEGER REFERENCES slot (id) ON DELETE SET NULL,
  guid TEXT NOT NULL,
  title TEXT NOT NULL,
  protocol TEXT NOT NULL CHECK (protocol IN ('usenet', 'torrent', 'http')),
  format TEXT NOT NULL DEFAULT '',
  size INTEGER,
  published_at INTEGER,
  seeders INTEGER,
  info_hash TEXT,
  release TEXT NOT NULL CHECK (json_valid(release)),
  -- the link never leaves the server (it may carry the indexer's key)
  link TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('grab', 'acceptable', 'soft', 'hard')),
  score REAL NOT NULL DEFAULT 0,
  judgement TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(judgement)),
  rejections TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(rejections)),
  rank INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  UNIQUE (search_id, indexer_id, guid)
) STRICT;

CREATE INDEX candidate_best ON candidate (
  search_id,
  (CASE verdict WHEN 'grab' THEN 0 WHEN 'acceptable' THEN 1 WHEN 'soft' THEN 2 ELSE 3 END),
  score DESC, rank, id);

CREATE INDEX candidate_guid ON candidate (guid);

CREATE INDEX candidate_slot ON candidate (slot_id) WHERE slot_id IS NOT NULL;

CREATE TABLE download (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token TEXT NOT NULL UNIQUE,
  library_id INTEGER NOT NULL REFERENCES library (id),
  candidate_id INTEGER REFERENCES candidate (id) ON DELETE SET NULL,
  indexer_id INTEGER REFERENCES indexer (id) ON DELETE SET NULL,
  indexer_name TEXT NOT NULL DEFAULT '',
  client_id INTEGER REFERENCES client (id) ON DELETE SET NULL,
  client_name TEXT NOT NULL DEFAULT '',
  guid TEXT NOT NULL,
  title TEXT NOT NULL,
  protocol TEXT NOT NULL CHECK (protocol IN ('usenet', 'torrent', 'http')),
  format TEXT NOT NULL DEFAULT '',
  quality TEXT NOT NULL DEFAULT '',
  size INTEGER,
  link TEXT NOT NULL DEFAULT '',
  seed_ratio REAL,
  state TEXT NOT NULL CHECK (state IN (
    'grabbed', 'downloading', 'completed', 'importPending', 'importing', 'imported',
    'failed', 'importFailed', 'importBlocked', 'importExternal', 'importHeld')),
  stage TEXT NOT NULL DEFAULT '',
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  info_hash_v1 TEXT,
  info_hash_v2 TEXT,
  remote_id TEXT,
  save_path TEXT NOT NULL DEFAULT '',
  live INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  absent_count INTEGER NOT NULL DEFAULT 0,
  absent_since INTEGER,
  last_seen_at INTEGER,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  trace TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  grabbed_at INTEGER,
  completed_at INTEGER,
  imported_at INTEGER,
  state_at INTEGER NOT NULL,
  removed_at INTEGER,
  rev INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE UNIQUE INDEX download_twin ON download (client_id, info_hash_v1)
  WHERE live = 1 AND info_hash_v1 IS NOT NULL;

CREATE INDEX download_open ON download (library_id, added_at, id) WHERE removed_at IS NULL;

CREATE INDEX download_client ON download (client_id, state) WHERE removed_at IS NULL;

CREATE INDEX download_guid ON download (guid);

CREATE INDEX download_candidate ON download (candidate_id) WHERE candidate_id IS NOT NULL;

CREATE TABLE download_slot (
  download_id INTEGER NOT NULL REFERENCES download (id) ON DELETE CASCADE,
  slot_id INTEGER NOT NULL REFERENCES slot (id) ON DELETE CASCADE,
  live INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),
  PRIMARY KEY (download_id, slot_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX download_slot_live ON download_slot (slot_id) WHERE live = 1;

CREATE INDEX download_slot_slot ON download_slot (slot_id, download_id);

CREATE TABLE download_payload (
  download_id INTEGER PRIMARY KEY REFERENCES download (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('torrent', 'magnet', 'nzb', 'http')),
  bytes BLOB NOT NULL,
  sha256 TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE download_source (
  download_id INTEGER PRIMARY KEY REFERENCES download (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  files TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(files))
) STRICT;

CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  via TEXT NOT NULL DEFAULT '',
  trace TEXT NOT NULL,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  at INTEGER NOT NULL,
  undo_until INTEGER,
  undone_at INTEGER
) STRICT;

CREATE TABLE import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  download_id INTEGER REFERENCES download (id) ON DELETE SET NULL,
  state TEXT NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'registered', 'done', 'undone', 'held')),
  mode TEXT NOT NULL CHECK (mode IN ('hardlink', 'copy', 'move')),
  plan TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(plan)),
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  trace TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  registered_at INTEGER,
  done_at INTEGER
) STRICT;

CREATE UNIQUE INDEX import_open ON import (download_id) WHERE state IN ('open', 'registered');

CREATE TABLE file_op (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  import_id INTEGER REFERENCES import (id) ON DELETE CASCADE,
  change_id INTEGER REFERENCES change (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('place', 'adopt', 'trash', 'drop_source')),
  root_id INTEGER REFERENCES root (id),
  src TEXT NOT NULL DEFAULT '',
  dst TEXT NOT NULL DEFAULT '',
  tmp TEXT NOT NULL DEFAULT '',
  method TEXT NOT NULL DEFAULT '',
  size INTEGER,
  sha256 TEXT,
  inode INTEGER,
  device INTEGER,
  facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  state TEXT NOT NULL DEFAULT 'planned'
    CHECK (state IN ('planned', 'staged', 'displaced', 'published', 'done', 'undone')),
  updated_at INTEGER NOT NULL,
  UNIQUE (import_id, seq),
  UNIQUE (change_id, seq),
  CHECK ((import_id IS NULL) <> (change_id IS NULL))
) STRICT;

CREATE INDEX file_op_open ON file_op (state) WHERE state NOT IN ('done', 'undone');

CREATE TABLE blocklist (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  guid TEXT NOT NULL DEFAULT '',
  info_hash TEXT,
  title TEXT NOT NULL DEFAULT '',
  title_key TEXT NOT NULL DEFAULT '',
  size INTEGER,
  protocol TEXT NOT NULL DEFAULT '',
  indexer_id INTEGER REFERENCES indexer (id) ON DELETE SET NULL,
  book_id INTEGER REFERENCES book (id) ON DELETE SET NULL,
  code TEXT NOT NULL,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;

CREATE INDEX blocklist_guid ON blocklist (guid) WHERE guid <> '';

CREATE INDEX blocklist_hash ON blocklist (info_hash) WHERE info_hash IS NOT NULL;

CREATE INDEX blocklist_title ON blocklist (title_key) WHERE title_key <> '';

CREATE INDEX blocklist_book ON blocklist (book_id);

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  via TEXT NOT NULL DEFAULT '',
  trace TEXT NOT NULL DEFAULT '',
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  book_id INTEGER REFERENCES book (id) ON DELETE SET NULL,
  author_id INTEGER REFERENCES author (id) ON DELETE SET NULL,
  slot_id INTEGER REFERENCES slot (id) ON DELETE SET NULL,
  download_id INTEGER REFERENCES download (id) ON DELETE SET NULL,
  source_title TEXT NOT NULL DEFAULT '',
  guid TEXT NOT NULL DEFAULT '',
  indexer TEXT NOT NULL DEFAULT '',
  client TEXT NOT NULL DEFAULT '',
  protocol TEXT NOT NULL DEFAULT '',
  format TEXT NOT NULL DEFAULT '',
  quality TEXT NOT NULL DEFAULT '',
  size INTEGER,
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1))
) STRICT;

CREATE INDEX event_list ON event (library_id, id) WHERE hidden = 0;

CREATE INDEX event_type ON event (type, id) WHERE hidden = 0;

CREATE INDEX event_book ON event (book_id, id) WHERE book_id IS NOT NULL;

CREATE INDEX event_download ON event (download_id, id) WHERE download_id IS NOT NULL;

CREATE INDEX event_trace ON event (trace, id);

CREATE TABLE attention (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  code TEXT NOT NULL,
  subject TEXT NOT NULL,
  severity TEXT NOT NULL DEFAULT 'warning' CHECK (severity IN ('notice', 'warning', 'error')),
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  action TEXT NOT NULL DEFAULT '',
  since INTEGER NOT NULL,
  muted_until INTEGER,
  UNIQUE (code, subject)
) STRICT;

CREATE TABLE command (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  key TEXT NOT NULL DEFAULT '',
  lane TEXT NOT NULL DEFAULT '',
  payload TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(payload)),
  state TEXT NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  priority INTEGER NOT NULL DEFAULT 20,
  not_before INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  code TEXT,
  params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(params)),
  result TEXT CHECK (result IS NULL OR json_valid(result)),
  watch INTEGER NOT NULL DEFAULT 0 CHECK (watch IN (0, 1)),
  title_code TEXT NOT NULL DEFAULT '',
  title_params TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(title_params)),
  phase TEXT NOT NULL DEFAULT '',
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER,
  by_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
  via TEXT NOT NULL DEFAULT '',
  library_id INTEGER NOT NULL DEFAULT 1 REFERENCES library (id),
  trace TEXT NOT NULL DEFAULT '',
  parent INTEGER REFERENCES command (id) ON DELETE SET NULL,
  cancel_at INTEGER,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT;

CREATE UNIQUE INDEX command_once ON command (kind, key) WHERE state = 'queued';

CREATE INDEX command_due ON command (kind, lane, priority, not_before, id) WHERE state = 'queued';

CREATE INDEX command_running ON command (kind, key) WHERE state = 'running';

CREATE INDEX command_finished ON command (finished_at) WHERE finished_at IS NOT NULL;

CREATE INDEX command_watch ON command (id) WHERE watch = 1;

CREATE TABLE schedule (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  every_s INTEGER,
  local_time TEXT,
  jitter_s INTEGER NOT NULL DEFAULT 0,
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  next_due INTEGER NOT NULL,
  last_run INTEGER,
  CHECK ((every_s IS NULL) <> (local_time IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE change_counter (
  topic TEXT NOT NULL,
  library_id INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (topic, library_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE book_tally (
  library_id INTEGER NOT NULL,
  excluded INTEGER NOT NULL,
  monitored INTEGER NOT NULL,
  media TEXT NOT NULL,
  status TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (library_id, excluded, monitored, media, status)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE book_search USING fts5 (
  p_search, content = 'book', content_rowid = 'id', tokenize = 'trigram', detail = 'none');

CREATE VIRTUAL TABLE author_search USING fts5 (
  p_search, content = 'author', content_rowid = 'id', tokenize = 'trigram', detail = 'none');

CREATE VIEW slot_facts AS
SELECT
  s.id AS slot_id, s.book_id, s.format, s.wanted, s.monitored, b.skipped,
  EXISTS (
    SELECT 1 FROM slot_file sf JOIN file f ON f.id = sf.file_id
    WHERE sf.slot_id = s.id AND f.missing_since IS NULL) AS has_file,
  (SELECT d.state FROM download_slot ds JOIN download d ON d.id = ds.download_id
    WHERE ds.slot_id = s.id AND ds.live = 1) AS live_state,
  (SELECT d.state FROM download_slot ds JOIN download d ON d.id = ds.download_id
    WHERE ds.slot_id = s.id ORDER BY ds.download_id DESC LIMIT 1) AS last_state
FROM slot s JOIN book b ON b.id = s.book_id;

CREATE VIEW slot_state AS
SELECT slot_id, book_id, format, wanted, monitored,
  CASE
    WHEN skipped = 1 THEN 'skipped'
    WHEN has_file = 1 AND live_state IS NOT NULL THEN 'upgrading'
    WHEN live_state IN ('grabbed', 'downloading') THEN 'downloading'
    WHEN live_state IS NOT NULL THEN 'importing'
    WHEN has_file = 1 THEN 'available'
    WHEN last_state IN ('failed', 'importBlocked') THEN 'failed'
    ELSE 'missing'
  END AS state
FROM slot_facts;

CREATE VIEW book_facts AS
SELECT
  book_id, title_key, author_key, released,
  CASE
    WHEN skipped = 1 THEN 'skipped'
    WHEN e_wanted + a_wanted > 0 AND e_held >= e_wanted AND a_held >= a_wanted THEN 'imported'
    WHEN e_wanted + a_wanted = 0 AND e_held + a_held > 0 THEN 'imported'
    WHEN e_live IN ('grabbed', 'downloading') OR a_live IN ('grabbed', 'downloading')
      THEN 'downloading'
    WHEN e_live IS NOT NULL OR a_live IS NOT NULL THEN 'downloaded'
    ELSE 'wanted'
  END AS status,
  CASE
    WHEN e_wanted = 1 AND a_wanted = 1 THEN 'both'
    WHEN a_wanted = 1 THEN 'audiobook'
    WHEN e_wanted = 1 THEN 'ebook'
    ELSE ''
  END AS media,
  max(e_wanted * e_monitored, a_wanted * a_monitored) AS monitored,
  (SELECT max(f.created_at) FROM slot s JOIN slot_file sf ON sf.slot_id = s.id
    JOIN file f ON f.id = sf.file_id
    WHERE s.book_id = facts.book_id AND f.missing_since IS NULL) AS imported_at
FROM (
  SELECT
    b.id AS book_id, b.skipped,
    w.sort_key AS title_key,
    coalesce((SELECT p.sort_key FROM author a JOIN person p ON p.id = a.person_id
      WHERE a.id = b.author_id), '') AS author_key,
    coalesce(w.released, '') AS released,
    coalesce(e.wanted, 0) AS e_wanted,
    coalesce(e.monitored, 0) AS e_monitored,
    EXISTS (SELECT 1 FROM slot_file sf JOIN file f ON f.id = sf.file_id
      WHERE sf.slot_id = e.id AND f.missing_since IS NULL) AS e_held,
    (SELECT d.state FROM download_slot ds JOIN download d ON d.id = ds.download_id
      WHERE ds.slot_id = e.id AND ds.live = 1) AS e_live,
    coalesce(t.wanted, 0) AS a_wanted,
    coalesce(t.monitored, 0) AS a_monitored,
    EXISTS (SELECT 1 FROM slot_file sf JOIN file f ON f.id = sf.file_id
      WHERE sf.slot_id = t.id AND f.missing_since IS NULL) AS a_held,
    (SELECT d.state FROM download_slot ds JOIN download d ON d.id = ds.download_id
      WHERE ds.slot_id = t.id AND ds.live = 1) AS a_live
  FROM book b
  JOIN work w ON w.id = b.work_id
  LEFT JOIN slot e ON e.book_id = b.id AND e.format = 'ebook'
  LEFT JOIN slot t ON t.book_id = b.id AND t.format = 'audiobook'
) AS facts;

CREATE TRIGGER slot_insert AFTER INSERT ON slot BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = NEW.book_id)
  WHERE id = NEW.book_id;
END;

CREATE TRIGGER slot_update AFTER UPDATE OF wanted, monitored ON slot BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = NEW.book_id)
  WHERE id = NEW.book_id;
END;

CREATE TRIGGER slot_delete AFTER DELETE ON slot BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = OLD.book_id)
  WHERE id = OLD.book_id;
END;

CREATE TRIGGER slot_file_insert AFTER INSERT ON slot_file BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = (SELECT book_id FROM slot WHERE id = NEW.slot_id))
  WHERE id = (SELECT book_id FROM slot WHERE id = NEW.slot_id);
END;

CREATE TRIGGER slot_file_delete AFTER DELETE ON slot_file BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = (SELECT book_id FROM slot WHERE id = OLD.slot_id))
  WHERE id = (SELECT book_id FROM slot WHERE id = OLD.slot_id);
END;

CREATE TRIGGER file_missing AFTER UPDATE OF missing_since ON file BEGIN
  UPDATE book SET (p_status, p_media, p_monitored, p_imported_at) =
    (SELECT status, media, monitored, imported_at FROM book_facts WHERE book_id = book.id)
  WHERE id IN (SELECT s.book_id FROM slot_file sf JOIN slot s ON s.id = sf.slot_id WHERE sf.file_id = NEW.id);
END;

CREATE TRIGGER download_slot_insert AFTER INSERT ON download_slot BEGIN
  UPDATE book SET p_status =
    (SELECT status FROM book_facts WHERE book_id = (SELECT book_id FROM slot WHERE id = NEW.slot_id))
  WHERE id = (SELECT book_id FROM slot WHERE id = NEW.slot_id);
END;

CREATE TRIGGER download_slot_update AFTER UPDATE OF live ON download_slot BEGIN
  UPDATE book SET p_status =
    (SELECT status FROM book_facts WHERE book_id = (SELECT book_id FROM slot WHERE id = NEW.slot_id))
  WHERE id = (SELECT book_id FROM slot WHERE id = NEW.slot_id);
END;

CREATE TRIGGER download_slot_delete AFTER DELETE ON download_slot BEGIN
  UPDATE book SET p_status =
    (SELECT status FROM book_facts WHERE book_id = (SELECT book_id FROM slot WHERE id = OLD.slot_id))
  WHERE id = (SELECT book_id FROM slot WHERE id = OLD.slot_id);
END;

CREATE TRIGGER download_state AFTER UPDATE OF state ON download WHEN NEW.state <> OLD.state BEGIN
  UPDATE book SET p_status =
    (SELECT status FROM book_facts WHERE book_id = book.id)
  WHERE id IN (SELECT s.book_id FROM download_slot ds JOIN slot s ON s.id = ds.slot_id WHERE ds.download_id = NEW.id);
END;

CREATE TRIGGER download_live AFTER UPDATE OF live ON download WHEN NEW.live <> OLD.live BEGIN
  UPDATE download_slot SET live = NEW.live WHERE download_id = NEW.id;
END;

CREATE TRIGGER book_insert_facts AFTER INSERT ON book BEGIN
  UPDATE book SET (p_title_key, p_author_key, p_released, p_status, p_media, p_monitored, p_imported_at) =
    (SELECT title_key, author_key, released, status, media, monitored, imported_at
     FROM book_facts WHERE book_id = NEW.id)
  WHERE id = NEW.id;
END;

CREATE TRIGGER book_update_facts AFTER UPDATE OF skipped, author_id, work_id ON book BEGIN
  UPDATE book SET (p_title_key, p_author_key, p_released, p_status, p_media, p_monitored, p_imported_at) =
    (SELECT title_key, author_key, released, status, media, monitored, imported_at
     FROM book_facts WHERE book_id = NEW.id)
  WHERE id = NEW.id;
END;

CREATE TRIGGER work_update_facts AFTER UPDATE OF sort_key, released ON work BEGIN
  UPDATE book SET p_title_key = NEW.sort_key, p_released = coalesce(NEW.released, '')
  WHERE work_id = NEW.id;
END;

CREATE TRIGGER person_update_facts AFTER UPDATE OF sort_key, average_rating ON person BEGIN
  UPDATE author SET p_name_key = NEW.sort_key, p_rating = NEW.average_rating
  WHERE person_id = NEW.id;
  UPDATE book SET p_author_key = NEW.sort_key
  WHERE NEW.sort_key <> OLD.sort_key
    AND author_id IN (SELECT id FROM author WHERE person_id = NEW.id);
END;

CREATE TRIGGER author_insert_facts AFTER INSERT ON author BEGIN
  UPDATE author SET (p_name_key, p_rating) =
    (SELECT sort_key, average_rating FROM person WHERE id = NEW.person_id)
  WHERE id = NEW.id;
END;

CREATE TRIGGER book_tally_insert AFTER INSERT ON book WHEN NEW.deleted_at IS NULL BEGIN
  INSERT INTO book_tally VALUES (NEW.library_id, NEW.excluded, NEW.p_monitored, NEW.p_media, NEW.p_status, 1)
  ON CONFLICT DO UPDATE SET n = n + 1;
  UPDATE author SET p_books = p_books + (NEW.excluded = 0),
    p_available = p_available + (NEW.excluded = 0 AND NEW.p_status = 'imported'),
    p_wanted = p_wanted + (NEW.excluded = 0 AND NEW.p_status = 'wanted' AND NEW.p_monitored = 1)
  WHERE id = NEW.author_id;
END;

CREATE TRIGGER book_tally_leave AFTER UPDATE OF library_id, excluded, p_monitored, p_media, p_status, author_id, deleted_at ON book
  WHEN OLD.deleted_at IS NULL AND (OLD.library_id <> NEW.library_id OR OLD.excluded <> NEW.excluded
    OR OLD.p_monitored <> NEW.p_monitored OR OLD.p_media <> NEW.p_media
    OR OLD.p_status <> NEW.p_status OR OLD.author_id IS NOT NEW.author_id
    OR (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL)) BEGIN
  INSERT INTO book_tally VALUES (OLD.library_id, OLD.excluded, OLD.p_monitored, OLD.p_media, OLD.p_status, -1)
  ON CONFLICT DO UPDATE SET n = n - 1;
  UPDATE author SET p_books = p_books - (OLD.excluded = 0),
    p_available = p_available - (OLD.excluded = 0 AND OLD.p_status = 'imported'),
    p_wanted = p_wanted - (OLD.excluded = 0 AND OLD.p_status = 'wanted' AND OLD.p_monitored = 1)
  WHERE id = OLD.author_id;
END;

CREATE TRIGGER book_tally_enter AFTER UPDATE OF library_id, excluded, p_monitored, p_media, p_status, author_id, deleted_at ON book
  WHEN NEW.deleted_at IS NULL AND (OLD.library_id <> NEW.library_id OR OLD.excluded <> NEW.excluded
    OR OLD.p_monitored <> NEW.p_monitored OR OLD.p_media <> NEW.p_media
    OR OLD.p_status <> NEW.p_status OR OLD.author_id IS NOT NEW.author_id
    OR (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL)) BEGIN
  INSERT INTO book_tally VALUES (NEW.library_id, NEW.excluded, NEW.p_monitored, NEW.p_media, NEW.p_status, 1)
  ON CONFLICT DO UPDATE SET n = n + 1;
  UPDATE author SET p_books = p_books + (NEW.excluded = 0),
    p_available = p_available + (NEW.excluded = 0 AND NEW.p_status = 'imported'),
    p_wanted = p_wanted + (NEW.excluded = 0 AND NEW.p_status = 'wanted' AND NEW.p_monitored = 1)
  WHERE id = NEW.author_id;
END;

CREATE TRIGGER book_tally_delete AFTER DELETE ON book WHEN OLD.deleted_at IS NULL BEGIN
  INSERT INTO book_tally VALUES (OLD.library_id, OLD.excluded, OLD.p_monitored, OLD.p_media, OLD.p_status, -1)
  ON CONFLICT DO UPDATE SET n = n - 1;
  UPDATE author SET p_books = p_books - (OLD.excluded = 0),
    p_available = p_available - (OLD.excluded = 0 AND OLD.p_status = 'imported'),
    p_wanted = p_wanted - (OLD.excluded = 0 AND OLD.p_status = 'wanted' AND OLD.p_monitored = 1)
  WHERE id = OLD.author_id;
END;

CREATE TRIGGER book_search_insert AFTER INSERT ON book WHEN NEW.p_search <> '' BEGIN
  INSERT INTO book_search (rowid, p_search) VALUES (NEW.id, NEW.p_search);
END;

CREATE TRIGGER book_search_update AFTER UPDATE OF p_search ON book WHEN OLD.p_search <> NEW.p_search BEGIN
  INSERT INTO book_search (book_search, rowid, p_search) SELECT 'delete', OLD.id, OLD.p_search
  WHERE OLD.p_search <> '';
  INSERT INTO book_search (rowid, p_search) SELECT NEW.id, NEW.p_search WHERE NEW.p_search <> '';
END;

CREATE TRIGGER book_search_delete AFTER DELETE ON book WHEN OLD.p_search <> '' BEGIN
  INSERT INTO book_search (book_search, rowid, p_search) VALUES ('delete', OLD.id, OLD.p_search);
END;

CREATE TRIGGER author_search_insert AFTER INSERT ON author WHEN NEW.p_search <> '' BEGIN
  INSERT INTO author_search (rowid, p_search) VALUES (NEW.id, NEW.p_search);
END;

CREATE TRIGGER author_search_update AFTER UPDATE OF p_search ON author WHEN OLD.p_search <> NEW.p_search BEGIN
  INSERT INTO author_search (author_search, rowid, p_search) SELECT 'delete', OLD.id, OLD.p_search
  WHERE OLD.p_search <> '';
  INSERT INTO author_search (rowid, p_search) SELECT NEW.id, NEW.p_search WHERE NEW.p_search <> '';
END;

CREATE TRIGGER author_search_delete AFTER DELETE ON author WHEN OLD.p_search <> '' BEGIN
  INSERT INTO author_search (author_search, rowid, p_search) VALUES ('delete', OLD.id, OLD.p_search);
END;

CREATE INDEX download_indexer ON download (indexer_id, state) WHERE indexer_id IS NOT NULL;

CREATE TABLE indexer_feed (
  indexer_id INTEGER PRIMARY KEY REFERENCES indexer (id) ON DELETE CASCADE,
  seen TEXT NOT NULL CHECK (json_valid(seen)),
  at INTEGER NOT NULL
) STRICT;
