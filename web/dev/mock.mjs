// A server of made-up answers for working on the pages: serves the built app with the real
// security policy, the API in memory, and live frames. `node dev/mock.mjs [port] [empty|usual|hostile]`
// MOCK_WS=off refuses the socket, MOCK_AUTH=setup|login starts before the first account / signed out.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { makeWorld, releasesFor } from './data.mjs';
import { accept } from './websocket.mjs';

const [port = '8788', kind = 'usual'] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../bindery/http/static/', import.meta.url));
const world = makeWorld(kind);
const auth = { setup: process.env.MOCK_AUTH === 'setup', signedIn: !process.env.MOCK_AUTH };
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; worker-src 'self'; manifest-src 'self'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html bindery-url";
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
const epoch = Math.random().toString(36).slice(2, 8);
const seqs = new Map();
const sockets = new Set();
const searches = new Map();

// --- live -----------------------------------------------------------------------------------------

function snapOf(topic) {
  const [name, id] = topic.split(':');
  switch (name) {
    case 'queue': return { rows: world.queue, meta: { staleClients: world.staleClients } };
    case 'jobs': return { rows: world.jobs };
    case 'attention': return { rows: world.attention };
    case 'health': return { rows: world.health };
    case 'counters': return { rows: [{ id: 0, ...counters() }] };
    case 'session': return { rows: [{ id: 1, name: 'robin', role: 'admin', version: '0.1.0' }] };
    case 'book': return { rows: world.books.filter((b) => b.id === Number(id)) };
    case 'author': return { rows: world.authors.filter((a) => a.id === Number(id)) };
    default: return null;
  }
}
const counters = () => ({ wanted: wanted().length, queue: world.queue.filter((r) => !['imported', 'failed'].includes(r.state)).length, pending: 0, attention: world.attention.length });
const wanted = () => world.books.filter((b) => b.status === 'wanted' && b.monitored);
const next = (topic) => {
  const prev = seqs.get(topic) ?? 1;
  seqs.set(topic, prev + 1);
  return [prev, prev + 1];
};
function tell(topic, make) {
  const [prev, seq] = next(topic);
  for (const s of sockets) if (s.topics.has(topic)) s.socket.send(make(prev, seq));
}
const delta = (topic, change) => tell(topic, (prev, seq) => ({ t: 'delta', topic, prev, seq, ...change }));
const event = (topic, name, data) => tell(topic, (_p, seq) => ({ t: 'event', topic, seq, id: `e${seq}`, name, at: new Date().toISOString(), data }));

setInterval(() => {
  const patch = [];
  for (const row of world.queue) {
    if (row.state !== 'downloading') continue;
    row.percent = Math.min(100, row.percent + (row.id === 1 ? 0.7 : 0.1));
    row.eta = Math.max(1, row.eta - 1);
    row.speed = row.speed * (0.95 + Math.random() * 0.1);
    patch.push({ id: row.id, percent: row.percent, eta: row.eta, speed: row.speed });
  }
  if (patch.length) delta('queue', { patch });
  for (const job of world.jobs) {
    job.done = (job.done % job.total) + 1;
    delta('jobs', { patch: [{ id: job.id, done: job.done }] });
  }
}, 1000).unref();

