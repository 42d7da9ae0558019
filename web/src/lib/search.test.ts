import { describe, expect, it } from 'vitest';
import { applyEvent, fromRecord, NO_SEARCH, ranked, reasonCounts } from './search';

const found = (guid: string, more: Record<string, unknown> = {}) => ({
  name: 'release.found',
  data: { guid, indexerId: 1, title: guid, ...more },
});

describe('search', () => {
  it('joins the verdict with the release it is about', () => {
    let s = applyEvent(NO_SEARCH, found('a'));
    s = applyEvent(s, { name: 'release.judged', data: { guid: 'a', verdict: 'grab', rejections: [], score: 7 } });
    expect(s.candidates).toHaveLength(1);
    expect(s.candidates[0]).toMatchObject({ title: 'a', verdict: 'grab', score: 7 });
  });

  it('keeps the same guid of two indexers apart', () => {
    let s = applyEvent(NO_SEARCH, found('a'));
    s = applyEvent(s, found('a', { indexerId: 2 }));
    expect(s.candidates).toHaveLength(2);
  });

  it('takes an event twice, as after a resume, for one', () => {
    const one = applyEvent(NO_SEARCH, found('a', { candidateId: 4 }));
    expect(applyEvent(one, found('a', { candidateId: 4 })).candidates).toHaveLength(1);
  });

  it('goes on from the REST record', () => {
    let s = fromRecord({ doneAt: null, partial: false, legs: [{ indexerId: 1, status: 'running' }], candidates: [{ id: 4, guid: 'a', title: 'a', indexerId: 1 }] });
    s = applyEvent(s, { name: 'release.judged', data: { candidateId: 4, guid: 'a', indexerId: 1, verdict: 'rejected' } });
    s = applyEvent(s, { name: 'indexer.done', data: { indexerId: 1, count: 1, ms: 20 } });
    s = applyEvent(s, { name: 'search.done', data: {} });
    expect(s.candidates).toHaveLength(1);
    expect(s.candidates[0]).toMatchObject({ candidateId: 4, verdict: 'rejected' });
    expect(s.legs).toMatchObject([{ status: 'done', count: 1 }]);
    expect(s.done).toBe(true);
  });

  it('shows a failed indexer', () => {
    const s = applyEvent(NO_SEARCH, { name: 'indexer.done', data: { indexerId: 2, error: { code: 'timeout' } } });
    expect(s.legs).toMatchObject([{ indexerId: 2, status: 'failed' }]);
  });

  it('reads the class of a rule as word or letter', () => {
    const rejections = [{ code: 'language', klass: 'S' }, { code: 'x', class: 'temporary' }, { code: 'y' }];
    const s = applyEvent(NO_SEARCH, found('a', { rejections }));
    expect(s.candidates[0]?.rejections?.map((r) => r.class)).toEqual(['soft', 'temporary', 'hard']);
  });

  it('ranks by verdict, then score', () => {
    const rows = [
      { id: '1', guid: '1', title: 'hard', rejections: [{ code: 'language', class: 'hard' as const }] },
      { id: '2', guid: '2', title: 'ok', rejections: [], score: 1 },
      { id: '3', guid: '3', title: 'best', rejections: [], verdict: 'grab' },
      { id: '4', guid: '4', title: 'ok more', rejections: [], score: 9 },
    ];
    expect(ranked(rows).map((r) => r.title)).toEqual(['best', 'ok more', 'ok', 'hard']);
    expect(reasonCounts(rows)).toEqual([{ code: 'language', count: 1 }]);
  });
});
