import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { optionNames } from '../src/options.ts'

test('the read-me lists every option, and no other', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const table = readme.slice(readme.indexOf('## Options of'))
  const listed = [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(listed).toEqual([...optionNames])
})
