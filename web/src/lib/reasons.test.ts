import { describe, expect, it } from 'vitest';
import { downloadText, eventText, fixFor, reasonText, refusalText, settleFor, verdictOf } from './reasons';

describe('reasons', () => {
  it('says the values, sizes as sizes', () => {
    expect(reasonText({ code: 'size-max', found: '5368709120', wanted: '1073741824' })).toBe(
      'Too large: 5.0 GB, at most 1.0 GB',
    );
    expect(reasonText({ code: 'seeders', params: { found: 0, wanted: 1 } })).toBe('0 seeders, at least 1');
  });
  it('knows a code in both spellings', () => {
    expect(reasonText({ code: 'path_not_visible', params: { path: '/downloads' } })).toContain('/downloads');
  });
  it('shows the server text for an unknown code, and words without one', () => {
    expect(reasonText({ code: 'brand-new', text: 'Because of the new rule' })).toBe('Because of the new rule');
    expect(reasonText({ code: 'brand-new' })).toBe('Brand new');
  });
  it('prefers the server text to a sentence with holes', () => {
    expect(reasonText({ code: 'size-max', text: 'too big' })).toBe('too big');
    expect(reasonText({ code: 'size-max' })).toBe('Too large');
    expect(reasonText({ code: 'seeders' })).toBe('Seeders');
  });
  it('says refusals, falling back to the text of the answer', () => {
    expect(refusalText('no_client_for_protocol', {}, 'x')).toContain('download client');
    expect(refusalText('invalid', {}, 'name: expected text')).toBe('name: expected text');
    expect(refusalText('unheard_of', {}, 'server text')).toBe('server text');
  });
  it('offers the place where it is put right', () => {
    expect(fixFor('path_not_visible')?.to).toBe('/settings/clients');
    expect(fixFor('root-unavailable')?.to).toBe('/settings/roots');
    expect(fixFor('indexer-down')?.to).toBe('/settings/indexers');
    expect(fixFor('delay')).toBeNull();
    expect(settleFor({ code: 'x', action: 'edit_indexer', entity: 'indexer:2' })?.to).toBe('/settings/indexers');
    expect(settleFor({ code: 'x', entity: 'book:4' })?.to).toBe('/book/4');
    expect(settleFor({ code: 'root_unavailable', entity: 'root:1' })?.to).toBe('/settings/roots');
  });
});

describe('downloads and events', () => {
  it('has a sentence for every state of the machine', () => {
    for (const state of [
      'grabbed',
      'downloading',
      'completed',
      'importPending',
      'importing',
      'imported',
      'failed',
      'importFailed',
      'importBlocked',
      'importExternal',
      'importHeld',
    ]) {
      expect(downloadText({ state }).length, state).toBeGreaterThan(8);
    }
    expect(downloadText({ state: 'importing', stage: 'probe' })).toBe('Looking into the files');
    expect(downloadText({ state: 'downloading', overlay: 'stalled' })).toContain('No data');
    expect(downloadText({ state: 'somethingNew' })).toBe('Something new');
    expect(eventText('bookImported')).toBe('Imported');
    expect(eventText('filePolished')).toBe('File polished');
  });
});

describe('verdicts', () => {
  it.each([
    [{}, 'judging'],
    [{ verdict: 'grab', rejections: [] }, 'would'],
    [{ rejections: [] }, 'acceptable'],
    [{ rejections: [{ code: 'x', class: 'soft' as const }] }, 'soft'],
    [{ rejections: [{ code: 'x', class: 'soft' as const }, { code: 'y', class: 'hard' as const }] }, 'hard'],
    [{ rejections: [{ code: 'delay', class: 'temporary' as const }] }, 'waiting'],
    [{ rejections: [{ code: 'unsure', class: 'approval' as const }] }, 'approval'],
    [{ rejections: [{ code: 'unknown-class' }] }, 'hard'],
  ])('%j is %s', (candidate, verdict) => expect(verdictOf(candidate)).toBe(verdict));
});
