/**
 * What travels between server and browser, as far as the pages use it. Written after
 * spec catalogue.md 1, acquisition.md 1, downloads-and-import.md 3 and ui.md 7.4.
 */
export type Id = number;
export type Params = Record<string, unknown>;
export type Format = 'ebook' | 'audiobook';
export type MediaType = Format | 'both';

/** A reason is a stable code and the values compared; `text` is the server's English fallback. */
export interface Reason {
  code: string;
  params?: Params;
  text?: string;
}

export interface Paged<T> {
  items: T[];
  total: number;
  limit: number;
  offset: number;
  nextCursor?: string | null;
}

export interface AuthStatus {
  authenticated: boolean;
  setupRequired: boolean;
  username?: string;
  role?: 'admin' | 'user';
  mode: string;
  localAuthEnabled: boolean;
  setupCodeRequired?: boolean;
  /** Same token as /auth/csrf answers, when the server sends it along. */
  csrfToken?: string;
}

export interface SystemStatus {
  version: string;
  commit?: string;
  startTime?: string;
  latestVersion?: string;
}

export interface SetupState {
  hasIndexer: boolean;
  hasClient: boolean;
  hasRoot?: boolean;
  hasAuthor: boolean;
  hasGrab: boolean;
  hasImport: boolean;
  complete: boolean;
}

export interface Author {
  id: Id;
  foreignAuthorId: string;
  authorName: string;
  sortName?: string;
  description?: string;
  disambiguation?: string;
  imageUrl?: string;
  ratingsCount?: number;
  averageRating?: number;
  monitored: boolean;
  monitorMode?: string;
  monitorLatestCount?: number;
  rootFolderId?: Id | null;
  audiobookRootFolderId?: Id | null;
  metadataProvider?: string;
  lastMetadataRefreshAt?: string | null;
  statistics?: { bookCount: number; availableBookCount: number; wantedBookCount: number };
  sync?: { state: string; done?: number; total?: number | null; error?: Reason | null };
  /** On search results: the id of this author in the library, when it has one. */
  libraryId?: Id | null;
  topWork?: string;
  workCount?: number;
}

export interface Slot {
  format: Format;
  wanted: boolean;
  monitored: boolean;
  state: string;
  files?: BookFile[];
  quality?: string | null;
  lastSearchAt?: string | null;
  download?: { id: Id; state: string; progress?: number } | null;
}

export interface BookFile {
  id?: Id;
  format: Format;
  path: string;
  sizeBytes: number;
  quality?: string;
  createdAt?: string;
}

export interface Book {
  id: Id;
  foreignBookId?: string;
  authorId: Id;
  title: string;
  subtitle?: string;
  description?: string;
  imageUrl?: string;
  releaseDate?: string | null;
  releasePrecision?: string;
  genres?: string[];
  averageRating?: number;
  ratingsCount?: number;
  monitored: boolean;
  status: string;
  mediaType: MediaType | '';
  ebookFilePath?: string;
  audiobookFilePath?: string;
  language?: string;
  narrator?: string;
  durationSeconds?: number;
  pageCount?: number;
  publisher?: string;
  excluded?: boolean;
  author?: { id: Id; authorName: string };
  series?: { id: Id; title: string; position?: string }[];
  formats?: Slot[];
  bookFiles?: BookFile[];
  createdAt?: string;
  lastSearchAt?: string | null;
  searchCount?: number;
  lastOutcome?: Reason | null;
}

/** Live row of topic `queue` (ui.md 7.4). */
export interface QueueRow {
  id: Id;
  bookId: Id | null;
  title: string;
  authorId?: Id | null;
  authorName?: string;
  release?: string;
  state: string;
  stage?: string;
  /** The download client's own word: paused, stalled ... */
  overlay?: string;
  protocol?: string;
  client?: string;
  size?: number;
  done?: number;
  percent?: number | null;
  speed?: number | null;
  eta?: number | null;
  seeders?: number | null;
  error?: Reason | null;
  nextStepAt?: string | null;
  addedAt?: string;
  stateSince?: string;
  stale?: boolean;
  format?: Format;
}

export interface StaleClient {
  clientId: Id;
  name?: string;
  message?: string;
}

export type RejectionClass = 'hard' | 'soft' | 'temporary' | 'approval';
export interface Rejection extends Reason {
  class?: RejectionClass;
  wanted?: string;
  found?: string;
}

