import { describe, test } from 'vitest'
import { fakeClock, processStore, tierContract } from '../src/index.ts'

describe('a store within one process', () => {
  const clock = fakeClock()
  const store = processStore({ clock })
  tierContract(() => store.tier(), { test, clock, wait: (ms) => clock.advance(ms), schedules: 300 })
})

describe('a store within one process, without coherence', () => {
  const clock = fakeClock()
  const store = processStore({ clock })
  const make = () => store.tier({ coherence: false })
  tierContract(make, { test, clock, wait: (ms) => clock.advance(ms), coherence: false })
})
