import type { KeyOf, Receipt } from '@tierstack/cache-core'
import { badRequest } from './admin-error.ts'
import { definitionOf, flag, readBody, text, texts } from './admin-request.ts'
import type { Body } from './admin-request.ts'
import type { Administered } from './administered.ts'

const selectors = ['tags', 'keys', 'raw', 'pattern', 'definition'] as const

/** `POST invalidate`: what exactly one selector names. */
export async function invalidate(cache: Administered, request: Request): Promise<Receipt> {
  const body = await readBody(request, [...selectors, 'inputs', 'soft'])
  const given = selectors.filter((name) => body[name] !== undefined)
  const [selector] = given
  if (selector === undefined || given.length > 1) {
    throw badRequest(`Expected exactly one of \`${selectors.join('`, `')}\`, got ${given.length}`)
  }
  const soft = flag(body, 'soft')
  switch (selector) {
    case 'tags':
      return await cache.invalidateTags(texts(body, 'tags') ?? [], { soft })
    case 'keys':
      return merged(
        await Promise.all(
          (texts(body, 'keys') ?? []).map((key) => {
            const entry = cache.byKey(key)
            return soft ? entry.expire() : entry.delete()
          }),
        ),
      )
    case 'raw': {
      const keys = texts(body, 'raw') ?? []
      return await (soft ? cache.expire(...keys) : cache.delete(...keys))
    }
    case 'pattern':
      if (soft) throw badRequest('Expected `soft` to be false with `pattern`')
      return await cache.deletePattern(text(body, 'pattern') ?? '')
    case 'definition': {
      const { cached } = definitionOf(cache, text(body, 'definition') ?? '')
      const inputs = inputsOf(body)
      return await (soft ? cached.expire(...inputs) : cached.delete(...inputs))
    }
  }
}

/** `POST purge`: all entries of a definition, or of the cache. */
export async function purge(cache: Administered, request: Request): Promise<Receipt> {
  const body = await readBody(request, ['definition', 'all'])
  const name = text(body, 'definition')
  if (name !== undefined) return await definitionOf(cache, name).cached.clear()
  if (!flag(body, 'all')) throw badRequest('Expected `definition`, or `"all": true`')
  return await cache.clear()
}

export function inputsOf(body: Body): readonly KeyOf[] {
  const { inputs } = body
  if (Array.isArray(inputs) && inputs.length > 0) return inputs as KeyOf[]
  throw badRequest('Expected `inputs` to be a list with at least one input')
}

/** One receipt for several removals: a tier confirmed when it confirmed all. */
function merged(receipts: readonly Receipt[]): Receipt {
  const names = (pick: (receipt: Receipt) => readonly string[]) => new Set(receipts.flatMap(pick))
  const queued = names((receipt) => receipt.queued)
  const durable = names((receipt) => receipt.durable)
  for (const name of queued) durable.delete(name)
  const confirmed = [...names((receipt) => receipt.confirmed)].filter(
    (name) => !queued.has(name) && !durable.has(name),
  )
  const buses = new Set(receipts.map((receipt) => receipt.bus))
  const bus = buses.has('queued') ? 'queued' : buses.has('sent') ? 'sent' : 'none'
  return { confirmed, queued: [...queued], durable: [...durable], bus }
}
