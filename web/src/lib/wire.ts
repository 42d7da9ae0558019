/**
 * What travels between server and browser: names for the generated types of the server's own
 * document (`npm run types` writes schema.d.ts; a gate compares). Nothing is described by hand
 * here but what the pages make of it.
 */
import type { components } from './schema';

type S = components['schemas'];
/** Older answers and events may lack the rest. */
type Some<T, Key extends keyof T> = Pick<T, Key> & Partial<T>;

export type Id = number;
export type Params = Record<string, unknown>;
export type Format = 'ebook' | 'audiobook';
export type MediaType = Format | 'both';

export interface Paged<T> {
  items: T[];
  total: number;
  limit: number;
  offset: number;
  nextCursor?: string | null;
}

/** A reason is a stable code and the values compared; `text` is the server's English fallback. */
export type Reason = S['Reason'];

export type AuthStatus = S['AuthStatus'];
export type AuthConfig = S['AuthConfig'];
export type SystemStatus = S['Status'];
export type SetupState = S['SetupState'];

export type Author = S['Author'];
export type Book = S['Book'];
export type BookFile = Some<S['BookFile'], 'format' | 'path' | 'sizeBytes'>;
export type RootFolder = S['RootFolder'];
export type FoundAuthor = S['FoundAuthor'];
export type FoundBook = S['FoundBook'];

/** Live row of topic `queue` (ui.md 7.4), and what a row of `GET /queue` becomes. */
export type QueueRow = Some<S['QueueRow'], 'id' | 'bookId' | 'title' | 'state'>;
/** Row of `GET /queue`. */
export type QueueItem = S['QueueItem'];
export type Queue = S['Queue'];
export type StaleClient = S['StaleClient'];

export type RejectionClass = 'hard' | 'soft' | 'temporary' | 'approval';
export type Rejection = Omit<S['WireRejection'], 'class'> & { class?: RejectionClass };
export type SearchRelease = S['SearchRelease'];
/** A release on the page, as much of it as has come; `id` is its key inside one search. */
export type Candidate = Pick<SearchRelease, 'guid' | 'title'> &
  Partial<Omit<SearchRelease, 'id' | 'rejections'>> & { id: string; rejections?: Rejection[] };
export type SearchLeg = Some<S['SearchLeg'], 'indexerId' | 'status'>;
export type SearchRecord = S['SearchRecord'];
export type SearchStarted = S['BookSearch'] | { searchId: Id };
export type GrabRequest = S['GrabRequest'];

export type HistoryEvent = S['HistoryEvent'];
export type BlocklistEntry = S['BlocklistEntry'];
export type Indexer = S['Indexer'];
export type IndexerReport = Some<S['IndexerTest'], 'ok'>;
export type DownloadClient = S['DownloadClient'];
export type ClientReport = Some<S['ClientTest'], 'message'>;

export type Job = S['Job'];
export type Attention = S['AttentionItem'];
/** One long-running task or integration as the health page shows it (ui.md 8.7). */
export type ActorRow = S['HealthRow'];
export type Counters = S['Counters'];
export type BulkResult = S['BulkResult'];
