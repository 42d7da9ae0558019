/** Preferences of this browser: one key, checked on read, never trusted (private mode, old shapes). */
export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

export interface Prefs {
  theme: Theme;
  density: Density;
  language: string;
  pageSize: number;
  booksView: 'covers' | 'rows';
}

export const PREFS_KEY = 'bindery.ui.v1';
export const DEFAULTS: Prefs = {
  theme: 'system',
  density: 'comfortable',
  language: 'system',
  pageSize: 50,
  booksView: 'covers',
};

const oneOf = <T>(value: unknown, allowed: readonly T[], otherwise: T): T =>
  allowed.includes(value as T) ? (value as T) : otherwise;

export function readPrefs(text: string | null): Prefs {
  let raw: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (parsed && typeof parsed === 'object') raw = parsed as Record<string, unknown>;
  } catch {
    // A damaged value is the same as none.
  }
  return {
    theme: oneOf(raw['theme'], ['system', 'light', 'dark'] as const, DEFAULTS.theme),
    density: oneOf(raw['density'], ['comfortable', 'compact'] as const, DEFAULTS.density),
    language: typeof raw['language'] === 'string' ? raw['language'] : DEFAULTS.language,
    pageSize: oneOf(raw['pageSize'], [25, 50, 100, 250], DEFAULTS.pageSize),
    booksView: oneOf(raw['booksView'], ['covers', 'rows'] as const, DEFAULTS.booksView),
  };
}
