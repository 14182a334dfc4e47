import { readFileSync } from 'node:fs'
import { memory } from '@tierstack/cache-memory'
import { expect, test } from 'vitest'

import { edge } from '../../src/edge/index.ts'
import { optionNames } from '../../src/edge/options.ts'

test('the manual lists every option of the edge, and no other', () => {
  const manual = readFileSync(new URL('../../../../docs/edge.md', import.meta.url), 'utf8')
  const listed = [...manual.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(listed).toEqual([...optionNames])
})

test.each([
  [{ origin: 'ftp://a' }, 'Expected `origin` to be an http(s) URL without a path, or a request listener'],
  [{ origin: 'http://a/b' }, 'Expected `origin`'],
  [{ name: 'a b' }, 'Expected `name` to be a token'],
  [{ hosts: 'all' }, 'Expected `hosts` to be a list of texts'],
  [{ originConnections: 0 }, 'Expected `originConnections` to be a positive integer'],
  [{ setCookie: 'drop' }, 'setCookie'],
  [{ orgin: 'http://a' }, 'origin'],
] as const)('%j is refused', (wrong, message) => {
  expect(() => edge({ tiers: [memory()], origin: 'http://a', ...(wrong as object) })).toThrow(message)
})

test('a wrong token is not shown', () => {
  expect(() => edge({ tiers: [memory()], origin: 'http://a', purgeToken: 'hunter2' })).toThrow(
    /^(?!.*hunter2)/,
  )
})
