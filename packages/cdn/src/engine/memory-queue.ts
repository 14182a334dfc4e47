import type { DeadLetter, PurgeLane, PurgeQueue } from './purge-queue.ts'

const mostDead = 1_000

/** Keeps pending purges in this process: what isn't done when it is killed, is lost. */
export function memoryQueue(): PurgeQueue {
  return { durable: false, lane: () => memoryLane() }
}

function memoryLane(): PurgeLane {
  // The engine has the names; nobody else could take them over.
  let last = 0
  const dead: DeadLetter[] = []
  return {
    put: () => Promise.resolve(++last),
    settle: () => Promise.resolve(),
    takeOver: () => Promise.resolve([]),
    bury(letter) {
      dead.unshift(letter)
      if (dead.length > mostDead) dead.pop()
      return Promise.resolve()
    },
    dead: () => Promise.resolve([...dead]),
    close: () => Promise.resolve(),
  }
}
