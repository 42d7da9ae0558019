/** The list paths of the pages, made from the place's query: the page and the prefetch agree. */
import { queryText } from './router';

export interface PageQuery {
  limit: number;
  offset?: number;
  cursor?: string;
}
export const PAGE = 100;
const FIRST: PageQuery = { limit: PAGE };

export function authorsPath(q: URLSearchParams, page: PageQuery = FIRST): string {
  return `/author${queryText({ search: q.get('q'), sort: q.get('sort') ?? 'az', monitored: q.get('monitored'), ...page })}`;
}

export function booksPath(q: URLSearchParams, page: PageQuery = FIRST): string {
  return `/book${queryText({
    search: q.get('q'),
    status: q.get('status'),
    mediaType: q.get('mediaType'),
    sort: q.get('sort') ?? 'title-az',
    ...page,
  })}`;
}

export function wantedPath(q: URLSearchParams, page: PageQuery = FIRST): string {
  return `/wanted/missing${queryText({ envelope: 1, search: q.get('q'), ...page })}`;
}

export function historyPath(q: URLSearchParams, page: PageQuery = FIRST): string {
  return `/history${queryText({ eventType: q.get('type'), ...page })}`;
}
