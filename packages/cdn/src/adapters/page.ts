import { openReadScope } from '@tierstack/cache-core'
import type { EntryRead, ReadScope } from '@tierstack/cache-core'
import type { CdnEdge } from '../cdn-edge.ts'
import type { HeaderPlan } from '../planner.ts'
import type { HeaderReader } from '../privacy.ts'
import type { Route } from './route.ts'

/** One response while it is made: what is read for it, and in the end its headers. */
export class Page {
  readonly reads: EntryRead[] = []
  readonly #edge: CdnEdge
  readonly #route: Route
  readonly #scope: ReadScope
  readonly #began = performance.now()

  constructor(edge: CdnEdge, route: Route) {
    this.#edge = edge
    this.#route = route
    this.#scope = openReadScope((read) => this.reads.push(read))
  }

  run<R>(work: () => R): R {
    return this.#scope.run(work)
  }

  close(): void {
    this.#scope.close()
  }

  plan(o: {
    readonly method: string
    readonly address: string
    readonly status: number
    readonly asked: HeaderReader
    readonly answered: HeaderReader
  }): HeaderPlan {
    const { anybody, ttl, browserTtl } = this.#route
    return this.#edge.plan(
      {
        method: o.method,
        status: o.status,
        asked: o.asked,
        answered: o.answered,
        reads: this.reads,
        took: performance.now() - this.#began,
        anybody,
        ...(ttl !== undefined && { ttl }),
        browserTtl,
      },
      o.address,
    )
  }
}

/** Sets what was planned; `headers` are those of the response. */
export function apply(
  plan: HeaderPlan,
  headers: { delete(name: string): unknown; append(name: string, value: string): unknown },
): void {
  for (const name of plan.remove) headers.delete(name)
  // Not ours alone: what an upstream already said of its caches stays before what we say.
  for (const [name, value] of plan.headers) headers.append(name, value)
}
