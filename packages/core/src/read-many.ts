import { Passenger } from './asking.ts'
import type { Chain } from './chain.ts'
import type { KeyOf } from './key.ts'
import type { Query } from './query.ts'
import { disembark, Embarking, isUsual, read } from './read.ts'

/**
 * Reads many keys of one definition: as many single reads, but for their promises. Hits in memory are answered in one
 * walk, what misses it boards one wave, and what that brings is answered in another walk; only a key that takes the
 * long way (a miss, a stale entry, a flight that is under way already) has a promise of its own.
 */
export async function readMany(
  chain: Chain,
  query: Query,
  inputs: readonly KeyOf[],
  o: { readonly hit: (input: KeyOf) => unknown; readonly keyOf: (input: KeyOf) => string },
): Promise<unknown[]> {
  const answers: unknown[] = []
  const missing: number[] = []
  for (let i = 0; i < inputs.length; i++) {
    const value = o.hit(inputs[i])
    answers.push(value)
    if (value === undefined) missing.push(i)
  }
  if (missing.length === 0) return answers
  // Before any flight begins: a key that is refused refuses the call.
  const keys = missing.map((i) => o.keyOf(inputs[i]))
  const [link] = chain.links
  const now = chain.clock.now()
  const usual = link !== undefined && isUsual(chain, query, link, now) ? link : undefined
  const embarking = usual && new Embarking(chain, query, usual, now)
  const aboard: Passenger[] = []
  const places: number[] = []
  let apart = false
  for (let m = 0; m < missing.length; m++) {
    const i = missing[m] as number
    const made = beginOne(chain, query, embarking, keys[m] as string, inputs[i])
    if (made instanceof Passenger) {
      aboard.push(made)
      places.push(i)
    } else {
      answers[i] = made
      apart ||= made instanceof Promise
    }
  }
  if (usual !== undefined && aboard.length > 0) {
    const wave = query.load === undefined ? chain.waves.getting : chain.waves.loading
    await wave.boardAll(usual, aboard)
    for (let p = 0; p < aboard.length; p++) {
      const made = endOne(chain, aboard[p] as Passenger)
      answers[places[p] as number] = made
      apart ||= made instanceof Promise
    }
  }
  return apart ? await Promise.all(answers) : answers
}

/** A passenger, or what a call of its own would return: one key's trouble must leave no other's flight behind. */
function beginOne(
  chain: Chain,
  query: Query,
  embarking: Embarking | undefined,
  key: string,
  input: unknown,
): unknown {
  try {
    const made = embarking?.begin(key, input)
    if (made instanceof Passenger) return made
    return made === undefined ? unheard(read(chain, query, key, input)) : made.value
  } catch (error) {
    return unheard(Promise.reject(error))
  }
}

function endOne(chain: Chain, passenger: Passenger): unknown {
  try {
    return disembark(chain, passenger)
  } catch (error) {
    return unheard(Promise.reject(error))
  }
}

/** A promise that nobody need listen to yet. */
function unheard(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(() => {})
  return promise
}
