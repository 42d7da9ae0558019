/** Patterns to paths and back. Pure; App.svelte holds the current place. */
export interface Place {
  name: string;
  params: Record<string, string>;
  query: URLSearchParams;
  path: string;
}

export type Routes = Record<string, string>;

function compile(pattern: string): { test: RegExp; names: string[] } {
  const names: string[] = [];
  const source = pattern.replace(/:(\w+)/g, (_all, name: string) => {
    names.push(name);
    return '([^/]+)';
  });
  return { test: new RegExp(`^${source}/?$`), names };
}

export function makeMatcher(routes: Routes): (path: string, search?: string) => Place {
  const compiled = Object.entries(routes).map(([name, pattern]) => ({ name, ...compile(pattern) }));
  return (path, search = '') => {
    const query = new URLSearchParams(search);
    for (const route of compiled) {
      const found = route.test.exec(path);
      if (!found) continue;
      const params: Record<string, string> = {};
      let bad = false;
      route.names.forEach((name, i) => {
        try {
          params[name] = decodeURIComponent(found[i + 1] ?? '');
        } catch {
          bad = true;
        }
      });
      if (!bad) return { name: route.name, params, query, path };
    }
    return { name: 'notFound', params: {}, query, path };
  };
}

/** The part before the app's own paths, without the last slash: '' or '/bindery'. */
export function basePath(baseURI: string): string {
  return new URL(baseURI).pathname.replace(/\/+$/, '');
}

/** The app's own path of a full pathname, or null when it lies outside the base. */
export function inside(base: string, pathname: string): string | null {
  if (pathname === base) return '/';
  if (!pathname.startsWith(`${base}/`)) return null;
  return pathname.slice(base.length);
}

/** A query text with empty values left out, keys in the order given. */
export function queryText(values: Record<string, string | number | boolean | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== '' && value != null && value !== false) query.set(key, String(value));
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
