// Bundle budgets of spec ui.md 9, gzip level 9. Exit code 1 when one is broken.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const out = fileURLToPath(new URL('../../bindery/http/static/', import.meta.url));
const KB = 1024;
const LIMITS = { first: 70 * KB, chunk: 20 * KB, all: 230 * KB, language: 18 * KB };

const assets = readdirSync(`${out}assets`).filter((name) => /\.(js|css)$/.test(name));
const text = new Map(assets.map((name) => [name, readFileSync(`${out}assets/${name}`, 'utf8')]));
const size = new Map(assets.map((name) => [name, gzipSync(text.get(name), { level: 9 }).length]));
const html = readFileSync(`${out}index.html`, 'utf8');

/** Files that a file loads at once (static imports), not those it may load later. */
function needs(name, seen = new Set()) {
  if (seen.has(name) || !text.has(name)) return seen;
  seen.add(name);
  if (name.endsWith('.js')) {
    for (const match of text.get(name).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) needs(match[1], seen);
  }
  return seen;
}

const first = new Set();
for (const match of html.matchAll(/assets\/([\w.-]+\.(?:js|css))/g)) needs(match[1], first);
const entry = [...first].reduce((sum, name) => sum + size.get(name), 0);

// A route is a lazy module of the entry together with what only it needs.
const lazy = new Set();
for (const name of first) {
  for (const match of (text.get(name) ?? '').matchAll(/import\(["'`]\.\/([\w.-]+\.js)["'`]\)/g)) lazy.add(match[1]);
}
const routes = [...lazy]
  .filter((name) => !/^de-/.test(name))
  .map((name) => {
    const own = [...needs(name)].filter((n) => !first.has(n));
    const css = assets.filter((n) => n.endsWith('.css') && own.some((o) => n.split('-')[0] === o.split('-')[0]));
    return { name, bytes: [...own, ...css].reduce((sum, n) => sum + size.get(n), 0) };
  })
  .sort((a, b) => b.bytes - a.bytes);

const worst = routes[0] ?? { name: '-', bytes: 0 };
const all = assets.filter((n) => n.endsWith('.js')).reduce((sum, n) => sum + size.get(n), 0);
const language = gzipSync(readFileSync(new URL('../src/lang/en.json', import.meta.url)), { level: 9 }).length;

const rows = [
  ['entry (html references)', entry, LIMITS.first],
  [`first load, largest route (${worst.name})`, entry + worst.bytes, LIMITS.first],
  [`largest route chunk (${worst.name})`, worst.bytes, LIMITS.chunk],
  ['all JS', all, LIMITS.all],
  ['language file', language, LIMITS.language],
];
let broken = 0;
for (const [what, bytes, limit] of rows) {
  const over = bytes > limit;
  if (over) broken += 1;
  console.log(`${over ? 'OVER' : 'ok  '} ${(bytes / KB).toFixed(1).padStart(7)} KB of ${limit / KB} KB  ${what}`);
}
// The policy forbids style attributes, inline scripts and HTML from strings (spec security-rulings.md 9).
for (const [name, code] of text) {
  if (/<[a-z][^>"'`]*\sstyle=/.test(code) || /\{@html/.test(code)) {
    broken += 1;
    console.log(`OVER  ${name}: a style attribute in a template`);
  }
}
if (/<script(?![^>]*\ssrc=)[^>]*>/.test(html) || /\sstyle=/.test(html)) {
  broken += 1;
  console.log('OVER  index.html: inline script or style');
}
process.exit(broken ? 1 : 0);
