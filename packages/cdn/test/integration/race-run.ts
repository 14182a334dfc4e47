// The long run: `pnpm --filter @tierstack/cache-cdn race 25`.
import { race } from './race.ts'

const rounds = Number(process.argv[2] ?? 25)
for (const order of ['right', 'once', 'unawaited', 'first'] as const) {
  const began = performance.now()
  const { pages, stuck, readers, origin } = await race({ order, rows: 60, rounds })
  const share = ((100 * stuck) / pages).toFixed(2)
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(
    `${order.padEnd(10)} ${stuck} of ${pages} pages stuck (${share} %), ${readers} reads, ${origin} at the origin, ${seconds} s\n`,
  )
}