function live(request, socket) {
  if (process.env.MOCK_WS === 'off') {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const s = { socket: accept(request, socket, 'bindery.live.v1'), topics: new Set() };
  sockets.add(s);
  s.socket.send({ t: 'hello', v: 1, server: '0.1.0', epoch, hb: 25, now: new Date().toISOString(), topics: [] });
  s.socket.onclose = () => sockets.delete(s);
  s.socket.onmessage = (frame) => {
    if (frame.t === 'unsub') for (const topic of frame.topics) s.topics.delete(topic);
    if (frame.t !== 'sub') return;
    for (const topic of Object.keys(frame.topics)) {
      s.topics.add(topic);
      const data = snapOf(topic);
      if (data) s.socket.send({ t: 'snap', topic, seq: seqs.get(topic) ?? 1, data });
    }
  };
}

function search(book) {
  const id = searches.size + 1;
  const record = { id, bookId: book.id, legs: [], candidates: [], doneAt: null };
  searches.set(id, record);
  const topic = `search:${id}`;
  const all = releasesFor(book, kind === 'hostile');
  [1, 2, 3].forEach((indexerId) => {
    const leg = { indexerId, indexerName: ['', 'Harbour Index', 'Tide Newz', 'Free Shelf'][indexerId], status: 'running' };
    record.legs.push(leg);
    event(topic, 'indexer.started', leg);
    setTimeout(() => {
      for (const c of all.filter((x) => x.indexerId === indexerId)) {
        record.candidates.push(c);
        const { verdict, rejections, score, ...found } = c;
        event(topic, 'release.found', found);
        event(topic, 'release.judged', { candidateId: c.candidateId, guid: c.guid, indexerId, verdict, rejections, score });
      }
      const done = { ...leg, status: 'done', count: all.filter((x) => x.indexerId === indexerId).length, ms: indexerId * 300 };
      if (indexerId === 3 && kind === 'hostile') done.error = { code: 'timeout' };
      record.legs[indexerId - 1] = done;
      event(topic, 'indexer.done', done);
      if (indexerId === 3) {
        record.doneAt = new Date().toISOString();
        event(topic, 'search.done', { counts: { found: all.length } });
      }
    }, indexerId * Number(process.env.MOCK_SLOW ?? 400));
  });
  return { searchId: id };
}

// --- REST -----------------------------------------------------------------------------------------

const page = (rows, url) => {
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const limit = Number(url.searchParams.get('limit') ?? 100);
  return { items: rows.slice(offset, offset + limit), total: rows.length, limit, offset };
};
const has = (text, needle) => text.toLowerCase().includes((needle ?? '').toLowerCase());
const byId = (rows, id) => rows.find((r) => r.id === Number(id));
const ok = (body, status = 200) => ({ status, body });
const no = (status, code, error) => ({ status, body: { error, code, requestId: 'w-mock' } });

function answer(method, path, url, body) {
  const [, first, second, third] = path.split('/');
  const key = `${method} /${first}${second && !/^\d+$/.test(second) ? `/${second}` : second ? '/:id' : ''}${third ? `/${third}` : ''}`;
  const id = second;
  const list = { indexer: world.indexers, downloadclient: world.clients, rootfolder: world.roots }[first];
  switch (key) {
    case 'GET /auth/status': return ok({ authenticated: auth.signedIn, setupRequired: auth.setup, ...(auth.signedIn ? { username: 'robin', role: 'admin' } : {}), mode: 'enabled', localAuthEnabled: true });
    case 'GET /auth/csrf': return ok({ csrfToken: 'mock' });
    case 'POST /auth/setup': auth.setup = false; auth.signedIn = true; return ok({ ok: true });
    case 'POST /auth/login':
      if (body.password !== 'password') return no(401, 'invalid_credentials', 'invalid credentials');
      auth.signedIn = true;
      return ok({ ok: true, username: body.username });
    case 'POST /auth/logout': auth.signedIn = false; return ok({ ok: true });
  }
  if (!auth.signedIn) return no(401, 'unauthorized', 'unauthorized');
  switch (key) {
    case 'GET /auth/config': return ok({ mode: 'enabled', apiKey: 'a1b2c3d4'.repeat(8), username: 'robin' });
    case 'POST /auth/apikey/regenerate': return ok({ apiKey: 'f0e1d2c3'.repeat(8) });
    case 'POST /auth/password': return body.currentPassword === 'password' ? ok({ ok: true }) : no(401, 'password_incorrect', 'current password incorrect');
    case 'GET /system/status': return ok({ version: '0.1.0', commit: 'dev' });
    case 'GET /system/setup-state': return ok(world.setup);
    case 'GET /system/health': return ok(world.health);
    case 'GET /system/attention': return ok(world.attention);
    case 'GET /system/counters': return ok(counters());
    case 'GET /jobs': return ok(world.jobs);
    case 'GET /author': return ok(page(world.authors.filter((a) => has(a.authorName, url.searchParams.get('search'))), url));
    case 'GET /author/:id': return byId(world.authors, id) ? ok(byId(world.authors, id)) : no(404, 'not_found', 'author not found');
    case 'PUT /author/:id': Object.assign(byId(world.authors, id), body); return ok(byId(world.authors, id));
    case 'POST /author/:id/refresh': return ok({ message: 'refresh started' }, 202);
    case 'POST /author/bulk': return ok({ results: Object.fromEntries(body.ids.map((i) => [i, { ok: true }])) });
    case 'POST /author': return no(409, 'author_exists', 'author already exists');
    case 'DELETE /author/:id': world.authors = world.authors.filter((a) => a.id !== Number(id)); return { status: 204 };
    case 'GET /search/author': return ok([
      { id: 0, foreignAuthorId: 'OL1A', authorName: 'Mara Lindqvist', topWork: 'The Salt Archive', workCount: 14, averageRating: 4.1, libraryId: 1, monitored: false },
      { id: 0, foreignAuthorId: 'OL2A', authorName: kind === 'hostile' ? 'L'.repeat(200) : 'Mara Lindgren', topWork: 'Snow Songs', workCount: 3, monitored: false },
      { id: 0, foreignAuthorId: 'OL3A', authorName: 'M. Lindqvist', disambiguation: 'poet', workCount: 1, monitored: false },
    ]);
    case 'GET /search/book': return ok([]);
    case 'GET /book': {
      const q = url.searchParams;
      return ok(page(world.books.filter((b) => (!q.get('authorId') || b.authorId === Number(q.get('authorId'))) && (!q.get('status') || b.status === q.get('status')) && (!q.get('mediaType') || b.mediaType === q.get('mediaType')) && (has(b.title, q.get('search')) || has(b.author.authorName, q.get('search')))), url));
    }
    case 'GET /book/:id': return byId(world.books, id) ? ok(byId(world.books, id)) : no(404, 'not_found', 'book not found');
    case 'PUT /book/:id': Object.assign(byId(world.books, id), body); return ok(byId(world.books, id));
    case 'POST /book/:id/search': return ok(search(byId(world.books, id)), 202);
    case 'GET /search/:id': return ok(searches.get(Number(id)));
    case 'POST /queue/grab': {
      const book = byId(world.books, body.bookId);
      const row = { id: world.queue.length + 50, bookId: book.id, title: book.title, authorName: book.author.authorName, release: body.title, state: 'downloading', percent: 0, speed: 2_000_000, eta: 100, seeders: 4, protocol: body.protocol, client: 'qBittorrent', size: body.size, addedAt: new Date().toISOString() };
      world.queue.push(row);
      delta('queue', { put: [row] });
      delta('counters', { put: [{ id: 0, ...counters() }] });
      return ok(row, 202);
    }
    case 'GET /wanted/missing': return ok(page(wanted(), url));
    case 'POST /wanted/bulk': return ok({ results: Object.fromEntries(body.ids.map((i) => [i, { ok: true }])) });
    case 'GET /queue': return ok({ items: world.queue, staleClients: world.staleClients });
    case 'POST /queue/:id/retry-import': {
      const row = byId(world.queue, id);
      Object.assign(row, { state: 'importing', stage: 'probe', error: null });
      delta('queue', { put: [row] });
      return ok({ ok: true }, 202);
    }
    case 'DELETE /queue/:id': world.queue = world.queue.filter((r) => r.id !== Number(id)); delta('queue', { del: [Number(id)] }); return { status: 204 };
    case 'GET /history': {
      const q = url.searchParams;
      return ok(page(world.history.filter((e) => (!q.get('eventType') || e.eventType === q.get('eventType')) && (!q.get('bookId') || e.bookId === Number(q.get('bookId')))), url));
    }
    case 'POST /history/:id/blocklist': return ok({ id: 1 }, 201);
    case 'GET /blocklist': return ok(world.blocklist);
    case 'DELETE /blocklist/:id': world.blocklist = world.blocklist.filter((e) => e.id !== Number(id)); return { status: 204 };
    case 'POST /indexer/test': case 'POST /indexer/:id/test': return ok(id === '2' ? { ok: false, status: 0, error: 'ConnectTimeout', code: 'timeout' } : { ok: true, status: 200, categories: 4, bookSearch: true, latencyMs: 84, searchResults: 25, message: 'ok' });
    case 'POST /downloadclient/test': case 'POST /downloadclient/:id/test': return ok({ message: 'Connection verified', version: '5.0.2', pathVisibility: { status: id === '2' ? 'warning' : 'ok', path: '/downloads/complete' } });
  }
  if (list && method === 'GET') return ok(id ? byId(list, id) : list);
  if (list && method === 'POST') { list.push({ id: list.length + 10, freeSpace: 1e11, ...body }); return ok(list.at(-1), 201); }
  if (list && method === 'PUT') { Object.assign(byId(list, id), body); return ok(byId(list, id)); }
  if (list && method === 'DELETE') { list.splice(list.findIndex((r) => r.id === Number(id)), 1); return { status: 204 }; }
  return no(404, 'not_found', 'not found');
}

const HUES = [20, 140, 210, 260, 320, 45];
const cover = (n) => `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="300"><rect width="200" height="300" fill="hsl(${HUES[n % 6]} 45% 38%)"/><circle cx="${60 + (n % 4) * 30}" cy="110" r="${40 + (n % 3) * 18}" fill="hsl(${HUES[(n + 2) % 6]} 60% 62%)"/><rect y="220" width="200" height="8" fill="hsl(${HUES[(n + 1) % 6]} 50% 80%)"/></svg>`;

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://mock');
  let text = '';
  request.on('data', (d) => (text += d));
  request.on('end', () => void respond(request, response, url, text));
});
async function respond(request, response, url, text) {
  if (url.pathname === '/api/v1/images') {
    const n = url.searchParams.get('n');
    response.writeHead(n ? 200 : 404, { 'Content-Type': 'image/svg+xml' });
    response.end(n ? cover(Number(n)) : '');
    return;
  }
  if (url.pathname.startsWith('/api/v1/')) {
    const { status, body } = answer(request.method, url.pathname.slice(7), url, text ? JSON.parse(text) : {});
    response.writeHead(status, { 'Content-Type': 'application/json', ...(auth.signedIn ? { 'Set-Cookie': 'bindery_csrf=mock; Path=/; SameSite=Lax' } : {}) });
    response.end(body === undefined ? undefined : JSON.stringify(body));
    return;
  }
  const name = url.pathname.startsWith('/assets/') ? url.pathname.slice(1) : 'index.html';
  try {
    const data = await readFile(root + name);
    response.writeHead(200, { 'Content-Type': TYPES[name.split('.').pop()] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY, 'Content-Encoding': 'gzip' });
    response.end(gzipSync(data));
  } catch {
    response.writeHead(404).end();
  }
}
server.on('upgrade', (request, socket) => live(request, socket));
server.listen(Number(port), '127.0.0.1', () => console.log(`mock (${kind}) on http://127.0.0.1:${port}/`));
