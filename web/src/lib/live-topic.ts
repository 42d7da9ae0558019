/** Frames of the live protocol (ui.md 7.3) and what they do to one topic. Pure. */
export interface Row {
  id: string | number;
  [key: string]: unknown;
}
export interface Cursor {
  epoch: string;
  seq: number;
}
export interface SnapData {
  rows?: Row[];
  meta?: Record<string, unknown>;
  [key: string]: unknown;
}
export interface Snap {
  t: 'snap';
  topic: string;
  seq: number;
  part?: number;
  parts?: number;
  data: SnapData;
}
export interface Delta {
  t: 'delta';
  topic: string;
  prev: number;
  seq: number;
  put?: Row[];
  patch?: Row[];
  del?: (string | number)[];
  meta?: Record<string, unknown>;
}
export interface FeedEvent {
  t: 'event';
  topic: string;
  seq: number;
  id: string | number;
  name: string;
  at: string;
  data: Record<string, unknown>;
}
export type ServerFrame =
  | { t: 'hello'; v: number; server: string; epoch: string; hb?: number; now?: string; topics?: string[] }
  | Snap
  | Delta
  | FeedEvent
  | { t: 'inval'; topic: string; seq: number; keys: string[]; hint?: string }
  | { t: 'gap'; topic: string; reason: string }
  | { t: 'err'; id?: number; topic?: string; code: string; message: string }
  | { t: 'hb'; now?: string };

export interface TopicState {
  /** Where we stand; null until the first whole snapshot. */
  cursor: Cursor | null;
  rows: readonly Row[];
  meta: Record<string, unknown>;
  /** False while the rows may be out of date: shown dimmed, never as live. */
  fresh: boolean;
  /** A snapshot was asked for; deltas are ignored until it is here. */
  waiting: boolean;
  parts: SnapData[];
  /** Per row: our own REST answer is newer than deltas up to this seq. */
  floors: ReadonlyMap<string | number, number>;
}

export const EMPTY: TopicState = {
  cursor: null,
  rows: [],
  meta: {},
  fresh: false,
  waiting: true,
  parts: [],
  floors: new Map(),
};

function rowsOf(data: SnapData): Row[] {
  if (Array.isArray(data.rows)) return data.rows;
  return 'id' in data ? [data as unknown as Row] : [];
}

export function applySnap(state: TopicState, frame: Snap, epoch: string): TopicState {
  const total = frame.parts ?? 1;
  if (total > 1) {
    const part = frame.part ?? 1;
    const parts = part <= 1 ? [frame.data] : [...state.parts, frame.data];
    if (part < total) return { ...state, waiting: true, parts };
    const meta = Object.assign({}, ...parts.map((p) => p.meta ?? {})) as Record<string, unknown>;
    return whole(parts.flatMap(rowsOf), meta, { epoch, seq: frame.seq });
  }
  return whole(rowsOf(frame.data), frame.data.meta ?? {}, { epoch, seq: frame.seq });
}

function whole(rows: Row[], meta: Record<string, unknown>, cursor: Cursor): TopicState {
  return { ...EMPTY, cursor, rows, meta, fresh: true, waiting: false };
}

/** `resync` asks the caller to subscribe again from nothing: the delta does not fit. */
export function applyDelta(state: TopicState, frame: Delta): { state: TopicState; resync: boolean } {
  if (state.waiting || !state.cursor) return { state, resync: false };
  if (frame.seq <= state.cursor.seq) return { state: { ...state, fresh: true }, resync: false };
  if (frame.prev !== state.cursor.seq) return { state: { ...state, waiting: true, fresh: false }, resync: true };
  const behind = (id: string | number) => (state.floors.get(id) ?? -1) >= frame.seq;
  const put = new Map((frame.put ?? []).filter((r) => !behind(r.id)).map((r) => [r.id, r]));
  const patch = new Map((frame.patch ?? []).filter((r) => !behind(r.id)).map((r) => [r.id, r]));
  const gone = new Set(frame.del ?? []);
  const rows: Row[] = [];
  for (const row of state.rows) {
    if (gone.has(row.id)) continue;
    const next = put.get(row.id) ?? row;
    put.delete(row.id);
    const change = patch.get(row.id);
    rows.push(change ? { ...next, ...change } : next);
  }
  rows.push(...put.values());
  const floors = new Map([...state.floors].filter(([, seq]) => seq > frame.seq));
  const meta = frame.meta ? { ...state.meta, ...frame.meta } : state.meta;
  return {
    state: { ...state, rows, meta, floors, fresh: true, cursor: { ...state.cursor, seq: frame.seq } },
    resync: false,
  };
}

/** The answer of our own mutation: shown at once, later confirmed by a delta. */
export function applyAnswer(state: TopicState, row: Row, at: Cursor | null): TopicState {
  const index = state.rows.findIndex((r) => r.id === row.id);
  const rows = [...state.rows];
  if (index < 0) rows.push(row);
  else rows[index] = { ...rows[index], ...row };
  if (!at || at.epoch !== state.cursor?.epoch) return { ...state, rows };
  return { ...state, rows, floors: new Map(state.floors).set(row.id, at.seq) };
}

/** `X-Live-Seq: queue=k3v9:812, jobs=k3v9:4` */
export function parseLiveSeq(header: string | null): Record<string, Cursor> {
  const found: Record<string, Cursor> = {};
  for (const part of (header ?? '').split(/[,\s]+/)) {
    const match = /^(.+)=([^=:]+):(\d+)$/.exec(part);
    if (match?.[1] && match[2]) found[match[1]] = { epoch: match[2], seq: Number(match[3]) };
  }
  return found;
}
