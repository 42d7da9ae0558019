import { describe, expect, it } from 'vitest';
import de from '../lang/de.json';
import en from '../lang/en.json';
import { flatten, lookup, needs, t } from './i18n';

const english = flatten(en);

describe('texts', () => {
  it('fills values and takes the plural form', () => {
    expect(t('queue.count', { count: 1 })).toBe('1 on its way');
    expect(t('queue.count', { count: 4 })).toBe('4 on their way');
    expect(t('auth.wait', { seconds: 3 })).toBe('Too many attempts. Try again in 3 s.');
    expect(lookup('no.such.key')).toBeUndefined();
  });

  it('has no empty text and no half of a plural', () => {
    for (const [key, text] of english) {
      expect(text.trim(), key).not.toBe('');
      if (key.endsWith('_one')) expect(english.has(key.replace(/_one$/, '_other')), key).toBe(true);
    }
  });

  it('says everything in German too, with the same values', () => {
    const german = flatten(de);
    expect([...german.keys()]).toEqual([...english.keys()]);
    for (const [key, text] of german) {
      expect(text.trim(), key).not.toBe('');
      expect(needs(text), key).toEqual(needs(english.get(key) ?? ''));
    }
  });
});
