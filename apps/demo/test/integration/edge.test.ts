import { startPostgres, until } from '@tierstack/test-services'
import { expect, onTestFinished, test } from 'vitest'
import { openEdge } from '../../src/edge.ts'
import { editBehindTheBack, followChanges } from '../../src/feed.ts'
import { ask, page, patch, serveDemo } from '../parts.ts'

const made = 'fwd=miss; stored'
const kept = /^hit; ttl=\d+$/

test(
  'a real Varnish in front: an edit drops the pages of its row, and no other',
  { timeout: 60_000 },
  async () => {
    const { application, url, close } = await serveDemo({ edge: () => openEdge('varnish', 0, 0) })
    onTestFinished(close)
    const feed = await followChanges(application)
    onTestFinished(() => feed.close())
    // The feed begins with a removal of everything, of which the second purge comes later.
    await editBehindTheBack(application)
    await until('nothing is left to purge', async () => application.edge?.tier.pending === 0)
    const shows = async (path: string) => (await page(url + path)).did
    for (const path of ['/pages/cities/3', '/pages/cities/5', '/cities?name=ly']) {
      expect(await shows(path)).toBe(made)
      expect(await shows(path)).toMatch(kept)
    }
    const edited = await patch(`${url}/cities/3`, { population: 500_000 })
    expect(edited.body.receipt).toMatchObject({ confirmed: ['sqlite', 'memory', 'edge'] })
    expect(await page(`${url}/pages/cities/3`)).toMatchObject({
      text: expect.stringContaining('500,000'),
      did: made,
    })
    expect(await shows('/cities?name=ly')).toBe(made)
    expect(await shows('/pages/cities/5')).toMatch(kept)

    const edit = { method: 'POST', body: JSON.stringify({ name: 'Lugdunum' }) }
    await ask(`${url}/behind/cities/3`, edit)
    await until('the page shows it', async () =>
      (await page(`${url}/pages/cities/3`)).text.includes('Lugdunum'),
    )
    expect(await shows('/pages/cities/5')).toMatch(kept)
    expect(await shows('/stats')).toBe('fwd=bypass')
  },
)

test(
  'with the log of the database, an edit by SQL drops exactly the pages that show the row',
  { timeout: 60_000 },
  async () => {
    await using database = await startPostgres({ settings: { wal_level: 'logical' } })
    const { application, url, close } = await serveDemo({
      databaseUrl: database.url,
      edge: () => openEdge('embedded', undefined, 0),
    })
    onTestFinished(close)
    const feed = await followChanges(application)
    onTestFinished(() => feed.close())
    expect(feed.by).toBe('logical replication')
    await editBehindTheBack(application)
    const showing = ['/pages/cities/3', '/cities?name=ly', '/countries/FR/stats', '/near?lat=45.75&lon=4.85']
    const others = ['/pages/cities/5', '/cities?name=par', '/countries/IT/stats']
    for (const path of [...showing, ...others]) await page(url + path)
    await ask(`${url}/behind/cities/3`, { method: 'POST', body: JSON.stringify({ population: 500_000 }) })
    for (const path of showing)
      await until(`${path} shows it`, async () => /500,?000/.test((await page(url + path)).text))
    for (const path of others) expect((await page(url + path)).did).toMatch(kept)
  },
)
