/** The live client on the browser's own socket, clock and network, and the REST twins of topics. */
import { ApiError, type Api } from './api';
import { LiveClient, PROTOCOL } from './live';
import type { Row, SnapData } from './live-topic';

interface Listed {
  items?: Row[];
  staleClients?: unknown[];
}

/** Topic to the path of its REST twin; topics not named here look for themselves. */
export function twinOf(topic: string): string | null {
  const [kind, id] = topic.split(':');
  if (kind === 'book' || kind === 'author') return `/${kind}/${id ?? ''}`;
  switch (topic) {
    case 'queue':
      return '/queue';
    case 'jobs':
      return '/jobs';
    case 'health':
      return '/system/health';
    case 'attention':
      return '/system/attention';
    case 'counters':
      return '/system/counters';
    default:
      return null;
  }
}

/** The answer of a twin in the shape of a snapshot. */
export function snapOf(body: unknown): SnapData {
  if (Array.isArray(body)) return { rows: body as Row[] };
  const object = (body ?? {}) as Listed & Record<string, unknown>;
  if (Array.isArray(object['rows'])) return { rows: object['rows'] as Row[] };
  if (Array.isArray(object.items)) {
    return { rows: object.items, meta: { staleClients: object.staleClients ?? [] } };
  }
  return { rows: [{ id: 0, ...object }] };
}

export function live(base: string, api: Api, authEnded: () => void): LiveClient {
  const last = new Map<string, unknown>();
  const without = new Set<string>();
  const client = new LiveClient({
    open() {
      const url = new URL(`${base}/api/v1/live`, location.href);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      return new WebSocket(url, PROTOCOL) as unknown as ReturnType<
        ConstructorParameters<typeof LiveClient>[0]['open']
      >;
    },
    async poll(topic) {
      const path = twinOf(topic);
      if (!path || without.has(topic)) return null;
      let body: unknown;
      try {
        body = await api.get(path);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status === 0) throw error;
        // This one is not given; the others are still asked.
        if (error.status === 404 || error.status === 403) without.add(topic);
        return null;
      }
      if (last.get(topic) === body) return 'unchanged';
      last.set(topic, body);
      return snapOf(body);
    },
    random: Math.random,
    visible: () => document.visibilityState === 'visible',
    authEnded,
  });
  addEventListener('online', () => client.wake());
  document.addEventListener('visibilitychange', () => client.visibility());
  return client;
}
