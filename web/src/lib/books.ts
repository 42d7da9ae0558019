/** What a book's facts amount to. Pure. */
import type { Book, BookFile, Format } from './wire';

export type Mark = 'shelf' | 'way' | 'wanted' | 'needs' | 'notMonitored' | 'skipped' | 'excluded' | 'upcoming';

export function markOf(book: Pick<Book, 'status' | 'monitored'> & Partial<Pick<Book, 'excluded' | 'releaseDate'>>, today = new Date()): Mark {
  if (book.excluded) return 'excluded';
  switch (book.status) {
    case 'imported':
      return 'shelf';
    case 'downloading':
    case 'downloaded':
      return 'way';
    case 'skipped':
      return 'skipped';
    case 'failed':
      return 'needs';
  }
  if (!book.monitored) return 'notMonitored';
  const released = book.releaseDate?.slice(0, 10) ?? '';
  if (released && released > today.toISOString().slice(0, 10)) return 'upcoming';
  return 'wanted';
}

/** Files by format: the rows, else the paths of older answers. */
export function filesOf(book: { bookFiles?: BookFile[]; ebookFilePath?: string; audiobookFilePath?: string }): { format: Format; files: BookFile[] }[] {
  const rows: BookFile[] = [...(book.bookFiles ?? [])];
  if (!rows.length) {
    if (book.ebookFilePath) rows.push({ format: 'ebook', path: book.ebookFilePath, sizeBytes: 0 });
    if (book.audiobookFilePath) rows.push({ format: 'audiobook', path: book.audiobookFilePath, sizeBytes: 0 });
  }
  return (['ebook', 'audiobook'] as const)
    .map((format) => ({ format, files: rows.filter((f) => f.format === format) }))
    .filter((g) => g.files.length > 0);
}
