import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Planted } from './plant.ts'

/*
 * pnpm fuzz:planted [NAME…]
 *
 * Proves that the fuzzer finds what it is there for: takes one protection at a time out of a parser, and ends with 1
 * when the fuzzer doesn't notice within the time.
 */
interface Mutant extends Planted {
  readonly name: string
  readonly target: string
}

const mutants: readonly Mutant[] = [
  {
    name: 'a damaged frame that is believed',
    target: 'frame',
    file: 'packages/core/src/read-frame.ts',
    from: "if (crcOfFrame(bytes, start, headEnd, view) !== sum) throw new BadFrame('frame is damaged')",
    to: '',
  },
  {
    name: 'compressed bytes that grow without a limit',
    target: 'gzip',
    file: 'packages/serializers/src/algorithms.ts',
    from: 'zlib.gunzipSync(bytes, { info: true, maxOutputLength: limit(maxBytes) })',
    to: 'zlib.gunzipSync(bytes, { info: true })',
  },
  {
    name: 'an answer with a cookie that is shared',
    target: 'cdn-answer',
    file: 'packages/cdn/src/privacy.ts',
    from: "if (answered.get('set-cookie') !== null) return { mode: 'private', why: 'sets a cookie' }",
    to: '',
  },
  {
    name: 'a range that ends after the body',
    target: 'cdn-request',
    file: 'packages/cdn/src/edge/range.ts',
    from: 'Math.min(Number(to), length - 1)',
    to: 'Number(to)',
  },
  {
    name: 'a removal that the journal forgets',
    target: 'journal',
    file: 'packages/core/src/journal.ts',
    from: 'if (this.#keys.get(name) === mark) this.#keys.delete(name)',
    to: 'this.#keys.delete(name)',
  },
  {
    name: 'a message whose last name is cut',
    target: 'message',
    file: 'packages/redis/src/message.ts',
    from: 'length === undefined || colon + 1 + length > buffer.length',
    to: 'length === undefined',
  },
  {
    name: 'an admin endpoint that fails at what is no JSON',
    target: 'admin',
    file: 'packages/metrics/src/admin-request.ts',
    from: "    throw badRequest('Expected the body to be JSON')\n",
    to: '    body = undefined\n    return body as never\n',
  },
]

const wanted = process.argv.slice(2)
const root = fileURLToPath(new URL('..', import.meta.url))
const faults = mkdtempSync(join(tmpdir(), 'tierstack-fuzz-'))
let missed = 0
try {
  for (const mutant of mutants.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const began = performance.now()
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        '--conditions=@tierstack/source',
        '--disable-warning=ExperimentalWarning',
        `--import=${root}src/plant.ts`,
        `${root}src/main.ts`,
        `--target=${mutant.target}`,
        `--faults=${faults}`,
        '--minutes=0.5',
        '--seed=1',
      ],
      { encoding: 'utf8', env: { ...process.env, PLANTED_FAULT: JSON.stringify(mutant) } },
    )
    const found = status === 1 && stderr.includes(`FAULT in ${mutant.target}`)
    if (!found) missed++
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`${mutant.name}: ${found ? `found after ${seconds} s` : `NOT FOUND\n${stderr}`}`)
  }
} finally {
  rmSync(faults, { recursive: true, force: true })
}
console.log(missed === 0 ? 'every planted fault was found' : `${missed} planted faults were missed`)
process.exitCode = missed === 0 ? 0 : 1
