/** Which rows of a list of equal heights are on screen. Pure; the component measures. */
export interface Window {
  start: number;
  end: number;
  before: number;
  after: number;
}

export function windowOf(
  count: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
  overscan = 8,
): Window {
  if (count <= 0 || rowHeight <= 0) return { start: 0, end: 0, before: 0, after: 0 };
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const start = Math.max(0, Math.min(count, first - overscan));
  const shown = Math.ceil(Math.max(0, viewHeight) / rowHeight) + 1;
  const end = Math.max(start, Math.min(count, first + shown + overscan));
  return { start, end, before: start * rowHeight, after: (count - end) * rowHeight };
}
