import type { ResolvedOptions } from './options.ts'

type Answer = 'has' | 'has not' | 'unknown'

/**
 * Runs `work` under the lead: asked for once, extended every third of `hold`, given back. The signal that `work` gets
 * aborts as soon as another process has the lead, or may have it, since no extension was confirmed for `hold`. A leader
 * that doesn't answer within a third of `hold` counts as one that says no; undefined: `work` wasn't begun.
 */
export async function underLead<T>(
  options: ResolvedOptions,
  given: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const { clock, leader, name, hold } = options
  const losing = new AbortController()
  const signal = given ? AbortSignal.any([given, losing.signal]) : losing.signal
  if (leader === undefined) return await work(signal)

  const resign = async () => leader.resign(name)
  let over = false
  const ask = (): Promise<Answer> =>
    new Promise((resolve) => {
      const end = (answer: Answer) => {
        cancel()
        signal.removeEventListener('abort', giveUp)
        resolve(answer)
      }
      const giveUp = () => end('unknown')
      const cancel = clock.after(hold / 3, giveUp)
      signal.addEventListener('abort', giveUp)
      const lead = async () => leader.lead(name, hold)
      lead().then(
        (has) => {
          // An answer that comes when nobody wants it any more must not keep others from the lead.
          if (has && over) resign().catch(() => {})
          end(has ? 'has' : 'has not')
        },
        () => end('unknown'),
      )
      if (signal.aborted) giveUp()
    })

  const cancels = { next: () => {}, expiry: () => {} }
  const lose = (why: string) => losing.abort(new Error(why))
  const holdFrom = (askedAt: number) => {
    cancels.expiry()
    const left = askedAt + hold - clock.now()
    cancels.expiry = clock.after(left, () => lose('the lead could not be extended'))
    later()
  }
  const later = () => {
    cancels.next = clock.after(hold / 3, () => void extend())
  }
  const extend = async () => {
    const askedAt = clock.now()
    const answer = await ask()
    if (over) return
    if (answer === 'has') holdFrom(askedAt)
    else if (answer === 'has not') lose('another process has the lead')
    else later()
  }

  const askedAt = clock.now()
  if ((await ask()) !== 'has') {
    over = true
    return undefined
  }
  holdFrom(askedAt)
  try {
    return await work(signal)
  } finally {
    over = true
    cancels.next()
    cancels.expiry()
    // It ends by itself where the leader doesn't answer.
    await new Promise<void>((go) => {
      const cancel = clock.after(hold / 3, go)
      resign()
        .catch(() => {})
        .finally(() => {
          cancel()
          go()
        })
    })
  }
}
