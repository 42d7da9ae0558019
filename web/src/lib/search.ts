/** The releases of one search, put together from its REST record and its live feed. Pure. */
import type { FeedEvent } from './live-topic';
import { verdictOf, type Verdict } from './reasons';
import type { Candidate, Rejection, RejectionClass, SearchLeg, SearchRecord } from './wire';

export interface SearchState {
  candidates: Candidate[];
  legs: SearchLeg[];
  done: boolean;
  partial: boolean;
}

export const NO_SEARCH: SearchState = { candidates: [], legs: [], done: false, partial: false };

type Raw = Record<string, unknown>;

export function candidateKey(raw: Raw): string {
  const id = raw['candidateId'];
  if (typeof id === 'number') return `c${id}`;
  return `${String(raw['indexerId'] ?? '')}|${String(raw['guid'] ?? '')}`;
}

const CLASSES: Record<string, RejectionClass> = { H: 'hard', S: 'soft', T: 'temporary', A: 'approval' };

/** The class as a word or as its letter, under either name. */
function toRejection(raw: Raw): Rejection {
  const given = String(raw['class'] ?? raw['klass'] ?? 'hard');
  return { ...(raw as unknown as Rejection), class: CLASSES[given] ?? (given as RejectionClass) };
}

function toCandidate(raw: Raw, before?: Candidate): Candidate {
  const merged = { ...before, ...raw } as Raw;
  if (merged['candidateId'] === undefined && typeof raw['id'] === 'number') merged['candidateId'] = raw['id'];
  const rejections = merged['rejections'];
  if (Array.isArray(rejections)) merged['rejections'] = rejections.map((r) => toRejection(r as Raw));
  return { ...(merged as unknown as Candidate), id: before?.id ?? candidateKey(merged) };
}

export function fromRecord(
  record: Pick<SearchRecord, 'doneAt' | 'partial'> & { legs: readonly SearchLeg[]; candidates: readonly object[] },
): SearchState {
  return {
    candidates: record.candidates.map((c) => toCandidate(c as Raw)),
    legs: [...record.legs],
    done: !!record.doneAt,
    partial: !!record.partial,
  };
}

function putLeg(legs: SearchLeg[], leg: SearchLeg): SearchLeg[] {
  const index = legs.findIndex((l) => l.indexerId === leg.indexerId);
  if (index < 0) return [...legs, leg];
  return legs.map((l, i) => (i === index ? { ...l, ...leg } : l));
}

export function applyEvent(state: SearchState, event: Pick<FeedEvent, 'name' | 'data'>): SearchState {
  const data = event.data;
  switch (event.name) {
    case 'indexer.started':
      return { ...state, legs: putLeg(state.legs, { ...(data as unknown as SearchLeg), status: 'running' }) };
    case 'indexer.done': {
      const leg = data as unknown as SearchLeg;
      return { ...state, legs: putLeg(state.legs, { ...leg, status: leg.error ? 'failed' : 'done' }) };
    }
    case 'release.found':
    case 'release.judged': {
      const key = candidateKey(data);
      const index = state.candidates.findIndex(
        (c) => c.id === key || (c.guid === data['guid'] && (data['indexerId'] ?? c.indexerId) === c.indexerId),
      );
      const candidates = [...state.candidates];
      if (index < 0) candidates.push(toCandidate(data));
      else candidates[index] = toCandidate(data, candidates[index]);
      return { ...state, candidates };
    }
    case 'search.done':
      return { ...state, done: true, partial: !!data['partial'] };
    default:
      return state;
  }
}

const RANK: Record<Verdict, number> = {
  would: 0,
  acceptable: 1,
  approval: 2,
  waiting: 3,
  soft: 4,
  judging: 5,
  hard: 6,
};

/** Best first: verdict, then score, then where it came in. */
export function ranked(candidates: readonly Candidate[]): Candidate[] {
  return candidates
    .map((c, i) => ({ c, i, rank: RANK[verdictOf(c)] }))
    .sort((a, b) => a.rank - b.rank || (b.c.score ?? 0) - (a.c.score ?? 0) || a.i - b.i)
    .map((x) => x.c);
}

/** Every rejection code in sight with how often, most frequent first. */
export function reasonCounts(candidates: readonly Candidate[]): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const c of candidates) {
    for (const code of new Set((c.rejections ?? []).map((r) => r.code))) {
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
  }
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count);
}

/** Rules that a grab would break: they have to be confirmed. */
export function toOverride(candidate: Candidate): Rejection[] {
  return candidate.rejections ?? [];
}
