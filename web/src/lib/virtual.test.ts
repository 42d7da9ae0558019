import { expect, it } from 'vitest';
import { windowOf } from './virtual';

it('shows a window and keeps the height of the whole list', () => {
  for (const top of [0, 37, 5_000, 1e9, -50]) {
    const w = windowOf(5_000, 40, top, 800);
    expect(w.before + (w.end - w.start) * 40 + w.after).toBe(200_000);
    expect(w.end - w.start).toBeLessThanOrEqual(38);
  }
});

it('covers the view', () => {
  const w = windowOf(5_000, 40, 4_010, 800, 0);
  expect(w.start * 40).toBeLessThanOrEqual(4_010);
  expect(w.end * 40).toBeGreaterThanOrEqual(4_810);
});

it('is empty without rows', () => {
  expect(windowOf(0, 40, 0, 800)).toEqual({ start: 0, end: 0, before: 0, after: 0 });
});
