/** The choices of the preferences, in words. */
import { t } from './i18n';
export { prefs, setPref } from './prefs.svelte';

type Options = [string, string][];

export const choices = {
  themes: (): Options => [
    ['system', t('nav.themeSystem')],
    ['light', t('nav.themeLight')],
    ['dark', t('nav.themeDark')],
  ],
  densities: (): Options => [
    ['comfortable', t('nav.comfortable')],
    ['compact', t('nav.compact')],
  ],
  languages: (): Options => [
    ['system', t('nav.themeSystem')],
    ['en', 'English'],
    ['de', 'Deutsch'],
  ],
};
