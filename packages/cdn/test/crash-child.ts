// A process that holds a purge queue: removes rows as fast as it can, and says which removals were acknowledged.
import { writeSync } from 'node:fs'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { cdn, genericHttp, sqliteQueue } from '@tierstack/cache-cdn'

const [path = '', url = '', first = '0', mode = 'write'] = process.argv.slice(2)
const edge = cdn({
  provider: genericHttp({ url, token: 'token' }),
  queue: sqliteQueue({ path }),
  inFlight: '60ms',
  wait: '2ms',
  maxBackoff: '50ms',
})
const cache = createCache({ namespace: 'crash', tiers: [memory(), edge] })
// The clock's timers keep no process alive.
setInterval(() => {}, 1_000)

if (mode === 'write') {
  // Synchronous: what was said before the kill has been said.
  for (let i = Number(first); ; i++) {
    const receipt = await cache.invalidateTags(`tag-${i}`)
    if (receipt.durable.length + receipt.confirmed.length > 1) writeSync(1, `${i}\n`)
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}
