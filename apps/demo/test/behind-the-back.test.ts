import { until } from '@tierstack/test-services'
import { expect, test } from 'vitest'
import { tagsOfChangedCity } from '../src/caching.ts'
import { editBehindTheBack, followChanges } from '../src/feed.ts'
import { ask, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('an edit by SQL alone shows in every answer soon, one through the service stays exact', async () => {
  const { application, url } = demo()
  const feed = await followChanges(application)
  try {
    expect(feed.by).toBe('listen/notify')
    const reads = ['/cities/3', '/cities?name=lug', '/near?lat=45.75&lon=4.85', '/countries/FR/stats']
    for (const path of reads) await ask(url + path)
    const edit = { method: 'POST', body: JSON.stringify({ name: 'Lugdunum' }) }
    expect((await ask(`${url}/behind/cities/3`, edit)).body).toMatchObject({ name: 'Lugdunum' })
    const shows = async (path: string) => JSON.stringify((await ask(url + path)).body).includes('Lugdunum')
    for (const path of reads) await until(`${path} to show it`, () => shows(path))
    expect(await editBehindTheBack(application)).toBeLessThan(10_000)
    expect((await ask(`${url}/behind/cities/999`, edit)).status).toBe(404)
  } finally {
    await feed.close()
  }
})

test('a row known before and after is dropped where it shows; one that moved, in every neighbourhood', () => {
  const row = { id: '3', name: 'Lyon', country: 'FR', lat: '45.7', lon: '4.8' }
  const change = {
    table: 'cities',
    schema: 'tierstack_demo',
    op: 'update',
    key: ['3'],
    formerKey: undefined,
  } as const
  const stayed = tagsOfChangedCity({ ...change, row, before: row })
  expect(stayed).toContain('name:ly')
  expect(stayed).not.toContain('any-city')
  const moved = tagsOfChangedCity({ ...change, row, before: { ...row, lat: '40' } })
  expect(moved).toContain('any-city')
})
