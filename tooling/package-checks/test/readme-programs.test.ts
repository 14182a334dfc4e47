import { expect, test } from 'vitest'

import { readmeInstalls, readmePrograms } from '../src/readme-programs.ts'

const readme = `# A package

\`\`\`sh
npm i @tierstack/cache-core lru-cache # both
\`\`\`

\`\`\`ts
import { readFile } from 'node:fs/promises'
import { createCache } from '@tierstack/cache-core'
import { deep } from 'lru-cache/deep'
\`\`\`

\`\`\`ts
cache.get('a fragment')
\`\`\`
`

test('a block with imports is a program, one without is not', () => {
  expect(readmePrograms(readme)).toEqual([
    expect.objectContaining({ language: 'ts', line: 8, packages: ['@tierstack/cache-core', 'lru-cache'] }),
  ])
})

test('the install line names the packages', () => {
  expect(readmeInstalls(`${readme}\nnpm i -D typescript\n`)).toEqual([
    ['@tierstack/cache-core', 'lru-cache'],
    ['typescript'],
  ])
  expect(readmeInstalls('# Nothing to install')).toEqual([])
})
