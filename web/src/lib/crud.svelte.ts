/** What the settings lists share: rows with test, switch, save and delete. */
import { onChange, resource } from './data.svelte';
import { t } from './i18n';
import { api } from './session.svelte';
import { failed, toast } from './toasts.svelte';
import type { Outcome } from './reports';
import type { Id } from './wire';

export interface Named {
  id: Id;
  name: string;
  enabled: boolean;
}

export function crud<T extends Named>(path: string) {
  const list = resource<T[]>(() => path);
  // Changed in another tab or by another person.
  onChange('config', (keys) => keys.some((k) => path.startsWith(`/${k}`)), () => list.reload());
  let results = $state.raw<ReadonlyMap<Id, Outcome | 'busy'>>(new Map());

  function put(id: Id, outcome: Outcome | 'busy'): void {
    results = new Map(results).set(id, outcome);
  }
  return {
    list,
    get results() {
      return results;
    },
    async test(row: T, judge: () => Promise<Outcome>): Promise<void> {
      put(row.id, 'busy');
      put(row.id, await judge());
    },
    async enable(row: T, enabled: boolean): Promise<void> {
      list.data = list.data?.map((r) => (r.id === row.id ? { ...r, enabled } : r));
      try {
        await api.put(`${path}/${row.id}`, { ...row, enabled });
      } catch (error) {
        failed(error);
      }
      list.reload();
    },
    async remove(row: T): Promise<boolean> {
      try {
        await api.del(`${path}/${row.id}`);
        toast(t('settings.deleted', { name: row.name }));
        list.reload();
        return true;
      } catch (error) {
        failed(error);
        return false;
      }
    },
  };
}
