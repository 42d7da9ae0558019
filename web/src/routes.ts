/** Page name to its lazy module. A page that only administrators may see says so here. */
import type { Component } from 'svelte';

export interface Route {
  load: () => Promise<{ default: Component }>;
  admin?: boolean;
}

export const ROUTES: Record<string, Route> = {
  home: { load: () => import('./pages/Home.svelte') },
  login: { load: () => import('./pages/Login.svelte') },
  setup: { load: () => import('./pages/Setup.svelte') },
  authors: { load: () => import('./pages/Authors.svelte') },
  author: { load: () => import('./pages/AuthorPage.svelte') },
  books: { load: () => import('./pages/Books.svelte') },
  book: { load: () => import('./pages/BookPage.svelte') },
  wanted: { load: () => import('./pages/Wanted.svelte') },
  queue: { load: () => import('./pages/Queue.svelte') },
  history: { load: () => import('./pages/History.svelte') },
  blocklist: { load: () => import('./pages/Blocklist.svelte') },
  health: { load: () => import('./pages/Health.svelte') },
  settings: { load: () => import('./pages/Settings.svelte') },
  notFound: { load: () => import('./pages/NotFound.svelte') },
};
