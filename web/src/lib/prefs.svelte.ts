import { PREFS_KEY, readPrefs, type Prefs } from './prefs';

function load(): Prefs {
  try {
    return readPrefs(localStorage.getItem(PREFS_KEY));
  } catch {
    return readPrefs(null);
  }
}

export const prefs: Prefs = $state(load());

export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  prefs[key] = value;
  try {
    localStorage.setItem(PREFS_KEY, JSON.stringify(prefs));
  } catch {
    // Storage is closed: the choice lasts as long as the page.
  }
  applyTheme();
}

const dark = matchMedia('(prefers-color-scheme: dark)');

export function applyTheme(): void {
  const isDark = prefs.theme === 'dark' || (prefs.theme === 'system' && dark.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  document.documentElement.dataset['density'] = prefs.density;
}
dark.addEventListener('change', applyTheme);
