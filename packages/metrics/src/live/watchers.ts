import { AdminError } from '../admin-error.ts'

/** Pages open at once. */
const mostWatchers = 50
/** What a slow reader may leave unread; what comes beyond waits at its origin, where it isn't kept per reader. */
const mostUnread = 2
/** A reader that takes nothing for so long is let go. */
const patienceMs = 30_000

interface Watcher {
  readonly to: ReadableStreamDefaultController<string>
  /** What it has seen of the timeline. */
  seen: number
  lastTook: number
}

/** Those who watch, as streams of server-sent events. Memory doesn't grow with how slow one is. */
export class Watchers {
  readonly #watchers = new Set<Watcher>()
  readonly #changed: (count: number) => void
  readonly #now: () => number

  /** `changed` is told how many watch. */
  constructor(changed: (count: number) => void, now: () => number = () => performance.now()) {
    this.#changed = changed
    this.#now = now
  }

  get size(): number {
    return this.#watchers.size
  }

  /** A new watcher's stream; `seen` is where in the timeline it left off. Throws where too many watch. */
  open(seen: number): Response {
    if (this.#watchers.size >= mostWatchers) {
      throw new AdminError(503, 'TOO_MANY', `Expected at most ${mostWatchers} pages to be open, close some`)
    }
    let own: Watcher | undefined
    const stream = new ReadableStream<string>(
      {
        start: (to) => {
          own = { to, seen, lastTook: this.#now() }
          to.enqueue('retry: 1000\n\n')
          this.#watchers.add(own)
          this.#changed(this.#watchers.size)
        },
        cancel: () => {
          if (own) this.#remove(own)
        },
      },
      { highWaterMark: mostUnread },
    )
    return new Response(stream.pipeThrough(new TextEncoderStream()), {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // Without it, nginx would gather what should arrive at once.
        'x-accel-buffering': 'no',
      },
    })
  }

  /** Sends what `message` makes for each one: it gets where that one is in the timeline. */
  send(last: number, message: (seen: number) => string): void {
    const now = this.#now()
    for (const watcher of this.#watchers) {
      if ((watcher.to.desiredSize ?? 0) > 0) {
        watcher.to.enqueue(message(watcher.seen))
        watcher.seen = last
        watcher.lastTook = now
      } else if (now - watcher.lastTook > patienceMs) {
        this.#remove(watcher)
        watcher.to.error(new Error('the reader takes nothing'))
      }
    }
  }

  close(): void {
    for (const watcher of this.#watchers) {
      this.#remove(watcher)
      watcher.to.close()
    }
  }

  #remove(watcher: Watcher): void {
    if (this.#watchers.delete(watcher)) this.#changed(this.#watchers.size)
  }
}
