import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { useLanguage } from './lib/i18n';
import { here, startRouting } from './lib/place.svelte';
import { applyTheme, prefs } from './lib/prefs.svelte';
import { api, refreshStatus } from './lib/session.svelte';
import { ROUTES } from './routes';

async function start(): Promise<void> {
  applyTheme();
  startRouting();
  // The page, its first data and the session are asked for at the same time (ui.md 9).
  const route = ROUTES[here.place.name];
  void route?.load();
  if (route?.data && document.cookie.includes('bindery_csrf=')) api.prefetch(route.data(here.place));
  const [language] = await Promise.all([useLanguage(prefs.language), refreshStatus()]);
  document.documentElement.lang = language;
  const target = document.getElementById('app');
  target?.replaceChildren();
  if (target) mount(App, { target });
}

void start();
