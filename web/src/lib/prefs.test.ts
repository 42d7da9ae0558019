import { expect, it } from 'vitest';
import { DEFAULTS, readPrefs } from './prefs';

it.each([null, '', '{', '[]', '7', '{"theme":"pink","pageSize":3}'])('reads %s as the defaults', (text) => {
  expect(readPrefs(text)).toEqual(DEFAULTS);
});

it('keeps what is known', () => {
  expect(readPrefs('{"theme":"dark","pageSize":100,"x":1}')).toEqual({
    ...DEFAULTS,
    theme: 'dark',
    pageSize: 100,
  });
});
