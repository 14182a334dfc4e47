import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../src/index.ts'

const day = 24 * 3_600_000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test.each([1, 24, 25, 30, 90])('a wait of %d days ends after so many, once', (days) => {
  const called = vi.fn<() => void>()
  systemClock.after(days * day, called)
  vi.advanceTimersByTime(days * day - 1)
  expect(called).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(called).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(100 * day)
  expect(called).toHaveBeenCalledOnce()
})

test('a wait that is cancelled, early or late, never ends', () => {
  const called = vi.fn<() => void>()
  const cancels = [1, 30, 90].map((days) => systemClock.after(days * day, called))
  cancels[0]?.()
  cancels[1]?.()
  vi.advanceTimersByTime(60 * day)
  cancels[2]?.()
  vi.advanceTimersByTime(100 * day)
  expect(called).not.toHaveBeenCalled()
  systemClock.after(Number.POSITIVE_INFINITY, called)
  vi.advanceTimersByTime(1_000 * day)
  expect(called).not.toHaveBeenCalled()
})
