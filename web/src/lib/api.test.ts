import { describe, expect, it, vi } from 'vitest';
import { ApiError, makeApi, type ApiEnv } from './api';

interface Call {
  path: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const empty = status === 204 || status === 304;
  return new Response(empty ? null : JSON.stringify(body), { status, headers });
}

function world(answer: (call: Call, n: number) => Response, over: Partial<ApiEnv> = {}) {
  const calls: Call[] = [];
  const env: ApiEnv = {
    fetch: (url, init) => {
      const call = {
        path: String(url as string).replace('/b/api/v1', ''),
        method: init?.method ?? 'GET',
        headers: (init?.headers ?? {}) as Record<string, string>,
        body: typeof init?.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined,
      };
      calls.push(call);
      return Promise.resolve(answer(call, calls.length));
    },
    root: '/b/api/v1',
    csrfCookie: () => 'from-cookie',
    signIn: vi.fn(() => Promise.resolve(true)),
    newKey: (() => {
      let n = 0;
      return () => `key-${++n}`;
    })(),
    answered: vi.fn(),
    ...over,
  };
  return { api: makeApi(env), calls, env };
}

describe('reading', () => {
  it('sends the marker but no CSRF token, and remembers the answer', async () => {
    const w = world((_c, n) => (n === 1 ? json(200, { a: 1 }, { ETag: '"x"' }) : json(304, null)));
    expect(await w.api.get('/book/1')).toEqual({ a: 1 });
    expect(w.calls[0]?.headers).toEqual({ 'X-Requested-With': 'bindery-ui' });
    expect(w.api.peek('/book/1')).toEqual({ a: 1 });
    expect(await w.api.get('/book/1')).toEqual({ a: 1 });
    expect(w.calls[1]?.headers['If-None-Match']).toBe('"x"');
  });

  it('asks once for what two parts of a page want', async () => {
    const w = world(() => json(200, []));
    await Promise.all([w.api.get('/indexer'), w.api.get('/indexer')]);
    expect(w.calls).toHaveLength(1);
  });

  it('takes what was asked ahead, once', async () => {
    const w = world((_c, n) => json(200, [n]));
    w.api.prefetch('/queue');
    expect(await w.api.get('/queue')).toEqual([1]);
    expect(await w.api.get('/queue')).toEqual([2]);
  });

  it('signs in and goes on where it was', async () => {
    const w = world((_c, n) => (n === 1 ? json(401, { error: 'unauthorized' }) : json(200, [7])));
    expect(await w.api.get('/queue')).toEqual([7]);
    expect(w.env.signIn).toHaveBeenCalledOnce();
  });

  it('does not ask to sign in when the question is whether one is', async () => {
    const w = world(() => json(401, { error: 'unauthorized' }));
    await expect(w.api.get('/auth/status')).rejects.toMatchObject({ status: 401 });
    expect(w.env.signIn).not.toHaveBeenCalled();
  });
});

describe('errors', () => {
  it.each([
    [{ message: 'm' }, 'm'],
    [{ error: 'e', message: 'm' }, 'e'],
    [{}, 'HTTP 400'],
  ])('reads %j as %s', async (body, text) => {
    const w = world(() => json(400, body));
    await expect(w.api.get('/x')).rejects.toThrow(text);
  });

  it('keeps code, field, values and the request id', async () => {
    const body = { error: 'e', code: 'invalid', field: 'name', params: { max: 3 }, requestId: 'r-1' };
    const w = world(() => json(422, body, { 'Retry-After': '7' }));
    const error = await w.api.post('/x', {}).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'invalid', field: 'name', params: { max: 3 }, requestId: 'r-1', retryAfter: 7 });
  });

  it('says when there is no network', async () => {
    const w = world(() => json(200, {}), { fetch: () => Promise.reject(new TypeError('x')) });
    await expect(w.api.get('/x')).rejects.toMatchObject({ status: 0, code: 'network' });
  });
});

describe('changing', () => {
  it('carries the token of the cookie and a key of its own', async () => {
    const w = world(() => json(200, {}));
    await w.api.post('/x', { a: 1 });
    await w.api.put('/x', { a: 1 });
    expect(w.calls[0]?.headers).toMatchObject({ 'X-CSRF-Token': 'from-cookie', 'Idempotency-Key': 'key-1' });
    expect(w.calls[1]?.headers).toMatchObject({ 'Idempotency-Key': 'key-2' });
  });

  it('asks for a token when there is no cookie', async () => {
    const w = world((c) => (c.path === '/auth/csrf' ? json(200, { csrfToken: 't' }) : json(200, {})), {
      csrfCookie: () => '',
    });
    await w.api.post('/x');
    expect(w.calls.map((c) => c.path)).toEqual(['/auth/csrf', '/x']);
    expect(w.calls[1]?.headers['X-CSRF-Token']).toBe('t');
  });

  it('gets a new token once after 403 and repeats with the same key', async () => {
    const w = world((c, n) => {
      if (c.path === '/auth/csrf') return json(200, { csrfToken: 'new' });
      return n === 1 ? json(403, { error: 'invalid or missing CSRF token' }) : json(200, { ok: true });
    });
    expect(await w.api.post('/x')).toEqual({ ok: true });
    expect(w.calls.map((c) => c.headers['X-CSRF-Token'])).toEqual(['from-cookie', undefined, 'new']);
    expect(w.calls[2]?.headers['Idempotency-Key']).toBe('key-1');
  });

  it('does not ask for ever', async () => {
    const w = world((c) =>
      c.path === '/auth/csrf' ? json(200, { csrfToken: 'n' }) : json(403, { error: 'e', code: 'csrf' }),
    );
    await expect(w.api.post('/x')).rejects.toMatchObject({ status: 403 });
    expect(w.calls.filter((c) => c.path === '/x')).toHaveLength(2);
  });

  it('shows a wrong password instead of taking it for an ended session', async () => {
    const w = world(() => json(401, { error: 'current password incorrect', code: 'password_incorrect' }));
    await expect(w.api.post('/auth/password', {})).rejects.toMatchObject({ code: 'password_incorrect' });
    expect(w.env.signIn).not.toHaveBeenCalled();
  });

  it('hands the answer to the live rows', async () => {
    const w = world(() => json(200, { id: 7 }, { 'X-Live-Seq': 'queue=e:5' }));
    await w.api.post('/queue/7/retry-import', undefined, { topic: 'queue' });
    expect(w.env.answered).toHaveBeenCalledWith('queue', { id: 7 }, { epoch: 'e', seq: 5 });
  });
});
