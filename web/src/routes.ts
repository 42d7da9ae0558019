/** Page name to its lazy module and its first request. */
import type { Component } from 'svelte';
import { authorsPath, booksPath, historyPath, wantedPath } from './lib/lists';
import type { Place } from './lib/router';

export interface Route {
  load: () => Promise<{ default: Component }>;
  /** What the page asks first: fetched while its module is on the way. */
  data?: (place: Place) => string;
}

export const ROUTES: Record<string, Route> = {
  home: { load: () => import('./pages/Home.svelte') },
  login: { load: () => import('./pages/Login.svelte') },
  setup: { load: () => import('./pages/Setup.svelte') },
  authors: { load: () => import('./pages/Authors.svelte'), data: (p) => authorsPath(p.query) },
  author: { load: () => import('./pages/AuthorPage.svelte'), data: (p) => `/author/${p.params['id'] ?? ''}` },
  books: { load: () => import('./pages/Books.svelte'), data: (p) => booksPath(p.query) },
  book: { load: () => import('./pages/BookPage.svelte'), data: (p) => `/book/${p.params['id'] ?? ''}` },
  wanted: { load: () => import('./pages/Wanted.svelte'), data: (p) => wantedPath(p.query) },
  queue: { load: () => import('./pages/Queue.svelte'), data: () => '/queue' },
  history: { load: () => import('./pages/History.svelte'), data: (p) => historyPath(p.query) },
  blocklist: { load: () => import('./pages/Blocklist.svelte') },
  health: { load: () => import('./pages/Health.svelte') },
  settings: { load: () => import('./pages/Settings.svelte') },
  notFound: { load: () => import('./pages/NotFound.svelte') },
};
