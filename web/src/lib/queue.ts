/** What the queue page makes of the rows. Pure. */
import type { Params, QueueRow } from './wire';

export type Group = 'needs' | 'active' | 'failed' | 'done';

export function groupOf(row: QueueRow): Group {
  switch (row.state) {
    case 'imported':
      return 'done';
    case 'failed':
      return 'failed';
    case 'importBlocked':
      return 'needs';
    case 'importFailed':
      return 'needs';
    default:
      return row.error && row.state === 'completed' ? 'needs' : 'active';
  }
}

/** Grab 0, download 1, import 2, shelf 3: how far it has come. */
export function stageOf(state: string): number {
  if (state === 'grabbed') return 0;
  if (state === 'downloading' || state === 'queued' || state === 'paused' || state === 'failed') return 1;
  return state === 'imported' ? 3 : 2;
}

const ORDER: Group[] = ['needs', 'active', 'failed', 'done'];

/** Groups in their order, rows inside by the moment they were added, newest last: rows never jump
 * while progress comes in. */
export function grouped(rows: readonly QueueRow[]): { group: Group; rows: QueueRow[] }[] {
  const by = new Map<Group, QueueRow[]>();
  for (const row of rows) {
    const group = groupOf(row);
    const list = by.get(group);
    if (list) list.push(row);
    else by.set(group, [row]);
  }
  return ORDER.flatMap((group) => {
    const list = by.get(group);
    if (!list) return [];
    const sign = group === 'done' ? -1 : 1;
    return [{ group, rows: list.sort((a, b) => sign * (a.id - b.id)) }];
  });
}

export function retryable(row: QueueRow): boolean {
  return row.state === 'importFailed' || row.state === 'importBlocked';
}

function seconds(text: unknown): number | null {
  if (typeof text === 'number') return text;
  if (typeof text !== 'string') return null;
  let total = 0;
  for (const [, n, unit] of text.matchAll(/(\d+)\s*([dhms])/g)) {
    total += Number(n) * ({ d: 86_400, h: 3_600, m: 60, s: 1 }[unit ?? 's'] ?? 1);
  }
  return total || null;
}

const numeric = (value: unknown): number | null => {
  const n = typeof value === 'string' ? Number.parseFloat(value) : value;
  return typeof n === 'number' && Number.isFinite(n) ? n : null;
};

/** The row of `GET /queue` (catalogue.md 1.6) or of the live topic, as one shape. */
export function normalRow(raw: Params): QueueRow {
  if (typeof raw['state'] === 'string' && !('status' in raw)) return raw as unknown as QueueRow;
  const book = raw['book'] as { id: number; title: string; authorId?: number; authorName?: string } | undefined;
  const text = (raw['errorMessage'] as string | undefined) ?? '';
  const row: QueueRow = {
    ...(raw as unknown as QueueRow),
    id: raw['id'] as number,
    bookId: (raw['bookId'] as number | null) ?? book?.id ?? null,
    title: book?.title ?? (raw['title'] as string),
    authorId: book?.authorId ?? null,
    authorName: book?.authorName ?? '',
    release: (raw['release'] as string | undefined) ?? (raw['title'] as string),
    state: (raw['state'] as string | undefined) ?? (raw['status'] as string),
    percent: numeric(raw['percent'] ?? raw['percentage']),
    eta: seconds(raw['etaSeconds'] ?? raw['eta'] ?? raw['timeLeft']),
    speed: numeric(raw['bytesPerSecond']) ?? (typeof raw['speed'] === 'number' ? raw['speed'] : null),
  };
  row.error = (raw['error'] as QueueRow['error']) ?? (text ? { code: '', text } : null);
  return row;
}
