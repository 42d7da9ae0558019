// Worlds for the mock: `empty`, `usual`, `hostile`. All names are made up.
const now = Date.now();
const ago = (minutes) => new Date(now - minutes * 60_000).toISOString();
const at = (minutes) => new Date(now + minutes * 60_000).toISOString();

const PEOPLE = ['Mara Lindqvist', 'Tomás Aguilar', 'Ines Okafor', 'Henry Ashdown', 'Yuki Tanabe', 'Oleg Baranov', 'Clara Whitcombe', 'Samir Haddad'];
const TITLES = [
  'The Salt Archive', 'A Winter of Small Machines', 'Letters from the Ninth Dock', 'The Cartographer’s Debt', 'Glasshouse Season',
  'Under the Copper Sea', 'An Honest Forgery', 'The Quiet Meridian', 'Nightjar', 'What the River Kept', 'Tin Gods', 'The Long Ledger',
  'Paper Lanterns', 'The Last Ferryman', 'A Field Guide to Ghosts', 'Ember and Rye', 'The Clockmaker’s Apprentice', 'Saints of the Marsh',
];
const HOSTILE_TITLES = [
  'A'.repeat(300),
  'The Extraordinarily Long and Thoroughly Exhaustive History of Everything That Ever Happened in the Small Village of Nether Wallop and Its Immediate Surroundings, from the Retreat of the Ice until the Closing of the Post Office, Told by Its Last Remaining Inhabitant in Forty-Seven Chapters, with Maps, Appendices and an Index of Sheep',
  'مئة عام من العزلة والانتظار الطويل في مدينة لا اسم لها',
  '<img src=x onerror=alert(1)> & "quotes" \'and\' {braces}',
  '𝕿𝖍𝖊 𝕲𝖔𝖙𝖍𝖎𝖈 🦄🧨 e\u0301\u0323\u0323\u0323\u0323',
  'Ö',
];
const HOSTILE_PEOPLE = ['עמוס בן־אליעזר הכהן מירושלים', 'X'.repeat(120), 'Józef Maria Hieronim Onufry Kossakowski-Ślepowron von und zu Hohenlohe', 'Q'];

