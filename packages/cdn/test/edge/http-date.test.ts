import fc from 'fast-check'
import { expect, test } from 'vitest'

import { parseHttpDate } from '../../src/edge/http-date.ts'

const at = Date.UTC(1994, 10, 6, 8, 49, 37)
const now = Date.UTC(2026, 0, 1)

test.each([
  'Sun, 06 Nov 1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  'sun, 06 NOV 1994 08:49:37 gmt',
])('%s is a date', (text) => {
  expect(parseHttpDate(text, now)).toBe(at)
})

test.each([
  '0',
  '',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 EST',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Foo 1994 08:49:37 GMT',
  'Sun, 31 Feb 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 25:49:37 GMT',
  '1994-11-06T08:49:37Z',
  'Sun, 06 Nov 94 08:49:37 GMT',
])('%j is none', (text) => {
  expect(parseHttpDate(text, now)).toBeUndefined()
})

test('a year of two digits is at most 50 years ahead', () => {
  expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', now)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37))
  expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', now)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37))
})

test('what a date is written as is read back to the second', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const second = Math.floor(date.getTime() / 1000) * 1000
      expect(parseHttpDate(date.toUTCString(), now)).toBe(second)
    }),
  )
})
