/** Runes around the API and the live client: what pages use. */
import { untrack } from 'svelte';
import { ApiError } from './api';
import type { Status } from './live';
import { EMPTY, type FeedEvent, type TopicState } from './live-topic';
import { api, client } from './session.svelte';

/** One GET, painted from memory first. Must be called while a component is set up. */
export function resource<T>(path: () => string | null) {
  let data = $state.raw<T | undefined>(undefined);
  let error = $state.raw<ApiError | null>(null);
  let loading = $state(true);
  let round = $state(0);
  let shown: string | null = null;

  $effect(() => {
    const wanted = path();
    void round;
    if (wanted === null) return;
    let current = true;
    untrack(() => {
      if (wanted !== shown) {
        data = api.peek<T>(wanted);
        error = null;
      }
      shown = wanted;
      loading = data === undefined;
    });
    api.get<T>(wanted).then(
      (next) => {
        if (!current) return;
        data = next;
        error = null;
        loading = false;
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
    get data() {
      return data;
    },
    set data(next: T | undefined) {
      data = next;
    },
    get error() {
      return error;
    },
    get loading() {
      return loading;
    },
    reload() {
      round += 1;
    },
  };
}

/** The rows of a live state topic. */
export function liveRows<R>(topic: () => string | null) {
  let state = $state.raw<TopicState>(EMPTY);
  $effect(() => {
    const name = topic();
    state = EMPTY;
    if (!name) return;
    return client.subscribe(name, { state: (next) => (state = next) });
  });
  return {
    get rows() {
      return state.rows as unknown as readonly R[];
    },
    get meta() {
      return state.meta;
    },
    get fresh() {
      return state.fresh;
    },
    /** A first whole state was seen. */
    get ready() {
      return state.fresh || state.cursor !== null || state.rows.length > 0;
    },
  };
}

/** Runs `again` when one of the keys changed, at most once per `quiet` milliseconds. */
export function onChange(topic: string, wanted: (keys: string[]) => boolean, again: () => void, quiet = 400): void {
  $effect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (keys: string[]) => {
      if (timer !== undefined || !(keys.includes('*') || wanted(keys))) return;
      timer = setTimeout(() => {
        timer = undefined;
        again();
      }, quiet);
    };
    const off = client.subscribe(topic, { refetch: soon, event: () => soon(['*']) });
    return () => {
      clearTimeout(timer);
      off();
    };
  });
}

/** The items of a feed. */
export function onFeed(topic: () => string | null, event: (item: FeedEvent) => void, refetch: () => void): void {
  $effect(() => {
    const name = topic();
    if (!name) return;
    return client.subscribe(name, { event, refetch });
  });
}

class LiveStatus {
  status: Status = $state('connecting');
  constructor() {
    client.watch(() => (this.status = client.status));
  }
}
export const liveStatus = new LiveStatus();