export interface Candidate {
  /** Key of a row inside one search: the candidate's id, else indexer and guid. */
  id: string;
  candidateId?: Id;
  guid: string;
  indexerId?: Id;
  indexerName?: string;
  title: string;
  size?: number;
  publishedAt?: string | null;
  protocol?: string;
  seeders?: number | null;
  peers?: number | null;
  grabs?: number | null;
  quality?: string | null;
  mediaType?: Format | null;
  language?: string | null;
  infoUrl?: string;
  verdict?: string;
  score?: number | null;
  scoreParts?: Record<string, number>;
  rejections?: Rejection[];
}

export interface SearchLeg {
  indexerId: Id;
  indexerName?: string;
  status: string;
  count?: number;
  ms?: number;
  error?: Reason | null;
}

export interface SearchRecord {
  id: Id;
  bookId?: Id | null;
  startedAt?: string;
  doneAt?: string | null;
  partial?: boolean;
  legs?: SearchLeg[];
  candidates?: (Omit<Candidate, 'id'> & { id?: Id | string })[];
}

export interface HistoryEvent {
  id: Id;
  bookId?: Id | null;
  eventType: string;
  sourceTitle: string;
  data?: string;
  details?: Params;
  createdAt: string;
  book?: { id: Id; title: string; authorId: Id; authorName: string };
}

export interface BlocklistEntry {
  id: Id;
  bookId?: Id | null;
  guid: string;
  title: string;
  indexerId?: Id | null;
  reason: string;
  code?: string;
  createdAt: string;
}

export interface Indexer {
  id: Id;
  name: string;
  type: string;
  url: string;
  apiKey?: string;
  apiKeyConfigured?: boolean;
  categories: number[];
  priority: number;
  enabled: boolean;
  seedRatio?: number | null;
  freeleechOnly?: boolean;
}

export interface IndexerReport {
  ok: boolean;
  status?: number;
  categories?: number;
  bookSearch?: boolean;
  latencyMs?: number;
  searchResults?: number;
  searchError?: string;
  message?: string;
  error?: string;
  code?: string;
  params?: Params;
}

export interface DownloadClient {
  id: Id;
  name: string;
  type: string;
  host: string;
  port: number;
  useSsl: boolean;
  urlBase: string;
  username: string;
  password?: string;
  passwordConfigured?: boolean;
  apiKey?: string;
  apiKeyConfigured?: boolean;
  category: string;
  categoryAudiobook: string;
  pathRemap: string;
  priority: number;
  enabled: boolean;
  downloadDir?: string;
  removeCompleted?: boolean;
  health?: { status: string; message?: string; reason?: Reason | null };
}

export interface ClientReport {
  message?: string;
  version?: string;
  health?: { status: string; message?: string };
  warnings?: string[];
  pathVisibility?: { status: string; message?: string; path?: string };
}

export interface RootFolder {
  id: Id;
  path: string;
  freeSpace: number;
  totalSpace?: number;
  accessible?: boolean;
}

export interface Job {
  id: string;
  kind: string;
  titleCode?: string;
  params?: Params;
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  phase?: string;
  done?: number;
  total?: number | null;
  cancellable?: boolean;
  error?: Reason | null;
  link?: string | null;
}

export interface Attention {
  id: string | number;
  code: string;
  severity: 'notice' | 'warning' | 'error';
  params?: Params;
  text?: string;
  /** `download:12` */
  entity?: string | null;
  action?: string | null;
  since?: string;
}

/** One long-running task or integration as the health page shows it (ui.md 8.7). */
export interface ActorRow {
  id: string;
  name: string;
  kind?: string;
  state: string;
  restarts?: number;
  lastError?: string | null;
  waiting?: number;
  peak?: number;
  oldestS?: number | null;
  inHandS?: number | null;
  refused?: number;
  critical?: boolean;
  okAt?: string | null;
  failedAt?: string | null;
  heldUntil?: string | null;
  version?: string;
  reason?: Reason | null;
}

export interface Counters {
  wanted: number;
  queue: number;
  pending?: number;
  attention: number;
  unreadEvents?: number;
}

export interface BulkResult {
  results: Record<string, { ok: boolean; error?: string; code?: string }>;
}
