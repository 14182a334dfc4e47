// The long run: `pnpm --filter @tierstack/cache-cdn race:embedded 375` checks 4,500 pages for each order.
import { race } from './embedded-race.ts'

const rounds = Number(process.argv[2] ?? 375)
const orders = (process.argv[3]?.split(',') ?? ['right', 'unfenced', 'unawaited', 'first']) as (
  | 'right'
  | 'first'
)[]
for (const order of orders) {
  const began = performance.now()
  const { pages, stuck, readers, origin } = await race({ order, rows: 12, rounds })
  const share = ((100 * stuck) / pages).toFixed(2)
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(
    `${order.padEnd(10)} ${stuck} of ${pages} pages stuck (${share} %), ${readers} reads, ${origin} at the origin, ${seconds} s\n`,
  )
}
