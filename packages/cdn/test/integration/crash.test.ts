import { expect, test } from 'vitest'
import { crash } from '../crash.ts'

test('nothing that was acknowledged is lost when the process that holds the queue is killed', async () => {
  let seed = 42
  // A generator of its own, so that a run can be repeated: Park and Miller's.
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const report = await crash(5, random)
  expect(report.acknowledged).toBeGreaterThan(5)
  expect(report.lost).toEqual([])
})
