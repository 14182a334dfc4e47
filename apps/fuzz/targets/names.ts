import { CacheError } from '@tierstack/cache-core'
import { Journal } from '../../../packages/core/src/journal.ts'
import { canonical } from '../../../packages/core/src/key.ts'
import { tenantOf } from '../../../packages/core/src/tenant-name.ts'
import {
  filledHead,
  nameInBody,
  parseMessage,
  parsePulse,
  removalBodies,
} from '../../../packages/redis/src/message.ts'
import { encodeValue, parseStored } from '../../../packages/redis/src/stored.ts'
import { bytesOf, mayRefuse } from './target.ts'
import type { Target } from './target.ts'

const origin = '0123456789abcdef'
const messages = [
  ...removalBodies(origin, { kind: 'keys', keys: ['#row@2:n1', '=a:b'], soft: false }),
  ...removalBodies(origin, { kind: 'tags', tags: ['user:1'], soft: true }),
  ...removalBodies(origin, { kind: 'all' }),
  ...removalBodies(origin, { kind: 'keys', keys: ['=a'], soft: true }, '00-7'),
  Buffer.from(`${filledHead(origin)}${nameInBody('=key')}${nameInBody('=other')}`),
]

const message: Target = {
  name: 'message',
  seeds: messages.map((body, i) =>
    Buffer.concat([Buffer.from(i === messages.length - 1 ? '0|' : `${i + 7}|`), body]),
  ),
  run(input) {
    const read = parseMessage(input)
    if (read?.kind !== 'removal') return
    // One message has one spelling: a length that is not that of its name would change what is removed.
    const bodies = removalBodies(read.origin, read.removal, read.trace)
    if (bodies.length > 1) return
    const again = Buffer.concat([Buffer.from(`${read.sequence}|`), bodies[0] ?? Buffer.of()])
    if (!again.equals(input)) throw new Error('not the same')
  },
}

const pulse: Target = {
  name: 'pulse',
  seeds: [bytesOf('17|42')],
  run: (input) => void parsePulse(input),
}

const stored: Target = {
  name: 'stored',
  seeds: [encodeValue(origin, bytesOf('frame')), bytesOf(`L${origin}`), bytesOf(`T${origin}1700000000000`)],
  run(input) {
    const read = parseStored(Buffer.from(input))
    if (read.kind === 'value' && read.frame.bytes.length > input.length)
      throw new Error('more than there was')
  },
}

/** Two bytes a step: what is done, and to which of a few names. Never forgets a removal that wasn't confirmed. */
const journal: Target = {
  name: 'journal',
  seeds: [Uint8Array.of(0, 1, 1, 1, 4, 0, 5, 0), Uint8Array.of(3, 0, 0, 2, 4, 0, 0, 3, 5, 0)],
  run(input) {
    const one = new Journal(8)
    let page = one.page()
    const open = new Set<string>()
    let atPage = new Set<string>()
    for (let i = 0; i + 1 < input.length; i += 2) {
      const name = `k${(input[i + 1] ?? 0) % 12}`
      switch ((input[i] ?? 0) % 6) {
        case 0:
        case 1:
          one.addKeys([name], input[i] === 1)
          open.add(name)
          atPage.delete(name)
          break
        case 2:
          one.addTags([name], false)
          break
        case 3:
          one.addAll()
          break
        case 4:
          page = one.page()
          atPage = new Set(open)
          break
        default:
          page.confirm()
          for (const done of atPage) open.delete(done)
          atPage = new Set()
      }
      for (const key of open) if (!one.fences(key)) throw new Error(`forgot ${key}`)
    }
  },
}

/** Different inputs have different keys. */
const key: Target = {
  name: 'key',
  seeds: ['[1,"1",true,null]', '{"a":{"b":[]}}', '"a|b"', '-0'].map(bytesOf),
  run(input) {
    const given = mayRefuse(
      () => ({ value: JSON.parse(new TextDecoder().decode(input)) as unknown }),
      (error) => error instanceof SyntaxError,
    )
    if (given === undefined) return
    const made = mayRefuse(
      () => canonical(given.value),
      (error) => error instanceof CacheError,
    )
    const other = mayRefuse(
      () => canonical([given.value]),
      (error) => error instanceof CacheError,
    )
    if (made !== undefined && made === other) throw new Error('two inputs have one key')
  },
}

const tenant: Target = {
  name: 'tenant',
  seeds: ['@acme/#row@1:n1', '@a%2Fb/=k', '=k'].map(bytesOf),
  run: (input) => void tenantOf(new TextDecoder().decode(input)),
}

export const nameTargets: readonly Target[] = [message, pulse, stored, journal, key, tenant]