export function makeWorld(kind) {
  if (kind === 'empty') return emptyWorld();
  const hostile = kind === 'hostile';
  const people = hostile ? [...HOSTILE_PEOPLE, ...PEOPLE] : PEOPLE;
  const titles = hostile ? [...HOSTILE_TITLES, ...TITLES] : TITLES;
  const authors = people.map((authorName, i) => ({
    id: i + 1, foreignAuthorId: `OL${i + 100}A`, authorName, sortName: authorName, monitored: i % 3 !== 2, monitorMode: 'all',
    description: hostile && i < 2 ? 'Word '.repeat(900) : 'Writes about harbours, weather and the people who keep accounts of both. Lives by the sea and answers letters slowly.',
    disambiguation: i === 3 ? 'novelist' : '', averageRating: 3.5 + (i % 5) / 4, ratingsCount: 120 * (i + 1), imageUrl: '',
    statistics: { bookCount: 0, availableBookCount: 0, wantedBookCount: 0 },
    sync: i === 0 ? { state: 'running', done: 12, total: 40 } : { state: 'done' },
  }));
  const STATUS = ['imported', 'wanted', 'downloading', 'imported', 'wanted', 'skipped', 'wanted'];
  const books = titles.map((title, i) => {
    const author = authors[i % authors.length];
    const status = STATUS[i % STATUS.length];
    author.statistics.bookCount += 1;
    if (status === 'imported') author.statistics.availableBookCount += 1;
    if (status === 'wanted') author.statistics.wantedBookCount += 1;
    return {
      id: i + 1, foreignBookId: `OL${i + 500}W`, authorId: author.id, title, status, monitored: i % 6 !== 4, mediaType: i % 4 === 3 ? 'audiobook' : 'ebook',
      description: 'When the ledger of a drowned town comes to light, three strangers find their names in it, written a century before they were born.\n\nA story about debts, tides and patience.',
      imageUrl: hostile ? '/api/v1/images?url=broken' : i % 3 === 0 ? '' : `/api/v1/images?n=${i}`, releaseDate: `${1990 + i}-0${1 + (i % 9)}-12T00:00:00Z`,
      genres: ['Fiction', 'Sea stories'], language: 'eng', narrator: hostile ? Array.from({ length: 20 }, (_, n) => `Narrator Number ${n + 1}`).join(', ') : i % 4 === 3 ? 'Ada Fenwick' : '',
      durationSeconds: i % 4 === 3 ? 37_800 : 0, pageCount: 280 + i, excluded: false, author: { id: author.id, authorName: author.authorName },
      series: i % 5 === 0 ? [{ id: 1, title: 'Tide Books', position: String(1 + i / 5) }] : [], createdAt: ago(i * 700),
      bookFiles: status === 'imported' ? [{ id: i, format: i % 4 === 3 ? 'audiobook' : 'ebook', path: `/books/${author.authorName}/${title}/${title}.epub`, sizeBytes: 2_400_000 }] : [],
      lastSearchAt: i % 2 ? ago(90) : null,
    };
  });
  const queue = [
    { state: 'downloading', percent: 41.5, speed: 5_242_880, eta: 190, seeders: 12, protocol: 'torrent', client: 'qBittorrent' },
    { state: 'downloading', percent: 3.2, speed: 310_000, eta: 5_400, seeders: 1, protocol: 'torrent', client: 'qBittorrent' },
    { state: 'completed', stage: 'gate', percent: 100, protocol: 'torrent', client: 'qBittorrent', error: { code: 'path-not-visible', params: { path: '/downloads/complete' } }, nextStepAt: at(2) },
    { state: 'importing', stage: 'place', percent: 100, protocol: 'http', client: 'Built-in' },
    { state: 'grabbed', stage: 'fetch', percent: null, protocol: 'torrent', client: 'qBittorrent' },
    { state: 'importBlocked', percent: 100, protocol: 'usenet', client: 'SABnzbd', error: hostile ? { code: 'x', text: `<html><body>${'Traceback of a very broken program. '.repeat(30)}</body></html>` } : { code: 'unmatched' } },
    { state: 'failed', percent: 60, protocol: 'torrent', client: 'qBittorrent', error: { code: 'removed-from-client' } },
    { state: 'imported', percent: 100, protocol: 'http', client: 'Built-in' },
  ].map((row, i) => {
    const book = books[i];
    return { id: i + 1, bookId: book.id, title: book.title, authorName: book.author.authorName, release: `${book.author.authorName}.-.${book.title}.(2021).EPUB-GRP`.replace(/ /g, '.'), size: 734_003_200 / (i + 1), addedAt: ago(30 - i), stateSince: ago(i), format: 'ebook', ...row };
  });
  const TYPES = ['bookImported', 'grabbed', 'downloadFailed', 'importFailed', 'bookImported', 'grabbed'];
  const history = Array.from({ length: 40 }, (_, i) => {
    const book = books[i % books.length];
    const eventType = TYPES[i % TYPES.length];
    return { id: 900 - i, bookId: book.id, eventType, sourceTitle: `${book.author.authorName} - ${book.title} (2021) EPUB`, data: eventType === 'importFailed' ? '{"code":"disk-full","path":"/books","needed":734003200,"free":1048576}' : eventType === 'bookImported' ? `{"path":"/books/${i}.epub","format":"ebook"}` : '{}', createdAt: ago(7 + i * 53), imageUrl: book.imageUrl, book: { id: book.id, title: book.title, authorId: book.authorId, authorName: book.author.authorName } };
  });
  return {
    authors, books, queue, history,
    staleClients: hostile ? [{ clientId: 4, name: 'SABnzbd', message: 'timed out' }] : [],
    blocklist: books.slice(0, 6).map((b, i) => ({ id: i + 1, bookId: b.id, guid: `g${i}`, title: `${b.author.authorName} - ${b.title} MOBI`, indexerId: 1, reason: 'downloadFailed', createdAt: ago(200 * i) })),
    indexers: [
      { id: 1, name: 'Harbour Index', type: 'torznab', url: 'http://harbour.example/api', apiKeyConfigured: true, categories: [7020, 3030], priority: 25, enabled: true, seedRatio: 1.5, freeleechOnly: false },
      { id: 2, name: hostile ? 'N'.repeat(140) : 'Tide Newz', type: 'newznab', url: `https://tide.example/${hostile ? 'path/'.repeat(30) : ''}api`, apiKeyConfigured: true, categories: [7020], priority: 10, enabled: true },
      { id: 3, name: 'Free Shelf', type: 'opds', url: 'https://free.example/opds', categories: [], priority: 5, enabled: false },
    ],
    clients: [
      { id: 1, name: 'Built-in', type: 'direct', host: '', port: 0, useSsl: false, urlBase: '', username: '', category: '', categoryAudiobook: '', pathRemap: '', priority: 0, enabled: true },
      { id: 2, name: 'qBittorrent', type: 'qbittorrent', host: 'qbittorrent', port: 8080, useSsl: false, urlBase: '', username: 'admin', passwordConfigured: true, category: 'books', categoryAudiobook: '', pathRemap: '', priority: 1, enabled: true, health: { status: hostile ? 'error' : 'ok', message: 'The category "books" saves to /torrents, which is not below /downloads.' } },
    ],
    roots: [
      { id: 1, path: '/books', freeSpace: 412_000_000_000, totalSpace: 2_000_000_000_000, accessible: true },
      { id: 2, path: '/audiobooks', freeSpace: 0, totalSpace: 0, accessible: false },
    ],
    attention: [
      { id: 'a1', code: 'path-not-visible', severity: 'warning', params: { path: '/downloads/complete' }, entity: 'download:3', action: 'check_path', since: ago(14) },
      { id: 'a2', code: 'indexer-down', severity: 'warning', params: { name: 'Tide Newz' }, since: ago(120) },
      ...(hostile ? [{ id: 'a3', code: 'never-heard-of', severity: 'error', params: {}, text: 'Something new happened that this page has no words for. '.repeat(6), since: ago(1) }] : []),
    ],
    health: ['writer', 'live', 'roster', 'scheduler', 'search', 'indexer:1', 'indexer:2', 'downloads:1', 'downloads:2', 'importer', 'metadata', 'notifier', 'housekeeper'].map((name, i) => ({ id: name, name, state: name === 'indexer:2' ? 'backoff' : hostile && name === 'notifier' ? 'parked' : 'running', restarts: name === 'indexer:2' ? 3 : 0, waiting: i % 3, oldestS: i % 3 ? 2.5 : null, inHandS: null, okAt: ago(i), heldUntil: name === 'indexer:2' ? at(12) : null, reason: name === 'indexer:2' ? { code: 'rate_limited', params: {} } : null, lastError: name === 'indexer:2' ? `ConnectTimeout: ${hostile ? 'x'.repeat(400) : 'tide.example did not answer in 15 s'}` : null })),
    jobs: [{ id: 'j-19', kind: 'author.sync', titleCode: 'author.sync', params: { author: 'Mara Lindqvist' }, state: 'running', done: 12, total: 40, cancellable: true }],
    setup: { hasIndexer: true, hasClient: true, hasRoot: true, hasAuthor: true, hasGrab: true, hasImport: true, complete: true },
  };
}

