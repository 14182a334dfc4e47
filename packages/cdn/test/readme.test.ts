import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the read-me tells how to install the package', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain('npm install @tierstack/cache-core @tierstack/cache-cdn')
})
