import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countAndKill, mostUnacknowledged } from './killed-views.ts'
import { ask, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('a page view is counted once, seen at once, and views that come together are one write', async () => {
  const views = `${demo().url}/cities/1/views`
  expect((await ask(views)).body).toEqual({ views: 0 })
  expect(await ask(views, { method: 'POST' })).toMatchObject({ status: 202, body: { views: 1 } })
  const together = await Promise.all(Array.from({ length: 20 }, () => ask(views, { method: 'POST' })))
  expect(Math.max(...together.map(({ body }) => body.views))).toBe(21)
  expect((await ask(views)).body).toEqual({ views: 21 })
  await demo().application.pageViews.flush()
  expect((await ask(views)).body).toEqual({ views: 21 })
})

test('an id that is none is one sentence', async () => {
  const { status, body } = await ask(`${demo().url}/cities/none/views`, { method: 'POST' })
  expect([status, body.error]).toEqual([400, 'Expected `id` to be a positive whole number, got "none".'])
})

test('no acknowledged page view is lost or counted twice by kill -9', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tierstack views '))
  try {
    for (const { acknowledged, read, saved } of await countAndKill({ folder, databaseUrl: undefined })) {
      expect(read).toBeGreaterThanOrEqual(acknowledged)
      expect(read).toBeLessThanOrEqual(acknowledged + mostUnacknowledged)
      expect(saved).toBe(read)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
