import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { optionNames } from '../src/options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the read-me tells how to install the package', () => {
  expect(readme).toContain('npm install @tierstack/cache-core @tierstack/cache-cdn')
})

test('the read-me lists every option of `cdn`, and no other', () => {
  const table = readme.slice(readme.indexOf('## Options of `cdn`'))
  const listed = [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
  expect(listed.slice(0, optionNames.length)).toEqual([...optionNames])
})
