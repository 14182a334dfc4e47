import { expect, test } from 'vitest'
import { eventTranscript } from '../src/index.ts'

function source() {
  const listeners = new Map<string, Set<(event: never) => void>>()
  return {
    on(name: string, listener: (event: never) => void) {
      const mine = listeners.get(name) ?? new Set()
      listeners.set(name, mine.add(listener))
      return () => mine.delete(listener)
    },
    emit(name: string, event: object) {
      for (const listener of listeners.get(name) ?? []) listener(event as never)
    },
  }
}

test('events become short lines in the order in which they happened', () => {
  const cache = source()
  const events = eventTranscript(cache)
  cache.emit('miss', { def: 'user', key: () => 'secret' })
  cache.emit('hit', { tier: 'redis', state: 'fresh' })
  cache.emit('backfill', { tier: 'memory' })
  cache.emit('evict', { tier: 'memory', cause: 'size' })
  cache.emit('load', { reason: 'swr', ms: 3 })
  expect(events.take()).toEqual([
    'miss',
    'hit redis fresh',
    'backfill memory',
    'evict memory size',
    'load swr',
  ])
  expect(events.lines).toEqual([])
})

test('only the named events are collected, until it is stopped', () => {
  const cache = source()
  const events = eventTranscript(cache, ['hit'])
  cache.emit('hit', { tier: 'a' })
  cache.emit('miss', {})
  events.stop()
  cache.emit('hit', { tier: 'b' })
  expect(events.lines).toEqual(['hit a'])
})
