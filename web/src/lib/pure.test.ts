import { describe, expect, it } from 'vitest';
import {
  coverHue,
  errorSummary,
  importDerived,
  isNewer,
  looksLikeTitle,
  mediaTypeOf,
  protocolGaps,
  safeLink,
  safeNext,
  sourceLink,
  sparse,
} from './pure';

const on = (type: string) => ({ type, enabled: true });
const off = (type: string) => ({ type, enabled: false });

describe('protocol gaps (A.1)', () => {
  it.each([
    [[on('torznab')], [on('sabnzbd')], ['torrent']],
    [[on('newznab')], [on('qbittorrent')], ['usenet']],
    [[on('newznab'), on('torznab')], [on('sabnzbd'), on('deluge')], []],
    [[on('torznab')], [off('qbittorrent')], ['torrent']],
    [[off('torznab')], [], []],
    [[], [], []],
    [[on('opds')], [], []],
  ])('%j with %j lacks %j', (indexers, clients, gaps) => {
    expect(protocolGaps(indexers, clients)).toEqual(gaps);
  });
});

describe('safe link (A.2)', () => {
  it.each(['https://a.example/x', 'HTTP://a.example'])('keeps %s', (link) => {
    expect(safeLink(link)).toBe(link);
  });
  it.each(['javascript:alert(1)', 'data:x', 'vbscript:x', 'file:///x', 'ftp://x', '//host', 'a/b', '', null])(
    'drops %s',
    (link) => expect(safeLink(link)).toBe(''),
  );
});

describe('newer release (A.3)', () => {
  it.each([
    ['1.28.0', '1.28.1', true],
    ['1.9.0', '1.10.0', true],
    ['1.10.0', '1.9.0', false],
    ['v1.28.0', '1.30.0', true],
    ['sha-9ecd99e', '1.30.0', false],
    ['1.28.0', '', false],
    ['1.28.0', 'sha-1', false],
    ['1.28.0', '1.28.0', false],
  ])('%s -> %s: %s', (current, latest, newer) => expect(isNewer(current, latest)).toBe(newer));
});

describe('error summary (A.4)', () => {
  it('strips tags and blanks', () => {
    expect(errorSummary(' <b>Bad</b>\n\n gateway ')).toBe('Bad gateway');
  });
  it('cuts at 200', () => {
    expect(errorSummary('x'.repeat(300))).toBe(`${'x'.repeat(200)}…`);
    expect(errorSummary('x'.repeat(200))).toHaveLength(200);
  });
});

describe('source link (A.5)', () => {
  it.each([
    ['OL26320A', 'author', 'https://openlibrary.org/authors/OL26320A'],
    ['OL1W', 'book', 'https://openlibrary.org/works/OL1W'],
    ['OL1M', 'book', 'https://openlibrary.org/books/OL1M'],
    ['gb:abc', 'book', 'https://books.google.com/books?id=abc'],
    ['gb:abc', 'author', ''],
    ['hc:1', 'book', ''],
    ['dnb:1', 'author', ''],
    ['abs:1', 'book', ''],
    ['OL123', 'book', ''],
    ['gb:', 'book', ''],
    ['', 'author', ''],
  ] as const)('%s as %s', (id, kind, link) => expect(sourceLink(id, kind)).toBe(link));
});

describe('title guard (A.6)', () => {
  const books = [{ title: 'The Left & Right', author: { foreignAuthorId: 'OL2A', authorName: 'Ann Bo' } }];
  const row = { foreignAuthorId: 'OL9A', authorName: 'The left and right', topWork: 'Ann Bo' };
  it('hides a book title in the author list', () => {
    expect(looksLikeTitle('the LEFT and right', row, books)).toBe(true);
  });
  it('keeps it when ids are missing, equal, or the top work differs', () => {
    expect(looksLikeTitle('the left and right', { ...row, foreignAuthorId: '' }, books)).toBe(false);
    expect(looksLikeTitle('the left and right', { ...row, foreignAuthorId: 'OL2A' }, books)).toBe(false);
    expect(looksLikeTitle('the left and right', { ...row, topWork: 'Else' }, books)).toBe(false);
    expect(looksLikeTitle('', row, books)).toBe(false);
  });
});

describe('others', () => {
  it('gives every text one of the hues, always the same (A.8)', () => {
    expect(coverHue('')).toBe(0x811c9dc5 % 12);
    expect(coverHue('a')).toBe(0xe40c292c % 12);
    expect(new Set([...'abcdefghijklmnopqrstuvwxyz'].map((c) => coverHue(c))).size).toBeGreaterThan(6);
  });
  it('knows import-derived and sparse authors (A.9)', () => {
    expect(importDerived({ foreignAuthorId: '' })).toBe(true);
    expect(importDerived({ foreignAuthorId: 'abs:1' })).toBe(true);
    expect(importDerived({ foreignAuthorId: 'OL1A', metadataProvider: 'calibre' })).toBe(true);
    expect(importDerived({ foreignAuthorId: 'OL1A' })).toBe(false);
    const bare = { id: 1, foreignAuthorId: 'x', authorName: 'x', monitored: true };
    expect(sparse(bare)).toBe(true);
    expect(sparse({ ...bare, description: 'd' })).toBe(false);
  });
  it.each([
    ['A Book [M4B]', 'audiobook'],
    ['A.Book.EPUB-x', 'ebook'],
    ['Mp3tag guide', null],
    ['A Book', null],
  ])('guesses the media type of %s (A.10)', (title, type) => expect(mediaTypeOf(title)).toBe(type));
  it.each([
    ['/book/3?x=1', '/book/3?x=1'],
    ['//evil.example', '/'],
    ['https://evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/login?next=/x', '/'],
    [null, '/'],
  ])('takes %s as next only when it stays here', (next, target) => expect(safeNext(next)).toBe(target));
});
