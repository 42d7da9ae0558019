/**
 * The one way to the REST API: CSRF, sign-in again in place, errors with codes, repeat-safe
 * mutations, and the last answer of every GET kept with its ETag (ui.md 5.2).
 */
import { parseLiveSeq, type Cursor } from './live-topic';
import type { Params } from './wire';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly params: Params = {},
    readonly field = '',
    readonly requestId = '',
    readonly retryAfter = 0,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export interface ApiEnv {
  fetch: typeof fetch;
  /** `<base>/api/v1` */
  root: string;
  csrfCookie(): string;
  /** Shows the sign-in dialog; true when the person is signed in again. */
  signIn(): Promise<boolean>;
  newKey(): string;
  /** What the answer of a mutation says about a live topic. */
  answered(topic: string, row: unknown, at: Cursor | null): void;
}

export interface SendOptions {
  signal?: AbortSignal;
  /** The answer is a row of this live topic. */
  topic?: string;
}

interface Kept {
  etag: string;
  data: unknown;
}

const OWN_401 = new Set(['invalid_credentials', 'password_incorrect']);
const MAX_KEPT = 200;

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text();
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { error: text };
  }
}

export function problem(status: number, headers: Headers, body: unknown): ApiError {
  const b = (body && typeof body === 'object' ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof b[key] === 'string' ? b[key] : '');
  return new ApiError(
    status,
    text('code') || (status === 401 ? 'unauthorized' : status === 404 ? 'not_found' : ''),
    text('error') || text('message') || text('detail') || `HTTP ${status}`,
    (b['params'] as Params | undefined) ?? {},
    text('field'),
    text('requestId') || (headers.get('X-Request-Id') ?? ''),
    Number(headers.get('Retry-After')) || 0,
    b,
  );
}

export function makeApi(env: ApiEnv) {
  const kept = new Map<string, Kept>();
  const flying = new Map<string, Promise<unknown>>();
  const warm = new Map<string, Promise<unknown>>();
  let token = '';

  async function call(path: string, init: RequestInit): Promise<Response> {
    try {
      return await env.fetch(`${env.root}${path}`, { credentials: 'same-origin', ...init });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, 'network', 'network');
    }
  }

  async function csrf(again: boolean): Promise<string> {
    if (again) token = '';
    token ||= again ? '' : env.csrfCookie();
    if (!token) {
      const response = await call('/auth/csrf', { headers: { 'X-Requested-With': 'bindery-ui' } });
      const body = (await bodyOf(response)) as { csrfToken?: string } | undefined;
      token = body?.csrfToken || env.csrfCookie();
    }
    return token;
  }

  function keep(path: string, response: Response, data: unknown): void {
    kept.delete(path);
    kept.set(path, { etag: response.headers.get('ETag') ?? '', data });
    const oldest = kept.size > MAX_KEPT ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
  }

  async function load(path: string, signal?: AbortSignal, replay = true): Promise<unknown> {
    const headers: Record<string, string> = { 'X-Requested-With': 'bindery-ui' };
    const known = kept.get(path);
    if (known?.etag) headers['If-None-Match'] = known.etag;
    const response = await call(path, signal ? { headers, signal } : { headers });
    if (response.status === 304 && known) return known.data;
    const body = await bodyOf(response);
    if (response.ok) {
      keep(path, response, body);
      return body;
    }
    const error = problem(response.status, response.headers, body);
    if (response.status === 401 && replay && !path.startsWith('/auth/status') && (await env.signIn())) {
      return load(path, signal, false);
    }
    throw error;
  }

  async function send(method: string, path: string, json: unknown, options: SendOptions): Promise<unknown> {
    const key = env.newKey();
    let again = false;
    let replayed = false;
    for (;;) {
      const headers: Record<string, string> = {
        'X-Requested-With': 'bindery-ui',
        'X-CSRF-Token': await csrf(again),
        'Idempotency-Key': key,
      };
      const init: RequestInit = { method, headers };
      if (options.signal) init.signal = options.signal;
      if (json !== undefined) {
        headers['Content-Type'] = 'application/json';
        init.body = JSON.stringify(json);
      }
      const response = await call(path, init);
      const body = await bodyOf(response);
      if (response.ok) {
        if (options.topic && body) {
          const at = parseLiveSeq(response.headers.get('X-Live-Seq'))[options.topic] ?? null;
          env.answered(options.topic, body, at);
        }
        return body;
      }
      const error = problem(response.status, response.headers, body);
      if (response.status === 403 && !again && (error.code === 'csrf' || /csrf/i.test(error.message))) {
        again = true;
        continue;
      }
      const signedOut = response.status === 401 && !OWN_401.has(error.code) && !/^\/auth\/(login|setup)/.test(path);
      if (signedOut && !replayed && (await env.signIn())) {
        replayed = true;
        again = true;
        continue;
      }
      throw error;
    }
  }

  return {
    /** The last answer, when there is one: painted at once, then corrected. */
    peek<T>(path: string): T | undefined {
      return kept.get(path)?.data as T | undefined;
    },
    /** Asks ahead for what a page will ask first; the first `get` of it takes the answer. */
    prefetch(path: string): void {
      const promise = load(path);
      warm.set(path, promise);
      promise.catch(() => warm.delete(path));
    },
    get<T>(path: string): Promise<T> {
      const ahead = warm.get(path);
      if (ahead) {
        warm.delete(path);
        return ahead as Promise<T>;
      }
      const running = flying.get(path);
      if (running) return running as Promise<T>;
      const promise = load(path).finally(() => flying.delete(path));
      flying.set(path, promise);
      return promise as Promise<T>;
    },
    post: <T>(path: string, json?: unknown, options: SendOptions = {}) =>
      send('POST', path, json, options) as Promise<T>,
    put: <T>(path: string, json?: unknown, options: SendOptions = {}) =>
      send('PUT', path, json, options) as Promise<T>,
    patch: <T>(path: string, json?: unknown, options: SendOptions = {}) =>
      send('PATCH', path, json, options) as Promise<T>,
    del: <T>(path: string, json?: unknown, options: SendOptions = {}) =>
      send('DELETE', path, json, options) as Promise<T>,
    /** After signing in or out: the old token and other people's answers are worth nothing. */
    forget(all = true): void {
      token = '';
      if (all) kept.clear();
    },
  };
}

export type Api = ReturnType<typeof makeApi>;
