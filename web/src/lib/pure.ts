/** Pure functions of ui.md Appendix A. */
import type { Author, FoundAuthor, FoundBook } from './wire';

export type Transport = 'torrent' | 'usenet' | 'http';
const TORRENT_CLIENTS = new Set(['qbittorrent', 'transmission', 'deluge', 'rtorrent', 'torrentblackhole']);

export function indexerProtocol(type: string): Transport {
  if (type === 'torznab') return 'torrent';
  return type === 'opds' ? 'http' : 'usenet';
}

export function clientProtocol(type: string): Transport {
  if (TORRENT_CLIENTS.has(type)) return 'torrent';
  return type === 'direct' ? 'http' : 'usenet';
}

interface Kind {
  type: string;
  enabled: boolean;
}

/** A.1: protocols of enabled indexers that no enabled client can fetch. The built-in direct
 * client serves `http` without a row, so that protocol never shows as a gap. */
export function protocolGaps(indexers: readonly Kind[], clients: readonly Kind[]): Transport[] {
  const have = new Set(clients.filter((c) => c.enabled).map((c) => clientProtocol(c.type)));
  const want = new Set(indexers.filter((i) => i.enabled).map((i) => indexerProtocol(i.type)));
  return [...want].filter((p) => p !== 'http' && !have.has(p)).sort();
}

/** A.2: only http and https links survive. */
export function safeLink(link: string | null | undefined): string {
  return link && /^https?:\/\/[^/]/i.test(link) ? link : '';
}

function versionParts(text: string): number[] | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(text.trim());
  return match ? match.slice(1).map(Number) : null;
}

/** A.3: strictly newer by plain x.y.z numbers; development builds never compare. */
export function isNewer(current: string, latest: string): boolean {
  const a = versionParts(current);
  const b = versionParts(latest);
  if (!a || !b) return false;
  for (let i = 0; i < 3; i += 1) {
    const diff = (b[i] ?? 0) - (a[i] ?? 0);
    if (diff !== 0) return diff > 0;
  }
  return false;
}

/** A.4: one line of at most 200 characters from what a program answered. */
export function errorSummary(text: string, max = 200): string {
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > max ? `${plain.slice(0, max)}…` : plain;
}

/** A.5: the page of a record at its provider, or ''. */
export function sourceLink(id: string | null | undefined, kind: 'author' | 'book'): string {
  if (!id) return '';
  if (kind === 'author' && /^OL\d+A$/.test(id)) return `https://openlibrary.org/authors/${id}`;
  if (kind === 'book' && /^OL\d+W$/.test(id)) return `https://openlibrary.org/works/${id}`;
  if (kind === 'book' && /^OL\d+M$/.test(id)) return `https://openlibrary.org/books/${id}`;
  const google = /^gb:(.+)$/.exec(id);
  if (kind === 'book' && google?.[1]) {
    return `https://books.google.com/books?id=${encodeURIComponent(google[1])}`;
  }
  return '';
}

function folded(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/&/g, ' and ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

export interface TitleGuard {
  title: FoundBook['title'];
  author: Pick<NonNullable<FoundBook['author']>, 'foreignAuthorId' | 'authorName'> | null;
}

/** A.6: a candidate that is really a book's title typed into the author search. */
export function looksLikeTitle(
  query: string,
  candidate: Pick<FoundAuthor, 'foreignAuthorId' | 'authorName' | 'topWork'>,
  books: readonly TitleGuard[],
): boolean {
  const wanted = folded(query);
  if (!wanted || folded(candidate.authorName) !== wanted || !candidate.topWork) return false;
  const top = folded(candidate.topWork);
  return books.some(
    (book) =>
      folded(book.title) === wanted &&
      !!book.author?.foreignAuthorId &&
      !!candidate.foreignAuthorId &&
      book.author.foreignAuthorId !== candidate.foreignAuthorId &&
      folded(book.author.authorName ?? '') === top,
  );
}

/** A.8: FNV-1a 32 bit over the UTF-16 units' bytes, modulo `hues`. */
export function coverHue(text: string, hues = 12): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash % hues;
}

/** Whether the server only sent its stand-in for a picture on its way: two by three pixels. Ours says more. */
export function standsIn(event: Event): boolean {
  return event.currentTarget instanceof HTMLImageElement && event.currentTarget.naturalWidth <= 2;
}

/** A.9 */
export function importDerived(author: Pick<Author, 'foreignAuthorId'> & { metadataProvider?: string }): boolean {
  const id = author.foreignAuthorId;
  return (
    !id ||
    id.startsWith('abs:') ||
    id.startsWith('calibre:') ||
    author.metadataProvider === 'audiobookshelf' ||
    author.metadataProvider === 'calibre'
  );
}

/** A.9 */
export function sparse(author: Partial<Author>): boolean {
  return !(
    author.description ||
    author.imageUrl ||
    author.disambiguation ||
    author.ratingsCount ||
    author.averageRating
  );
}

/** A.10: a guess from whole words of a release title. */
export function mediaTypeOf(title: string): 'audiobook' | 'ebook' | null {
  const words = new Set(title.toLowerCase().split(/[^a-z0-9]+/));
  if (['m4b', 'm4a', 'mp3', 'flac', 'ogg'].some((w) => words.has(w))) return 'audiobook';
  if (['epub', 'mobi', 'azw', 'azw3', 'pdf', 'djvu', 'fb2'].some((w) => words.has(w))) {
    return 'ebook';
  }
  return null;
}

/** Only a path of this app may be a target after sign-in (ui.md 1.1). */
export function safeNext(next: string | null | undefined): string {
  if (!next || !next.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/';
  for (const character of next) if (character.charCodeAt(0) < 32) return '/';
  return next.startsWith('/login') || next.startsWith('/setup') ? '/' : next;
}
