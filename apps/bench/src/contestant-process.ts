import { libraryNamed } from './libraries.ts'
import { scenarioNamed } from './scenarios.ts'
import type { Sample } from './sample.ts'
import type { Level, Order, Place } from './scenario.ts'

/* A contestant, in a process of its own. Talks to `contestant.ts`. */

export interface Hello {
  readonly kind: 'ready'
  readonly version: string
  readonly note: string
}

export type Answer =
  | Hello
  | { readonly kind: 'played'; readonly sample: Sample }
  | { readonly kind: 'failed'; readonly message: string }

const [scenarioName = '', libraryName = '', level = 'trial', place = '{}'] = process.argv.slice(2)
const say = (answer: Answer) => process.send?.(answer)
const fail = (error: unknown) => {
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
}

// A library whose background work fails is out; it isn't to take the table with it.
process.on('unhandledRejection', fail)

try {
  const library = await libraryNamed(libraryName)
  const scenario = await scenarioNamed(scenarioName)
  const seat = await scenario.enter(library, JSON.parse(place) as Place, level as Level)
  const play = async (order: Order) => {
    try {
      say({ kind: 'played', sample: await seat.play(order) })
    } catch (error) {
      fail(error)
    }
  }
  process.on('message', (order: Order | 'end') => {
    if (order === 'end') {
      void seat.end().finally(() => process.exit(0))
      return
    }
    void play(order)
  })
  say({ kind: 'ready', version: library.version, note: library.note })
} catch (error) {
  fail(error)
}
