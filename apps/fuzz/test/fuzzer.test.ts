import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readCorpus } from '../src/corpus.ts'
import { allTargets } from '../targets/all.ts'

const corpus = fileURLToPath(new URL('../corpus', import.meta.url))

describe.each(allTargets)('$name', (target) => {
  test('bears every input that was kept', async () => {
    for (const input of [...target.seeds, ...readCorpus(corpus, target.name)]) {
      await expect((async () => await target.run(input))()).resolves.toBeUndefined()
    }
  })
})
