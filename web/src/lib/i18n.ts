/** Texts by typed key, with {values} and plural forms by suffix. English is the complete language. */
import en from '../lang/en.json';
import { setLocale } from './format';

type Path<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${K}` : Path<T[K], `${P}${K}.`>;
}[keyof T & string];
type AnyKey = Path<typeof en>;
type Stem<K> = K extends `${infer S}_other` ? S : never;
/** A key as it is written, or the stem of its plural forms. */
export type Key = AnyKey | Stem<AnyKey>;
export type Values = Record<string, string | number>;

export function flatten(tree: object, prefix = '', into = new Map<string, string>()): Map<string, string> {
  for (const [key, value] of Object.entries(tree) as [string, unknown][]) {
    if (typeof value === 'string') into.set(prefix + key, value);
    else if (value && typeof value === 'object') flatten(value, `${prefix}${key}.`, into);
  }
  return into;
}

const english = flatten(en);
let texts = english;
let plural = new Intl.PluralRules('en');

/** Languages beside English are loaded when chosen. */
const LANGUAGES: Record<string, () => Promise<{ default: object }>> = {
  de: () => import('../lang/de.json'),
};

export async function useLanguage(wanted: string): Promise<string> {
  const asked = wanted === 'system' ? navigator.languages : [wanted];
  const code = asked.map((l) => l.split('-')[0] ?? '').find((l) => l === 'en' || l in LANGUAGES) ?? 'en';
  const load = LANGUAGES[code];
  texts = load ? flatten((await load()).default) : english;
  plural = new Intl.PluralRules(code);
  setLocale(wanted === 'system' ? (navigator.language.startsWith(code) ? navigator.language : code) : code);
  return code;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => (name in values ? String(values[name]) : all));
}

function find(key: string, values: Values): string | undefined {
  const count = values['count'];
  if (count !== undefined) {
    const form = typeof count === 'number' ? plural.select(count) : 'other';
    const found =
      texts.get(`${key}_${form}`) ?? texts.get(`${key}_other`) ?? english.get(`${key}_${form}`) ?? english.get(`${key}_other`);
    if (found !== undefined) return found;
  }
  return texts.get(key) ?? english.get(key);
}

export function t(key: Key, values: Values = {}): string {
  return fill(find(key, values) ?? key, values);
}

/** For keys made at run time (codes of the server): undefined when there is no such text. */
export function lookup(key: string, values: Values = {}): string | undefined {
  const found = find(key, values);
  return found === undefined ? undefined : fill(found, values);
}

/** The names of the values a text needs. */
export function needs(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();
}
