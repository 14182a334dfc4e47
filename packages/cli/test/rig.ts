import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import type { EdgeTier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { admin } from '@tierstack/cache-metrics/admin'
import { run } from '../src/program.ts'

export const token = 'a-token-for-tests-only'

/** An app with a cache, its admin endpoint on a port of its own. */
export async function startApp(edges: readonly EdgeTier[] = []) {
  const cache = createCache({ namespace: 'shop', tiers: [memory(), ...edges], ttl: '1m' })
  const rows = new Map([
    [1, 'Ada'],
    [2, 'Bob'],
  ])
  const user = cache.define({
    name: 'user',
    load: async (id: number) => {
      if (!rows.has(id)) throw new Error(`no row ${id}`)
      return { id, name: rows.get(id) }
    },
    tags: (_, id) => [`user:${id}`],
  })
  const operator = admin(cache, { token, prefix: '/-/cache', values: true })
  const server: Server = createServer((request, response) => operator.answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    cache,
    user,
    url: `http://127.0.0.1:${port}/-/cache`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await cache.close()
    },
  }
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** One call of the command line; `until` ends a command that goes on, once it has written that. */
export async function tierstack(
  words: readonly string[],
  o: { readonly env?: Readonly<Record<string, string>>; readonly until?: RegExp } = {},
): Promise<Ran> {
  const controller = new AbortController()
  let out = ''
  let err = ''
  const code = await run(words, {
    out: (text) => {
      out += text
      if (o.until?.test(out)) controller.abort()
    },
    err: (text) => (err += text),
    env: o.env ?? {},
    interactive: false,
    signal: controller.signal,
  })
  return { code, out, err }
}
