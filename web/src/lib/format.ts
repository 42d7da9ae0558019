/** Numbers, sizes, spans and dates, in the reader's language. Sizes are 1024-based. */
let locale = 'en';
export function setLocale(next: string): void {
  locale = next;
}

const cached = <T>(make: (key: string) => T): ((key: string) => T) => {
  const known = new Map<string, T>();
  return (key) => {
    const id = `${locale}|${key}`;
    let value = known.get(id);
    if (value === undefined) known.set(id, (value = make(key)));
    return value;
  };
};
const numbers = cached((key) => new Intl.NumberFormat(locale, JSON.parse(key) as Intl.NumberFormatOptions));
const dates = cached((key) => new Intl.DateTimeFormat(locale, JSON.parse(key) as Intl.DateTimeFormatOptions));
const relatives = cached(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));

export function number(value: number, digits = 0): string {
  return numbers(`{"maximumFractionDigits":${digits}}`).format(value);
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value) || value <= 0) return '–';
  let power = 0;
  let rest = value;
  while (rest >= 1024 && power < UNITS.length - 1) {
    rest /= 1024;
    power += 1;
  }
  const digits = power < 2 || rest >= 100 ? 0 : 1;
  return `${numbers(`{"minimumFractionDigits":${digits},"maximumFractionDigits":${digits}}`).format(rest)} ${UNITS[power] ?? ''}`;
}

export function speed(value: number | null | undefined): string {
  return value == null || value <= 0 ? '' : `${bytes(value)}/s`;
}

export function percent(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return '';
  // Cut, never rounded: 99.97 is not the end.
  const step = value < 10 ? 10 : 1;
  return `${number(Math.floor(Math.max(0, Math.min(100, value)) * step) / step, 1)} %`;
}

/** A span of seconds in at most two units: `1 h 4 m`, `3 m 10 s`. */
export function span(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return '';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m${s % 60 && s < 600 ? ` ${s % 60} s` : ''}`;
  const h = Math.floor(s / 3600);
  if (h < 48) return `${h} h${Math.floor((s % 3600) / 60) ? ` ${Math.floor((s % 3600) / 60)} m` : ''}`;
  return `${Math.floor(h / 24)} d`;
}

/** A calendar date as the server sends it, never moved by the time zone; precision year, month or day. */
export function calendarDate(text: string | null | undefined, precision = 'day'): string {
  const match = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(text ?? '');
  if (!match?.[1] || match[1] === '0001') return '';
  if (precision === 'year' || !match[2]) return match[1];
  const at = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3] ?? 1)));
  return dates(
    precision === 'month' || !match[3]
      ? '{"timeZone":"UTC","year":"numeric","month":"short"}'
      : '{"timeZone":"UTC","year":"numeric","month":"short","day":"numeric"}',
  ).format(at);
}

export function year(text: string | null | undefined): string {
  const match = /^(\d{4})/.exec(text ?? '');
  return match?.[1] && match[1] !== '0001' ? match[1] : '';
}

export function dateTime(text: string | null | undefined): string {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at)) return '';
  return dates('{"dateStyle":"medium","timeStyle":"short"}').format(at);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function relative(text: string | null | undefined, now = Date.now()): string {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at)) return '';
  const seconds = (at - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relatives('').format(Math.trunc(seconds / size), unit);
  }
  return relatives('').format(0, 'second');
}
