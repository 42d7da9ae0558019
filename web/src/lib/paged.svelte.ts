/** A list that grows as one scrolls: cursors where the server gives them, else offsets. */
import { untrack } from 'svelte';
import { ApiError } from './api';
import { PAGE, type PageQuery } from './lists';
import { api } from './session.svelte';
import type { Id, Paged } from './wire';


export function pagedList<T extends { id: Id }>(path: (page: PageQuery) => string) {
  let items = $state.raw<T[]>([]);
  let total = $state(0);
  let loading = $state(true);
  let error = $state.raw<ApiError | null>(null);
  let cursor: string | null | undefined;
  let round = $state(0);
  let shown = '';
  let busy = false;

  const take = (body: Paged<T> | T[]): Paged<T> =>
    Array.isArray(body) ? { items: body, total: body.length, limit: body.length, offset: 0 } : body;

  $effect(() => {
    const first = path({ limit: PAGE });
    void round;
    let current = true;
    if (first !== shown) {
      const known = api.peek<Paged<T> | T[]>(first);
      items = known ? take(known).items : [];
      total = known ? take(known).total : 0;
      error = null;
    }
    shown = first;
    loading = true;
    const grown = untrack(() => items.length > PAGE);
    api.get<Paged<T> | T[]>(first).then(
      (body) => {
        if (!current) return;
        const page = take(body);
        const fresh = new Map(page.items.map((x) => [x.id, x]));
        // What was scrolled to stays; the first page is corrected in place.
        items = grown && page.total === total ? items.map((x) => fresh.get(x.id) ?? x) : page.items;
        if (items === page.items) cursor = page.nextCursor;
        total = page.total;
        loading = false;
        error = null;
      },
      (reason: unknown) => {
        if (!current) return;
        error = reason instanceof ApiError ? reason : new ApiError(0, 'internal', String(reason));
        loading = false;
      },
    );
    return () => {
      current = false;
    };
  });

  return {
    get items() {
      return items;
    },
    get total() {
      return total;
    },
    get loading() {
      return loading;
    },
    get error() {
      return error;
    },
    reload() {
      round += 1;
    },
    patch(id: Id, change: Partial<T>) {
      items = items.map((x) => (x.id === id ? { ...x, ...change } : x));
    },
    drop(ids: readonly Id[]) {
      const before = items.length;
      items = items.filter((x) => !ids.includes(x.id));
      total -= before - items.length;
    },
    async more() {
      if (busy || loading || items.length >= total || !items.length) return;
      busy = true;
      const at = shown;
      try {
        const next = take(await api.get<Paged<T>>(path(cursor ? { limit: PAGE, cursor } : { limit: PAGE, offset: items.length })));
        if (at !== shown) return;
        const known = new Set(items.map((x) => x.id));
        items = [...items, ...next.items.filter((x) => !known.has(x.id))];
        cursor = next.nextCursor;
        if (!next.items.length) total = items.length;
      } catch {
        // The end is reached again with the next scroll; then it is tried again.
      } finally {
        busy = false;
      }
    },
  };
}
