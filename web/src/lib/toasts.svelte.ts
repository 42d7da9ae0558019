import { ApiError } from './api';
import { t } from './i18n';
import { refusalText } from './reasons';

export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'bad';
  action?: { label: string; run: () => void };
}

let next = 0;
export const toasts: Toast[] = $state([]);

export function toast(text: string, kind: Toast['kind'] = 'plain', action?: Toast['action']): void {
  next += 1;
  const id = next;
  toasts.push(action ? { id, text, kind, action } : { id, text, kind });
  if (toasts.length > 4) toasts.shift();
  setTimeout(() => dismiss(id), kind === 'bad' || action ? 12_000 : 5_000);
}

export function dismiss(id: number): void {
  const index = toasts.findIndex((x) => x.id === id);
  if (index >= 0) toasts.splice(index, 1);
}

/** What went wrong, as a sentence. */
/** What went wrong, for a person. `labels`: what the fields of a form are called there. */
export function errorText(error: unknown, labels: Record<string, string> = {}): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'network') return t('error.network');
  if (error.code === 'rate_limited' && error.retryAfter) {
    return t('auth.wait', { seconds: error.retryAfter });
  }
  const params = error.field ? { ...error.params, field: labels[error.field] ?? error.field } : error.params;
  return refusalText(error.code, params, error.message);
}

export function failed(error: unknown): void {
  toast(errorText(error), 'bad');
}
