import { describe, expect, it } from 'vitest';
import { grouped, groupOf, normalRow, stageOf } from './queue';
import type { QueueRow } from './wire';

const row = (id: number, state: string, more: Partial<QueueRow> = {}): QueueRow => ({
  id,
  bookId: id,
  title: `b${id}`,
  state,
  ...more,
});

describe('queue', () => {
  it('puts what needs a person first and keeps places by age', () => {
    const rows = [row(5, 'imported'), row(4, 'downloading'), row(2, 'downloading'), row(9, 'importBlocked'), row(7, 'imported')];
    expect(grouped(rows).map((g) => [g.group, g.rows.map((r) => r.id)])).toEqual([
      ['needs', [9]],
      ['active', [2, 4]],
      ['done', [7, 5]],
    ]);
  });

  it('counts a finished download with a reason as needing a look', () => {
    expect(groupOf(row(1, 'completed'))).toBe('active');
    expect(groupOf(row(1, 'completed', { error: { code: 'path-not-visible' } }))).toBe('needs');
  });

  it('knows how far every state has come', () => {
    expect(['grabbed', 'downloading', 'completed', 'importing', 'imported'].map(stageOf)).toEqual([0, 1, 2, 2, 3]);
  });

  it('reads the row of the REST answer', () => {
    const rest = {
      id: 7,
      bookId: 12,
      title: 'Jane Doe - Sample Book EPUB',
      status: 'downloading',
      percentage: '43.0',
      timeLeft: '1m 30s',
      speed: '2.0 MB/s',
      size: 5,
      errorMessage: '',
      book: { id: 12, title: 'Sample Book', authorId: 3, authorName: 'Jane Doe' },
    };
    expect(normalRow(rest)).toMatchObject({
      state: 'downloading',
      title: 'Sample Book',
      release: 'Jane Doe - Sample Book EPUB',
      percent: 43,
      eta: 90,
      speed: null,
      error: null,
    });
    expect(normalRow({ ...rest, errorMessage: 'gone' }).error).toEqual({ code: '', text: 'gone' });
    const live = { id: 1, bookId: 2, title: 'x', state: 'grabbed' };
    expect(normalRow(live)).toBe(live);
  });
});
