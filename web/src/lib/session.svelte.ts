/** Who is signed in, and the dialog that brings an ended session back. */
import { makeApi, type Api } from './api';
import { LiveClient } from './live';
import { live as makeLive } from './live-browser';
import type { Row } from './live-topic';
import { base } from './place.svelte';
import type { AuthStatus } from './wire';

class Session {
  status: AuthStatus | null = $state.raw(null);
  /** The server could not be asked. */
  unreachable = $state(false);
  /** Somebody waits for the sign-in dialog. */
  asking = $state(false);
  get admin(): boolean {
    return this.status?.role === 'admin';
  }
}
export const session = new Session();

let answer: ((ok: boolean) => void) | null = null;
let asked: Promise<boolean> | null = null;

function askSignIn(): Promise<boolean> {
  if (!session.status?.authenticated) return Promise.resolve(false);
  asked ??= new Promise<boolean>((resolve) => {
    session.asking = true;
    answer = (ok) => {
      session.asking = false;
      asked = null;
      resolve(ok);
    };
  });
  return asked;
}

export function signInDone(ok: boolean): void {
  answer?.(ok);
  if (ok) client.start();
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}

export const api: Api = makeApi({
  fetch: (input, init) => fetch(input, init),
  root: `${base}/api/v1`,
  csrfCookie: () => /(?:^|;\s*)bindery_csrf=([^;]*)/.exec(document.cookie)?.[1] ?? '',
  signIn: askSignIn,
  newKey: randomKey,
  answered: (topic, row, at) => client.answered(topic, row as Row, at),
});

export const client: LiveClient = makeLive(base, api, () => {
  void askSignIn();
});

export async function refreshStatus(): Promise<void> {
  try {
    session.status = await api.get<AuthStatus>('/auth/status');
    session.unreachable = false;
  } catch {
    session.unreachable = true;
  }
}

export async function signOut(): Promise<void> {
  // First the socket: its end would ask to sign in again.
  client.stop();
  try {
    await api.post('/auth/logout');
  } catch (error) {
    client.start();
    throw error;
  }
  api.forget();
  await refreshStatus();
}
