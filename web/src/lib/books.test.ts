import { expect, it } from 'vitest';
import { filesOf, markOf } from './books';

const today = new Date('2026-03-01T00:00:00Z');
it.each([
  [{ status: 'imported', monitored: true }, 'shelf'],
  [{ status: 'downloading', monitored: true }, 'way'],
  [{ status: 'wanted', monitored: true }, 'wanted'],
  [{ status: 'wanted', monitored: false }, 'notMonitored'],
  [{ status: 'wanted', monitored: true, releaseDate: '2026-04-01T00:00:00Z' }, 'upcoming'],
  [{ status: 'wanted', monitored: true, releaseDate: '2026-03-01T00:00:00Z' }, 'wanted'],
  [{ status: 'imported', monitored: true, excluded: true }, 'excluded'],
  [{ status: 'skipped', monitored: false }, 'skipped'],
])('%j is %s', (book, mark) => expect(markOf(book, today)).toBe(mark));

it('groups files by format and knows older answers', () => {
  const book = { ebookFilePath: '' };
  expect(filesOf({ ...book, ebookFilePath: '/a.epub' })).toEqual([
    { format: 'ebook', files: [{ format: 'ebook', path: '/a.epub', sizeBytes: 0 }] },
  ]);
  const rows = [
    { format: 'audiobook' as const, path: '/b', sizeBytes: 2 },
    { format: 'ebook' as const, path: '/a', sizeBytes: 1 },
  ];
  expect(filesOf({ ...book, bookFiles: rows }).map((g) => g.format)).toEqual(['ebook', 'audiobook']);
  expect(filesOf(book)).toEqual([]);
});
