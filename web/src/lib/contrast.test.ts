import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../app.css', import.meta.url), 'utf8');

function block(selector: string): Record<string, [number, number, number]> {
  const start = css.indexOf(`${selector} {`);
  const text = css.slice(start, css.indexOf('}', start));
  const found: Record<string, [number, number, number]> = {};
  for (const m of text.matchAll(/--([\w-]+):\s*oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/g)) {
    found[m[1] ?? ''] = [Number(m[2]), Number(m[3]), Number(m[4])];
  }
  return found;
}

/** Relative luminance (WCAG) of an OKLCH colour; channels are cut to the sRGB gamut. */
function luminance([l, c, h]: [number, number, number]): number {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const L = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const M = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const S = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (x: number) => Math.min(1, Math.max(0, x));
  const r = cut(4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S);
  const g = cut(-1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S);
  const bl = cut(-0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S);
  return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
}

function contrast(a: [number, number, number], b: [number, number, number]): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

const SURFACES = ['paper', 'raised', 'sunken'];
const TEXTS = ['ink', 'ink-2', 'accent', 'ok', 'way', 'warn', 'bad'];

describe.each([
  ['light', ':root'],
  ['dark', ":root[data-theme='dark']"],
])('contrast in %s', (_name, selector) => {
  const tokens = block(selector);
  const ratio = (a: string, b: string) => {
    const [x, y] = [tokens[a], tokens[b]];
    if (!x || !y) throw new Error(`no token ${a} or ${b}`);
    return contrast(x, y);
  };
  const pairs = SURFACES.flatMap((s) => TEXTS.map((t) => [t, s] as const));
  it.each(pairs)('%s on %s can be read', (t, s) => expect(ratio(t, s)).toBeGreaterThanOrEqual(4.5));
  it.each(['ok', 'way', 'warn', 'bad', 'accent'])('%s on its soft colour can be read', (t) => {
    expect(ratio(t, `${t}-soft`)).toBeGreaterThanOrEqual(4.5);
    expect(ratio('ink', `${t}-soft`)).toBeGreaterThanOrEqual(4.5);
  });
  it('ink on the accent can be read', () => expect(ratio('accent-ink', 'accent')).toBeGreaterThanOrEqual(4.5));
  it.each(SURFACES)('edges of controls and focus show on %s', (s) => {
    expect(ratio('edge', s)).toBeGreaterThanOrEqual(3);
    expect(ratio('accent', s)).toBeGreaterThanOrEqual(3);
  });
});
