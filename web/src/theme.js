// Runs before the first paint: reads the stored preference and marks the document. The same key
// and shape as lib/prefs.ts.
(function () {
  var mode = 'system';
  var density = 'comfortable';
  try {
    var stored = JSON.parse(localStorage.getItem('bindery.ui.v1') || '{}');
    if (stored && typeof stored.theme === 'string') mode = stored.theme;
    if (stored && stored.density === 'compact') density = 'compact';
  } catch (_) {
    // Private mode or a damaged value: the system's choice holds.
  }
  var dark =
    mode === 'dark' ||
    (mode !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.documentElement.dataset.density = density;
})();
