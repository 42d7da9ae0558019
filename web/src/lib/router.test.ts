import { expect, it } from 'vitest';
import { basePath, inside, makeMatcher, queryText } from './router';

const match = makeMatcher({ home: '/', book: '/book/:id', settings: '/settings/:tab' });

it('finds the place with its values', () => {
  expect(match('/').name).toBe('home');
  expect(match('/book/42', '?tab=files')).toMatchObject({ name: 'book', params: { id: '42' } });
  expect(match('/book/42', '?tab=files').query.get('tab')).toBe('files');
  expect(match('/settings/a%20b/').params).toEqual({ tab: 'a b' });
});

it('has a place for what does not exist', () => {
  expect(match('/nope').name).toBe('notFound');
  expect(match('/book/').name).toBe('notFound');
  expect(match('/book/%E0%A4%A').name).toBe('notFound');
});

it('works under a prefix', () => {
  expect(basePath('http://h/')).toBe('');
  expect(basePath('http://h/bindery/')).toBe('/bindery');
  expect(inside('/bindery', '/bindery/book/1')).toBe('/book/1');
  expect(inside('/bindery', '/bindery')).toBe('/');
  expect(inside('/bindery', '/binderyx/book')).toBeNull();
  expect(inside('', '/book/1')).toBe('/book/1');
});

it('leaves empty values out of the query', () => {
  expect(queryText({ q: 'a b', status: '', page: 0, on: false, x: null })).toBe('?q=a+b&page=0');
  expect(queryText({ q: '' })).toBe('');
});
