import { describe, expect, it } from 'vitest';
import { ApiError } from './api';
import { clientFailure, clientOutcome, indexerOutcome, loopbackHint } from './reports';

describe('indexer test', () => {
  it.each([
    [{ ok: true, searchResults: 12, latencyMs: 40 }, 'newznab', 'ok'],
    [{ ok: true, searchResults: 0, latencyMs: 40 }, 'newznab', 'warn'],
    [{ ok: true, latencyMs: 40 }, 'opds', 'ok'],
    [{ ok: true, searchResults: 0, searchError: 'HTTP 500' }, 'torznab', 'warn'],
    [{ ok: false, error: '<html>Bad gateway</html>' }, 'torznab', 'bad'],
  ])('%j (%s) is %s', (report, type, tone) => expect(indexerOutcome(report, type).tone).toBe(tone));
  it('says a code as a sentence and never shows markup', () => {
    expect(indexerOutcome({ ok: false, code: 'unauthorized' }, 'newznab').lines[0]).toContain('refuses the key');
    expect(indexerOutcome({ ok: false, error: '<b>no</b>' }, 'newznab').lines[0]).not.toContain('<');
  });
});

describe('client test', () => {
  it('shows the connection and the folder apart', () => {
    const seen = clientOutcome({ message: '', version: '5.0', pathVisibility: { status: 'warning', path: '/dl', message: '' } });
    expect(seen.tone).toBe('warn');
    expect(seen.lines).toHaveLength(2);
    expect(seen.lines[1]).toContain('/dl');
    expect(clientOutcome({ message: 'Connection verified' })).toEqual({ tone: 'ok', lines: ['Connected.'] });
  });
  it('says why there is no connection', () => {
    const refused = new ApiError(502, 'client_failed', 'x', { reason: 'unauthorized', name: 'q' });
    expect(clientFailure(refused, 'nas').lines).toEqual(['No connection: It refuses the key or password']);
    const wrong = new ApiError(502, 'client_failed', 'x', { reason: 'client_path_wrong', status: 404 });
    expect(clientFailure(wrong, 'nas').lines[0]).toContain('check port and path');
    expect(clientFailure(new Error('broken'), 'localhost').lines).toHaveLength(2);
  });
  it('explains loopback', () => {
    expect(loopbackHint('localhost')).not.toBe('');
    expect(loopbackHint('qbittorrent')).toBe('');
  });
});
