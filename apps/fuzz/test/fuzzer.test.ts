import { describe, expect, test } from 'vitest'
import { readCorpus } from '../src/corpus.ts'
import { frameTargets } from '../targets/frames.ts'
import { nameTargets } from '../targets/names.ts'

const corpus = new URL('../corpus', import.meta.url).pathname

describe.each([...frameTargets, ...nameTargets])('$name', (target) => {
  test('bears every input that was kept', () => {
    for (const input of [...target.seeds, ...readCorpus(corpus, target.name)]) {
      expect(() => target.run(input)).not.toThrow()
    }
  })
})
