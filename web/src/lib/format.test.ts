import { describe, expect, it } from 'vitest';
import { bytes, calendarDate, percent, relative, span, speed } from './format';

describe('sizes', () => {
  it.each([
    [0, '–'],
    [null, '–'],
    [512, '512 B'],
    [2048, '2 KB'],
    [1_572_864, '1.5 MB'],
    [734_003_200, '700 MB'],
    [5_368_709_120, '5.0 GB'],
  ])('%s is %s', (value, text) => expect(bytes(value)).toBe(text));
  it('has no speed when nothing moves', () => {
    expect(speed(0)).toBe('');
    expect(speed(5_242_880)).toBe('5.0 MB/s');
  });
});

describe('percent', () => {
  it('never shows 100 before the end', () => {
    expect(percent(99.97)).toBe('99 %');
    expect(percent(4.25)).toBe('4.2 %');
    expect(percent(100)).toBe('100 %');
    expect(percent(null)).toBe('');
  });
});

describe('spans', () => {
  it.each([
    [5, '5 s'],
    [190, '3 m 10 s'],
    [1900, '31 m'],
    [3840, '1 h 4 m'],
    [400_000, '4 d'],
  ])('%s is %s', (value, text) => expect(span(value)).toBe(text));
});

describe('dates', () => {
  it('keeps a calendar date in every time zone', () => {
    expect(calendarDate('2026-06-30T00:00:00Z')).toBe('Jun 30, 2026');
    expect(calendarDate('1999-01-01T00:00:00Z', 'year')).toBe('1999');
    expect(calendarDate('0001-01-01T00:00:00Z')).toBe('');
  });
  it('says how long ago', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    expect(relative('2026-03-01T10:00:00Z', now)).toBe('2 hours ago');
    expect(relative('2026-03-01T11:59:50Z', now)).toBe('now');
    expect(relative('nonsense', now)).toBe('');
  });
});
