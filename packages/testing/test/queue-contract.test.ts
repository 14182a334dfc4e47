import { test } from 'vitest'
import { fakeClock, processQueue, queueContract } from '../src/index.ts'

const clock = fakeClock()
const queue = processQueue({ clock })
queueContract(() => queue.connect(), { test, clock, wait: (ms) => clock.advance(ms) })
