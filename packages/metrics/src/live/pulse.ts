import { randomBytes } from 'node:crypto'
import type { Administered } from '../administered.ts'
import { shownActions } from './actions.ts'
import { flowOf } from './flow.ts'
import type { DefinitionFlow, Flow, Look } from './flow.ts'
import type { ResolvedLivePageOptions } from './options.ts'
import { ReadTimes } from './read-times.ts'
import type { Timeline } from './timeline.ts'
import { Watchers } from './watchers.ts'

const beatMs = 1_000
/** Definitions told with each beat; the others can be asked for by name. */
const mostShown = 50

/** The beat of the page: each second, while somebody watches, one look at the cache for all who do. */
export class Pulse {
  /** Tells a page that the app was started anew, and that what counts since the start does so from zero. */
  readonly #run = randomBytes(6).toString('hex')
  readonly #cache: Administered
  readonly #options: ResolvedLivePageOptions
  readonly #timeline: Timeline
  readonly #times: ReadTimes
  readonly #watchers: Watchers
  #timer: NodeJS.Timeout | undefined
  #before: Look | undefined
  #flow: Flow | undefined

  constructor(cache: Administered, options: ResolvedLivePageOptions, timeline: Timeline) {
    this.#cache = cache
    this.#options = options
    this.#timeline = timeline
    this.#times = new ReadTimes(cache, options.reads)
    this.#watchers = new Watchers((count) => (count > 0 ? this.#start() : this.#pause()))
  }

  /** `GET flow`: a message each second, until the caller leaves. */
  watch(query: URLSearchParams): Response {
    const again = query.get('run') === this.#run
    const seen = again ? Number(query.get('seen')) : 0
    const first = this.#watchers.size === 0
    const response = this.#watchers.open(Number.isFinite(seen) ? seen : 0)
    if (first) this.#beat()
    return response
  }

  /** `GET definitions?like=`: those whose name contains the text, most reads first. */
  definitions(query: URLSearchParams): Promise<object> {
    if (this.#flow === undefined) this.#look()
    const like = (query.get('like') ?? '').toLowerCase()
    const all = this.#flow?.definitions ?? []
    return Promise.resolve(shown(all.filter(({ name }) => name.toLowerCase().includes(like))))
  }

  stop(): void {
    this.#watchers.close()
  }

  #start(): void {
    if (this.#timer !== undefined) return
    this.#times.begin()
    this.#before = this.#looked()
    this.#timer = setInterval(() => {
      this.#beat()
      this.#times.turn()
    }, beatMs)
    this.#timer.unref()
  }

  #pause(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#flow = undefined
    this.#before = undefined
    this.#times.end()
  }

  #looked(): Look {
    const { queries } = this.#options
    return { now: performance.now(), stats: this.#cache.stats(), queries: queries?.() }
  }

  #look(): void {
    const look = this.#looked()
    this.#flow = flowOf(this.#before ?? look, look, (tier) => this.#times.latency(tier))
    // A look a moment after the last would make rates of almost nothing.
    if (this.#before === undefined || look.now - this.#before.now > beatMs / 2) this.#before = look
  }

  #beat(): void {
    this.#look()
    const { definitions, ...flow } = this.#flow as Flow
    const { facts, actions } = this.#options
    const beat = JSON.stringify({
      at: Date.now(),
      run: this.#run,
      pid: process.pid,
      namespace: this.#before?.stats.namespace,
      readOnly: this.#options.admin.readOnly,
      advised: this.#options.admin.advisor !== undefined,
      ...flow,
      definitions: shown(definitions),
      facts: facts?.() ?? [],
      actions: shownActions(actions),
    })
    const { last } = this.#timeline
    this.#watchers.send(last, (seen) => {
      const timeline = JSON.stringify({ last, happenings: this.#timeline.since(seen) })
      return `event: timeline\ndata: ${timeline}\n\nevent: flow\ndata: ${beat}\n\n`
    })
  }
}

function shown(all: readonly DefinitionFlow[]): object {
  return { total: all.length, shown: all.slice(0, mostShown) }
}
