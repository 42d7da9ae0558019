import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveClient, type LiveEnv, type SocketLike } from './live';
import { applyDelta, applySnap, EMPTY, parseLiveSeq, type ServerFrame, type TopicState } from './live-topic';

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.closed = true;
  }
  up(epoch = 'e1'): void {
    this.onopen?.();
    this.say({ t: 'hello', v: 1, server: '1.0.0', epoch });
  }
  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  end(code: number): void {
    this.onclose?.({ code });
  }
  subs(): Record<string, unknown>[] {
    return this.sent.filter((f) => f['t'] === 'sub').map((f) => f['topics'] as Record<string, unknown>);
  }
}

function world(over: Partial<LiveEnv> = {}) {
  const sockets: FakeSocket[] = [];
  const env: LiveEnv = {
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    poll: vi.fn(() => Promise.resolve({ rows: [{ id: 1, percent: 5 }] })),
    random: () => 0.5,
    visible: () => true,
    authEnded: vi.fn(),
    ...over,
  };
  const client = new LiveClient(env);
  const seen: TopicState[] = [];
  client.subscribe('queue', { state: (s) => seen.push(s) });
  client.start();
  const last = () => seen[seen.length - 1] as TopicState;
  const socket = (i = sockets.length - 1) => sockets[i] as FakeSocket;
  return { client, env, sockets, socket, seen, last };
}

