import { describe, expect, it } from 'vitest';
import { downloadText, eventText, fixFor, reasonText, refusalText, verdictOf } from './reasons';

describe('reasons', () => {
  it('says the values, sizes as sizes', () => {
    expect(reasonText({ code: 'size-max', params: { size: 5_368_709_120, max: 1_073_741_824 } })).toBe(
      'Too large: 5.0 GB, at most 1.0 GB',
    );
    expect(reasonText({ code: 'seeders', params: { seeders: 0, min: 1 } })).toBe('0 seeders, at least 1');
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
    expect(reasonText({ code: 'size-max' })).not.toContain('{');
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
