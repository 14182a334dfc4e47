// The long runs: `pnpm --filter @tierstack/cache-cdn race varnish 60` and `… race embedded 375`, then the orders.
import { race } from './race.ts'
import type { Order } from './race.ts'

const [edge = 'varnish', rounds = '25', orders] = process.argv.slice(2)
if (edge !== 'varnish' && edge !== 'embedded') throw new Error(`Expected varnish or embedded, got ${edge}`)
const all: readonly Order[] = ['right', edge === 'varnish' ? 'once' : 'unfenced', 'unawaited', 'first']
for (const order of (orders?.split(',') as Order[] | undefined) ?? all) {
  const began = performance.now()
  const rows = edge === 'varnish' ? 60 : 12
  const { pages, stuck, readers, origin } = await race({ edge, order, rows, rounds: Number(rounds) })
  const share = ((100 * stuck) / pages).toFixed(2)
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(
    `${order.padEnd(10)} ${stuck} of ${pages} pages stuck (${share} %), ${readers} reads, ${origin} at the origin, ${seconds} s\n`,
  )
}
