/** What the Test buttons say. Pure. */
import { ApiError } from './api';
import { number } from './format';
import { t } from './i18n';
import { errorSummary } from './pure';
import { reasonText } from './reasons';
import { errorText } from './toasts.svelte';
import type { ClientReport, IndexerReport } from './wire';

export interface Outcome {
  tone: 'ok' | 'warn' | 'bad';
  lines: string[];
}

export function indexerOutcome(report: IndexerReport, type: string): Outcome {
  const ms = number(report.latencyMs ?? 0);
  if (!report.ok) {
    const text = errorSummary(report.error ?? report.message ?? '');
    const reason = report.code ? reasonText({ code: report.code, params: report.params, text }) : text;
    return { tone: 'bad', lines: [t('indexers.failed', { reason })] };
  }
  if (report.searchError) {
    return { tone: 'warn', lines: [t('indexers.searchProblem', { reason: reasonText({ code: report.searchError }) })] };
  }
  if (!report.searchResults) {
    return type === 'opds'
      ? { tone: 'ok', lines: [t('indexers.opdsOk', { ms })] }
      : { tone: 'warn', lines: [t('indexers.okNoSearch', { ms })] };
  }
  return { tone: 'ok', lines: [t('indexers.ok', { results: number(report.searchResults), ms })] };
}

export function clientOutcome(report: ClientReport): Outcome {
  const lines = [report.version && report.version !== 'built-in' ? t('clients.okVersion', { version: report.version }) : t('clients.ok')];
  let tone: Outcome['tone'] = 'ok';
  const seen = report.pathVisibility;
  if (seen) {
    const bad = seen.status !== 'ok';
    if (bad) tone = 'warn';
    lines.push(t(bad ? 'clients.pathWarning' : 'clients.pathOk', { path: seen.path ?? '' }));
  }
  for (const warning of report.warnings ?? []) {
    tone = 'warn';
    lines.push(reasonText({ code: warning }));
  }
  return { tone, lines };
}

/** What was wrong, in the words of the cause: the server names it in `params.reason`. */
export function clientFailure(error: unknown, host: string): Outcome {
  const cause = error instanceof ApiError && error.code === 'client_failed' ? String(error.params['reason'] ?? '') : '';
  const reason = cause ? reasonText({ code: cause, params: (error as ApiError).params }) : errorText(error);
  return { tone: 'bad', lines: [t('clients.failed', { reason }), loopbackHint(host)].filter(Boolean) };
}

/** In a container, loopback is the container itself (ui.md 4.2). */
export function loopbackHint(host: string): string {
  return /^(localhost|127\.0\.0\.1|::1|\[::1\])$/i.test(host.trim()) ? t('clients.loopback', { host: host.trim() }) : '';
}
