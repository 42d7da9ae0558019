/**
 * Codes of the server to sentences: the only place that knows both. A code without a sentence, or
 * a sentence whose values did not come, shows the server's English text instead.
 */
import { bytes } from './format';
import { lookup, needs, type Values } from './i18n';
import type { Params, QueueRow, Reason, Rejection } from './wire';

const SIZES = /^(size|min|max|needed|free|expected|wanted|found)$/;

/** `size-min` counts bytes, `seeders` does not: only codes about sizes turn numbers into sizes. */
function valuesOf(code: string, params: Params | undefined): Values {
  const values: Values = {};
  const sized = /size|space|disk/.test(code);
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value == null || value === '') continue;
    const amount = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (sized && typeof amount === 'number' && SIZES.test(name)) values[name] = bytes(amount);
    else if (Array.isArray(value)) values[name] = value.join(', ');
    else if (typeof value !== 'object') values[name] = String(value as string | number | boolean);
  }
  return values;
}

/** A sentence whose values all came. */
function complete(text: string | undefined): boolean {
  return text !== undefined && needs(text).length === 0;
}

function spaced(code: string): string {
  const words = code
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[-_.]+/g, ' ')
    .trim()
    .toLowerCase();
  return words ? words[0]!.toUpperCase() + words.slice(1) : '';
}

/** Codes are written with `-` or `_`; both mean the same. */
const canonical = (code: string) => code.replace(/_/g, '-');

export function reasonText(reason: Reason & { wanted?: string; found?: string }): string {
  const code = canonical(reason.code);
  const compared: Params = {};
  if (reason.wanted !== undefined) compared['wanted'] = reason.wanted;
  if (reason.found !== undefined) compared['found'] = reason.found;
  const text = lookup(`reason.${code}`, valuesOf(code, { ...reason.params, ...compared }));
  if (text && complete(text)) return text;
  if (reason.text) return reason.text;
  // Without its values the beginning of the sentence still says more than the code.
  const begun = (text ?? '').replace(/[:,]?\s*\{.*$/s, '').trim();
  return begun || spaced(code);
}

export function refusalText(code: string, params: Params | undefined, fallback: string): string {
  const values = valuesOf(code, params);
  const text = lookup(`error.${code}`, values) ?? lookup(`reason.${canonical(code)}`, values);
  return text && complete(text) ? text : fallback || spaced(code);
}

export interface Fix {
  label: string;
  to: string;
}

const FIXES: [RegExp, string, string][] = [
  [/^path-(not-|unmapped|missing|unknown)/, 'mapping', '/settings/clients'],
  [/^(root|disk|no-root)/, 'roots', '/settings/roots'],
  [/^indexer/, 'indexers', '/settings/indexers'],
  [/^send-/, 'queue', '/queue'],
  [/^(client|no-client)/, 'clients', '/settings/clients'],
  [/^(actor|store|worker|command)-/, 'health', '/health'],
  [/^(download|import|files|unmatched|no-book|corrupt)/, 'queue', '/queue'],
];

const ACTIONS: Record<string, string> = {
  edit_indexer: '/settings/indexers',
  check_path: '/settings/clients',
  remove_download: '/queue',
};

/** Where an attention item is settled: its action, else its object's page, else its cause. */
export function settleFor(item: { code: string; action?: string | null; entity?: string | null }): Fix | null {
  const action = item.action ?? '';
  const place = ACTIONS[action];
  if (place) return { label: lookup(`fix.${action}`) ?? spaced(action), to: place };
  const [kind = '', id = ''] = (item.entity ?? '').split(':');
  if (kind === 'book' || kind === 'author') return { label: lookup(`fix.${kind}`) ?? kind, to: `/${kind}/${id}` };
  if (kind === 'download') return { label: lookup('fix.queue') ?? kind, to: '/queue' };
  return fixFor(item.code);
}

/** Where a reason is put right. */
export function fixFor(code: string): Fix | null {
  const name = canonical(code);
  for (const [pattern, label, to] of FIXES) {
    if (pattern.test(name)) return { label: lookup(`fix.${label}`) ?? label, to };
  }
  return null;
}

/** One sentence about where a download stands, by state and stage. */
export function downloadText(row: Pick<QueueRow, 'state' | 'stage' | 'overlay'>): string {
  const overlay = row.state === 'downloading' && row.overlay ? lookup(`download.${row.overlay}`) : undefined;
  if (overlay) return overlay;
  const stage = row.stage ? row.stage[0]!.toUpperCase() + row.stage.slice(1) : '';
  return lookup(`download.${row.state}${stage}`) ?? lookup(`download.${row.state}`) ?? spaced(row.state);
}

export function eventText(type: string): string {
  return lookup(`history.event.${type}`) ?? spaced(type);
}

export type Verdict = 'would' | 'acceptable' | 'soft' | 'hard' | 'waiting' | 'approval' | 'judging';

/** The server's verdict word, or what its rejections amount to. */
export function verdictOf(candidate: { verdict?: string; rejections?: Rejection[] }): Verdict {
  const { verdict, rejections } = candidate;
  if (verdict === undefined && rejections === undefined) return 'judging';
  if (verdict && /^(grab|would|would_grab|best|chosen)$/.test(verdict)) return 'would';
  const classes = new Set((rejections ?? []).map((r) => r.class ?? 'hard'));
  if (verdict === 'hard' || verdict === 'rejected_hard' || classes.has('hard')) return 'hard';
  if (verdict === 'soft' || verdict === 'rejected_soft' || classes.has('soft')) return 'soft';
  if (verdict === 'approval' || classes.has('approval')) return 'approval';
  if (verdict === 'pending' || verdict === 'temporary' || classes.has('temporary')) return 'waiting';
  if (verdict === 'rejected') return 'hard';
  return 'acceptable';
}
