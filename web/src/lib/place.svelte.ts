/** Where the person is: the current place, moving on, and the scroll position of each entry. */
import { basePath, inside, makeMatcher, type Place } from './router';

export const base = basePath(document.baseURI);

const match = makeMatcher({
  home: '/',
  login: '/login',
  setup: '/setup',
  authors: '/authors',
  author: '/author/:id',
  books: '/books',
  book: '/book/:id',
  wanted: '/wanted',
  queue: '/queue',
  history: '/history',
  blocklist: '/blocklist',
  health: '/health',
  settingsHome: '/settings',
  settings: '/settings/:tab',
});

function current(): Place {
  return match(inside(base, location.pathname) ?? '/', location.search);
}

class Here {
  place: Place = $state.raw(current());
}
export const here = new Here();

/** The address of one of our paths, under the base. */
export function to(path: string): string {
  return base + path;
}

const scrolls = new Map<string, number>();
let entry = 0;

function remember(): void {
  scrolls.set(String(entry), scrollY);
}

export function go(path: string, options: { replace?: boolean; keepScroll?: boolean } = {}): void {
  remember();
  if (!options.replace) entry += 1;
  const state = { entry };
  if (options.replace) history.replaceState(state, '', to(path));
  else history.pushState(state, '', to(path));
  here.place = current();
  if (!options.keepScroll) scrollTo(0, 0);
}

/** Changes the query only: same page, same scroll, no entry in the history. */
export function setQuery(text: string): void {
  go(here.place.path + text, { replace: true, keepScroll: true });
}

export function startRouting(): void {
  history.scrollRestoration = 'manual';
  history.replaceState({ entry }, '');
  addEventListener('popstate', (event) => {
    remember();
    entry = (event.state as { entry?: number } | null)?.entry ?? 0;
    here.place = current();
    const top = scrolls.get(String(entry)) ?? 0;
    // The page may still load its rows: try again while it grows.
    let tries = 0;
    const restore = () => {
      scrollTo(0, top);
      tries += 1;
      if (tries < 20 && Math.abs(scrollY - top) > 2) setTimeout(restore, 50);
    };
    requestAnimationFrame(restore);
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element | null)?.closest('a');
    if (!anchor || anchor.target || anchor.hasAttribute('download')) return;
    const url = new URL(anchor.href, document.baseURI);
    if (url.origin !== location.origin) return;
    const path = inside(base, url.pathname);
    if (path === null || path.startsWith('/api/') || path.startsWith('/opds')) return;
    event.preventDefault();
    if (url.hash && path === here.place.path) {
      document.querySelector<HTMLElement>(url.hash)?.focus();
      return;
    }
    go(path + url.search);
  });
}