function emptyWorld() {
  return {
    authors: [], books: [], queue: [], history: [], staleClients: [], blocklist: [], indexers: [], clients: [], roots: [], attention: [], jobs: [],
    health: [{ id: 'writer', name: 'writer', state: 'running', restarts: 0, waiting: 0 }],
    setup: { hasIndexer: false, hasClient: true, hasRoot: false, hasAuthor: false, hasGrab: false, hasImport: false, complete: false },
  };
}

export function releasesFor(book, hostile) {
  const base = `${book.author.authorName} - ${book.title}`;
  const make = (n, indexerId, title, more) => ({ candidateId: n, guid: `g-${n}`, indexerId, indexerName: ['', 'Harbour Index', 'Tide Newz', 'Free Shelf'][indexerId], title, size: 2_400_000 * n, publishedAt: ago(n * 4000), infoUrl: 'https://harbour.example/details/1', ...more });
  const rows = [
    make(1, 1, `${base} (2021) [EPUB]`, { protocol: 'torrent', seeders: 14, quality: 'epub', verdict: 'grab', score: 91.5, rejections: [] }),
    make(2, 1, `${base} (2021) AZW3`, { protocol: 'torrent', seeders: 3, quality: 'azw3', verdict: 'rejected', score: 40, rejections: [{ code: 'format-not-wanted', class: 'soft', found: 'azw3', wanted: 'epub' }] }),
    make(3, 1, `${base} GERMAN epub`, { protocol: 'torrent', seeders: 0, quality: 'epub', verdict: 'rejected', rejections: [{ code: 'language', class: 'soft', found: 'ger', wanted: 'eng' }, { code: 'seeders', class: 'soft', found: '0', wanted: '1' }] }),
    make(4, 2, `${base} Retail EPUB eBook-GRP`, { protocol: 'usenet', quality: 'epub', verdict: 'acceptable', score: 80, rejections: [] }),
    make(5, 2, `${base}.epub.exe`, { protocol: 'usenet', verdict: 'rejected', rejections: [{ code: 'dangerous', class: 'hard' }, { code: 'not-the-book', class: 'hard' }] }),
    make(6, 2, `${base} M4B 64kbps`, { protocol: 'usenet', quality: 'm4b', verdict: 'rejected', rejections: [{ code: 'wrong-media-type', class: 'hard', found: 'audiobook', wanted: 'ebook' }] }),
    make(7, 3, book.title, { protocol: 'http', quality: 'epub', verdict: 'rejected', rejections: [{ code: 'delay', class: 'temporary', params: { minutes: 50 } }] }),
  ];
  if (hostile) for (let n = 8; n < 300; n += 1) rows.push(make(n, 1 + (n % 2), `${base} ${'long.name.'.repeat(n % 20)}`, { protocol: 'torrent', seeders: n, verdict: 'rejected', rejections: [{ code: 'brand-new-rule', class: 'hard', text: 'A rule that the page has never heard of' }] }));
  return rows;
}