const snap = (seq: number, rows: { id: number; [k: string]: unknown }[]): ServerFrame => ({
  t: 'snap',
  topic: 'queue',
  seq,
  data: { rows },
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('one topic', () => {
  const base = applySnap(EMPTY, { t: 'snap', topic: 'q', seq: 5, data: { rows: [{ id: 1 }, { id: 2 }] } }, 'e');

  it('puts, patches and deletes, and keeps the places', () => {
    const { state, resync } = applyDelta(base, {
      t: 'delta',
      topic: 'q',
      prev: 5,
      seq: 9,
      put: [{ id: 3, a: 1 }],
      patch: [{ id: 2, a: 7, b: null }],
      del: [1],
    });
    expect(resync).toBe(false);
    expect(state.rows).toEqual([{ id: 2, a: 7, b: null }, { id: 3, a: 1 }]);
    expect(state.cursor).toEqual({ epoch: 'e', seq: 9 });
  });

  it('does not touch rows for a delta that does not fit, and asks for all', () => {
    const { state, resync } = applyDelta(base, { t: 'delta', topic: 'q', prev: 6, seq: 9, del: [1] });
    expect(resync).toBe(true);
    expect(state.rows).toEqual(base.rows);
    expect(state.fresh).toBe(false);
  });

  it('ignores what it already has', () => {
    const { state, resync } = applyDelta(base, { t: 'delta', topic: 'q', prev: 3, seq: 5, del: [1] });
    expect(resync).toBe(false);
    expect(state.rows).toEqual(base.rows);
  });

  it('shows a snapshot in parts only when whole', () => {
    const first = applySnap(base, { t: 'snap', topic: 'q', seq: 8, part: 1, parts: 2, data: { rows: [{ id: 7 }] } }, 'e');
    expect(first.rows).toEqual(base.rows);
    const both = applySnap(first, { t: 'snap', topic: 'q', seq: 8, part: 2, parts: 2, data: { rows: [{ id: 8 }] } }, 'e');
    expect(both.rows).toEqual([{ id: 7 }, { id: 8 }]);
  });

  it('takes an object as one row', () => {
    const one = applySnap(EMPTY, { t: 'snap', topic: 'book:4', seq: 1, data: { id: 4, title: 'x' } }, 'e');
    expect(one.rows).toEqual([{ id: 4, title: 'x' }]);
  });

  it('reads the header of REST answers', () => {
    expect(parseLiveSeq('queue=k3v9:812, book:4=k3v9:7')).toEqual({
      queue: { epoch: 'k3v9', seq: 812 },
      'book:4': { epoch: 'k3v9', seq: 7 },
    });
    expect(parseLiveSeq(null)).toEqual({});
    expect(parseLiveSeq('nonsense')).toEqual({});
  });
});

describe('the connection', () => {
  it('subscribes at once and is live after the snapshot', () => {
    const w = world();
    w.socket().up();
    expect(w.socket().subs()).toEqual([{ queue: null }]);
    expect(w.client.status).toBe('catching');
    w.socket().say(snap(3, [{ id: 7 }]));
    expect(w.client.status).toBe('live');
    expect(w.last().rows).toEqual([{ id: 7 }]);
  });

  it('resumes from where it was after a break', () => {
    const w = world();
    w.socket().up();
    w.socket().say(snap(3, [{ id: 7 }]));
    w.socket().end(1006);
    expect(w.last().fresh).toBe(false);
    expect(w.last().rows).toEqual([{ id: 7 }]);
    vi.advanceTimersByTime(2_000);
    w.socket(1).up();
    expect(w.socket(1).subs()).toEqual([{ queue: { epoch: 'e1', seq: 3 } }]);
    expect(w.last().fresh).toBe(true);
    w.socket(1).say({ t: 'delta', topic: 'queue', prev: 3, seq: 6, patch: [{ id: 7, percent: 50 }] });
    expect(w.last().rows).toEqual([{ id: 7, percent: 50 }]);
    expect(w.client.status).toBe('live');
  });

  it('takes the new snapshot after a server restart, without doubled rows', () => {
    const w = world();
    w.socket().up('e1');
    w.socket().say(snap(30, [{ id: 7 }, { id: 8 }]));
    w.socket().end(1012);
    vi.advanceTimersByTime(1_999);
    expect(w.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(w.sockets).toHaveLength(2);
    w.socket().up('e2');
    expect(w.client.status).toBe('catching');
    w.socket().say(snap(1, [{ id: 7 }]));
    expect(w.last().rows).toEqual([{ id: 7 }]);
    expect(w.last().cursor).toEqual({ epoch: 'e2', seq: 1 });
    expect(w.client.status).toBe('live');
  });

  it('asks for everything when a delta has the wrong prev', () => {
    const w = world();
    w.socket().up();
    w.socket().say(snap(3, [{ id: 7 }]));
    w.socket().say({ t: 'delta', topic: 'queue', prev: 9, seq: 10, del: [7] });
    expect(w.last().rows).toEqual([{ id: 7 }]);
    expect(w.socket().subs()).toEqual([{ queue: null }, { queue: null }]);
    w.socket().say({ t: 'delta', topic: 'queue', prev: 10, seq: 11, del: [7] });
    expect(w.last().rows).toEqual([{ id: 7 }]);
    w.socket().say(snap(11, [{ id: 9 }]));
    expect(w.last().rows).toEqual([{ id: 9 }]);
  });

  it('keeps rows on screen but stale after a gap', () => {
    const w = world();
    w.socket().up();
    w.socket().say(snap(3, [{ id: 7 }]));
    w.socket().say({ t: 'gap', topic: 'queue', reason: 'trimmed' });
    expect(w.last()).toMatchObject({ fresh: false, rows: [{ id: 7 }] });
    w.socket().say(snap(9, [{ id: 8 }]));
    expect(w.last()).toMatchObject({ fresh: true, rows: [{ id: 8 }] });
  });

  it('leaves a topic only after the grace, once for many users', () => {
    const w = world();
    w.socket().up();
    const off1 = w.client.subscribe('jobs', { state: () => undefined });
    const off2 = w.client.subscribe('jobs', { state: () => undefined });
    off1();
    off2();
    const off3 = w.client.subscribe('jobs', { state: () => undefined });
    vi.advanceTimersByTime(6_000);
    expect(w.socket().sent.some((f) => f['t'] === 'unsub')).toBe(false);
    off3();
    vi.advanceTimersByTime(5_000);
    expect(w.socket().sent.filter((f) => f['t'] === 'unsub')).toHaveLength(1);
    expect(w.socket().subs()).toEqual([{ queue: null }, { jobs: null }]);
  });

  it('reconnects when no frame came for a minute', () => {
    const w = world();
    w.socket().up();
    vi.advanceTimersByTime(59_000);
    w.socket().say({ t: 'hb' });
    vi.advanceTimersByTime(59_000);
    expect(w.socket(0).closed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(w.socket(0).closed).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect(w.sockets).toHaveLength(2);
  });

  it('never tries more than once a second', () => {
    const w = world({ random: () => 0 });
    w.socket().up();
    w.socket().end(1006);
    vi.advanceTimersByTime(100);
    expect(w.sockets).toHaveLength(1);
    vi.advanceTimersByTime(900);
    expect(w.sockets).toHaveLength(2);
  });

  it('stops and says so when the identity ended', () => {
    const w = world();
    w.socket().up();
    w.socket().end(4401);
    expect(w.env.authEnded).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(600_000);
    expect(w.sockets).toHaveLength(1);
  });

  it('is live although one topic is refused', () => {
    const w = world();
    const refused = vi.fn();
    w.client.subscribe('health', { state: () => undefined, refused });
    w.socket().up();
    w.socket().say(snap(1, []));
    expect(w.client.status).toBe('catching');
    w.socket().say({ t: 'err', topic: 'health', code: 'forbidden', message: '' });
    expect(refused).toHaveBeenCalledWith('forbidden');
    expect(w.client.status).toBe('live');
  });

  it('gives credit every fifty feed items and tells who must refetch', () => {
    const w = world();
    const refetch = vi.fn();
    const event = vi.fn();
    w.client.subscribe('activity', { event, refetch });
    w.socket().up();
    for (let i = 1; i <= 50; i += 1) {
      w.socket().say({ t: 'event', topic: 'activity', seq: i, id: i, name: 'x', at: '', data: {} });
    }
    expect(event).toHaveBeenCalledTimes(50);
    expect(w.socket().sent.filter((f) => f['t'] === 'ok')).toEqual([{ t: 'ok', topic: 'activity', seq: 50 }]);
    w.socket().say({ t: 'gap', topic: 'activity', reason: 'slow' });
    expect(refetch).toHaveBeenCalledWith(['*']);
  });
});

describe('without a socket', () => {
  it('polls after three failed upgrades, probes after five minutes, and stops polling when live', async () => {
    const w = world();
    for (let i = 0; i < 3; i += 1) {
      w.socket().end(1006);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(w.client.status).toBe('polling');
    expect(w.last()).toMatchObject({ rows: [{ id: 1, percent: 5 }], fresh: true });
    const tried = w.sockets.length;
    const polls = () => (w.env.poll as ReturnType<typeof vi.fn>).mock.calls.length;
    const before = polls();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(polls()).toBe(before + 2);
    expect(w.sockets).toHaveLength(tried);
    await vi.advanceTimersByTimeAsync(287_000);
    expect(w.sockets.length).toBeGreaterThan(tried);
    w.socket().up();
    expect(w.socket().subs()).toEqual([{ queue: null }]);
    w.socket().say(snap(1, []));
    const atLive = polls();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(polls()).toBe(atLive);
    expect(w.client.status).toBe('live');
  });

  it('polls when there is no answer to the upgrade for five seconds', async () => {
    const w = world();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(w.client.status).toBe('polling');
    expect(w.socket(0).closed).toBe(true);
  });

  it('polls hidden tabs once a minute', async () => {
    const w = world({ visible: () => false });
    await vi.advanceTimersByTimeAsync(5_000);
    const polls = () => (w.env.poll as ReturnType<typeof vi.fn>).mock.calls.length;
    const before = polls();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(polls()).toBe(before);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(polls()).toBe(before + 1);
  });

  it('is offline while the server is away and tries the socket as soon as it answers', async () => {
    let away = true;
    const w = world({
      poll: vi.fn(() => (away ? Promise.reject(new Error('away')) : Promise.resolve({ rows: [] }))),
    });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(w.client.status).toBe('offline');
    const tried = w.sockets.length;
    away = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(w.sockets.length).toBe(tried + 1);
  });

  it('lets topics without a twin look for themselves', async () => {
    const refetch = vi.fn();
    const w = world({ poll: vi.fn(() => Promise.resolve(null)) });
    w.client.subscribe('catalog', { refetch });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(refetch).toHaveBeenCalledWith(['*']);
  });
});
