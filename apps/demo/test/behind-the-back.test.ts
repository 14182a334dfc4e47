import { until } from '@tierstack/test-services'
import { expect, test } from 'vitest'
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
