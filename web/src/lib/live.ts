/**
 * The live connection (ui.md 7.3 and 7.7): one socket, ref-counted topics, resume after a break,
 * and polling of the REST twins while no socket can be had. Framework-free; time, chance and the
 * network come from outside.
 */
import {
  applyAnswer,
  applyDelta,
  applySnap,
  EMPTY,
  type Cursor,
  type FeedEvent,
  type Row,
  type ServerFrame,
  type SnapData,
  type TopicState,
} from './live-topic';

export const PROTOCOL = 'bindery.live.v1';
const GRACE_MS = 5_000;
const UPGRADE_MS = 5_000;
const DEAD_MS = 60_000;
const PROBE_MS = 300_000;
const POLL_VISIBLE_MS = 5_000;
const POLL_HIDDEN_MS = 60_000;
const CREDIT_EVERY = 50;

export type Status = 'connecting' | 'live' | 'catching' | 'polling' | 'offline';

export interface Listener {
  /** A state topic has new rows, or became stale. */
  state?(state: TopicState): void;
  /** A feed item. */
  event?(event: FeedEvent): void;
  /** Something was missed or changed: get it by REST. */
  refetch?(keys: string[]): void;
  /** The server does not give this topic. */
  refused?(code: string): void;
}

export interface SocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface LiveEnv {
  open(): SocketLike;
  /** The REST twin of a state topic; null when there is none. Throws when the server is away. */
  poll(topic: string): Promise<SnapData | 'unchanged' | null>;
  random(): number;
  visible(): boolean;
  /** The server ended our identity (4401). */
  authEnded(): void;
}

interface Topic {
  state: TopicState;
  listeners: Set<Listener>;
  events: number;
  leaving: ReturnType<typeof setTimeout> | null;
}

