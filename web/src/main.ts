import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { useLanguage } from './lib/i18n';
import { startRouting } from './lib/place.svelte';
import { applyTheme, prefs } from './lib/prefs.svelte';
import { refreshStatus } from './lib/session.svelte';

async function start(): Promise<void> {
  applyTheme();
  startRouting();
  const [language] = await Promise.all([useLanguage(prefs.language), refreshStatus()]);
  document.documentElement.lang = language;
  const target = document.getElementById('app');
  if (target) mount(App, { target });
}

void start();