export class LiveClient {
  status: Status = 'connecting';
  lastFrameAt = 0;
  serverVersion = '';
  private epoch = '';
  private readonly topics = new Map<string, Topic>();
  private readonly watchers = new Set<() => void>();
  private socket: SocketLike | null = null;
  private attempts = 0;
  private failedUpgrades = 0;
  private lastAttempt = -Infinity;
  private subId = 0;
  private stopped = true;
  private polling = false;
  private pollFailed = false;
  private timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly env: LiveEnv) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.polling = false;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.drop(1000);
    for (const topic of this.topics.values()) topic.state = EMPTY;
  }

  /** The network came back or the tab is looked at: no reason to wait. */
  wake(): void {
    if (this.stopped) return;
    if (this.socket && this.status !== 'offline') {
      this.send({ t: 'vis', visible: this.env.visible() });
      return;
    }
    if (!this.socket) this.schedule('connect', 0, () => this.connect());
    if (this.polling) this.schedule('poll', 0, () => void this.pollAll());
  }

  visibility(): void {
    if (this.env.visible()) this.wake();
    else this.send({ t: 'vis', visible: false });
  }

  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  names(): string[] {
    return [...this.topics.keys()];
  }

  subscribe(name: string, listener: Listener): () => void {
    let topic = this.topics.get(name);
    if (!topic) {
      topic = { state: EMPTY, listeners: new Set(), events: 0, leaving: null };
      this.topics.set(name, topic);
      this.sendSub([name]);
      if (this.polling) this.schedule('poll', 0, () => void this.pollAll());
    }
    if (topic.leaving) clearTimeout(topic.leaving);
    topic.leaving = null;
    topic.listeners.add(listener);
    if (topic.state.cursor || topic.state.rows.length) listener.state?.(topic.state);
    const held = topic;
    return () => {
      held.listeners.delete(listener);
      if (held.listeners.size || held.leaving) return;
      held.leaving = setTimeout(() => {
        this.topics.delete(name);
        this.send({ t: 'unsub', id: ++this.subId, topics: [name] });
      }, GRACE_MS);
    };
  }

  /** A mutation's answer, shown at once. */
  answered(name: string, row: Row, at: Cursor | null): void {
    const topic = this.topics.get(name);
    if (topic) this.setState(topic, applyAnswer(topic.state, row, at));
  }

  // --- socket ---------------------------------------------------------------------------------

  private connect(): void {
    if (this.stopped || this.socket) return;
    const wait = this.lastAttempt + 1_000 - Date.now();
    if (wait > 0) {
      this.schedule('connect', wait, () => this.connect());
      return;
    }
    this.lastAttempt = Date.now();
    if (!this.polling && this.status !== 'offline') this.setStatus('connecting');
    const socket = this.env.open();
    this.socket = socket;
    let opened = false;
    this.schedule('upgrade', UPGRADE_MS, () => {
      if (this.socket !== socket || opened) return;
      this.drop(1000);
      this.failedUpgrades = 3;
      this.lost(0, false);
    });
    socket.onopen = () => {
      if (this.socket !== socket) return;
      opened = true;
      this.cancel('upgrade');
      this.sendSub([...this.topics.keys()]);
      if (!this.env.visible()) this.send({ t: 'vis', visible: false });
      this.alive();
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket || typeof event.data !== 'string') return;
      this.alive();
      let frame: ServerFrame;
      try {
        frame = JSON.parse(event.data) as ServerFrame;
      } catch {
        this.drop(4400);
        this.lost(4400, true);
        return;
      }
      this.receive(frame);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.lost(event.code, opened);
    };
  }

  private lost(code: number, opened: boolean): void {
    this.cancel('upgrade');
    this.cancel('dead');
    for (const topic of this.topics.values()) {
      if (topic.state.fresh) this.setState(topic, { ...topic.state, fresh: false });
    }
    if (code === 4401) {
      this.setStatus('offline');
      this.stopped = true;
      this.env.authEnded();
      return;
    }
    if (!opened) this.failedUpgrades += 1;
    this.attempts += 1;
    if (this.failedUpgrades >= 3 || code === 4403) {
      this.startPolling();
      this.schedule('connect', PROBE_MS, () => this.connect());
      return;
    }
    if (!this.polling) this.setStatus(opened ? 'connecting' : 'offline');
    const ceiling = Math.min(30_000, 500 * 2 ** Math.min(this.attempts, 6));
    const wait = code === 1012 ? 2_000 : code === 4429 ? 30_000 : this.env.random() * ceiling;
    this.schedule('connect', wait, () => this.connect());
  }

  private drop(code: number): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code === 1000 || code >= 3000 ? code : 1000);
  }

  private alive(): void {
    this.lastFrameAt = Date.now();
    this.schedule('dead', DEAD_MS, () => {
      this.drop(1000);
      this.lost(1006, true);
    });
  }

  private send(frame: Record<string, unknown>): void {
    if (this.socket && (this.status === 'live' || this.status === 'catching')) {
      this.socket.send(JSON.stringify(frame));
    }
  }

  private sendSub(names: string[]): void {
    if (!names.length || !this.socket) return;
    const topics: Record<string, Cursor | null> = {};
    for (const name of names) topics[name] = this.topics.get(name)?.state.cursor ?? null;
    try {
      this.socket.send(JSON.stringify({ t: 'sub', id: ++this.subId, topics }));
    } catch {
      // Still connecting: onopen subscribes to everything.
    }
  }

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case 'hello':
        this.hello(frame.epoch, frame.server);
        return;
      case 'hb':
        return;
      case 'err':
        if (frame.topic) {
          for (const l of this.topics.get(frame.topic)?.listeners ?? []) l.refused?.(frame.code);
          const topic = this.topics.get(frame.topic);
          if (topic) this.setState(topic, { ...topic.state, waiting: false });
          this.settle();
        }
        return;
    }
    const topic = this.topics.get(frame.topic);
    if (!topic) return;
    switch (frame.t) {
      case 'snap':
        this.setState(topic, applySnap(topic.state, frame, this.epoch));
        break;
      case 'delta': {
        const { state, resync } = applyDelta(topic.state, frame);
        if (resync) this.resync(frame.topic, topic, state);
        else this.setState(topic, state);
        break;
      }
      case 'event':
        topic.state = { ...topic.state, cursor: { epoch: this.epoch, seq: frame.seq }, waiting: false };
        topic.events += 1;
        for (const listener of topic.listeners) listener.event?.(frame);
        if (topic.events % CREDIT_EVERY === 0) this.send({ t: 'ok', topic: frame.topic, seq: frame.seq });
        break;
      case 'inval':
        topic.state = { ...topic.state, cursor: { epoch: this.epoch, seq: frame.seq }, waiting: false };
        // Without keys it only tells where the topic stands.
        if (frame.keys.length) for (const listener of topic.listeners) listener.refetch?.(frame.keys);
        break;
      case 'gap':
        this.setState(topic, { ...topic.state, cursor: null, waiting: true, fresh: false });
        for (const listener of topic.listeners) listener.refetch?.(['*']);
        break;
    }
    this.settle();
  }

  private hello(epoch: string, server: string): void {
    const sameRun = epoch === this.epoch;
    this.epoch = epoch;
    this.serverVersion = server;
    this.attempts = 0;
    this.failedUpgrades = 0;
    this.polling = false;
    this.cancel('poll');
    this.setStatus('catching');
    for (const topic of this.topics.values()) {
      const { cursor } = topic.state;
      if (sameRun && cursor?.epoch === epoch) {
        this.setState(topic, { ...topic.state, fresh: true, waiting: false });
      } else if (cursor) {
        // Another run of the server: its snapshot follows; feeds and lists look by themselves.
        this.setState(topic, { ...topic.state, waiting: true });
        for (const listener of topic.listeners) listener.refetch?.(['*']);
      }
    }
    this.settle();
  }

  /** Live as soon as no state topic waits for its snapshot. */
  private settle(): void {
    if (this.status !== 'catching') return;
    for (const topic of this.topics.values()) {
      const isState = [...topic.listeners].some((l) => l.state);
      if (isState && topic.state.waiting) return;
    }
    this.setStatus('live');
  }

  private resync(name: string, topic: Topic, state: TopicState): void {
    this.setState(topic, { ...state, cursor: null, parts: [] });
    this.sendSub([name]);
  }

  // --- polling --------------------------------------------------------------------------------

  private startPolling(): void {
    if (this.polling) return;
    this.polling = true;
    this.pollFailed = false;
    void this.pollAll();
  }

  private async pollAll(): Promise<void> {
    if (!this.polling || this.stopped) return;
    this.cancel('poll');
    let failed = false;
    for (const [name, topic] of [...this.topics]) {
      try {
        const data = await this.env.poll(name);
        if (!this.polling) return;
        if (data === null) for (const listener of topic.listeners) listener.refetch?.(['*']);
        else if (data === 'unchanged') this.setState(topic, { ...topic.state, fresh: true });
        else {
          const snap = applySnap(topic.state, { t: 'snap', topic: name, seq: 0, data }, '');
          this.setState(topic, { ...snap, cursor: null });
        }
      } catch {
        failed = true;
        break;
      }
    }
    if (!this.polling || this.stopped) return;
    this.setStatus(failed ? 'offline' : 'polling');
    if (this.pollFailed && !failed) this.schedule('connect', 0, () => this.connect());
    this.pollFailed = failed;
    const wait = this.env.visible() ? POLL_VISIBLE_MS : POLL_HIDDEN_MS;
    this.schedule('poll', wait, () => void this.pollAll());
  }

  // --- small things ---------------------------------------------------------------------------

  private setState(topic: Topic, state: TopicState): void {
    if (topic.state === state) return;
    topic.state = state;
    for (const listener of topic.listeners) listener.state?.(state);
  }

  private setStatus(status: Status): void {
    if (this.status === status) return;
    this.status = status;
    for (const changed of this.watchers) changed();
  }

  private schedule(name: string, ms: number, run: () => void): void {
    this.cancel(name);
    this.timers.set(
      name,
      setTimeout(() => {
        this.timers.delete(name);
        run();
      }, ms),
    );
  }

  private cancel(name: string): void {
    const timer = this.timers.get(name);
    if (timer !== undefined) clearTimeout(timer);
    this.timers.delete(name);
  }
}
