import { describe, expect, test } from 'vitest'

import { rig } from './rig.ts'
import type { Rig } from './rig.ts'

const token = 'correct-horse-battery'
const tagged = (tags: string, body = 'page') => ({
  headers: ['Cache-Control: max-age=60, stale-while-revalidate=60', 'ETag: "1"', tags],
  body,
})

async function fill(node: Rig, pages: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, tags] of Object.entries(pages)) {
    node.answer(tagged(tags))
    await node.get(path)
  }
}

async function kept(node: Rig, ...paths: string[]): Promise<string[]> {
  node.answer(tagged('X: 1', 'new'))
  const found = []
  for (const path of paths) if ((await node.get(path)).from === 'edge') found.push(path)
  return found
}

describe('purging by tag', () => {
  const pages = { '/1': 'Surrogate-Key: row:7 row:8', '/2': 'Cache-Tag: row:7, list', '/3': 'xkey: row:9' }

  test('forgets every page that carries it, whatever header brought it', async () => {
    await using node = await rig()
    await fill(node, pages)
    await node.edge.purgeTags(['row:7'])
    expect(await kept(node, '/1', '/2', '/3')).toEqual(['/3'])
  })

  test('forgets all variants', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60', 'Vary: Accept', 'xkey: t'] })
    const get = (accept: string) => node.get('/', { headers: { Accept: accept } })
    await get('a')
    await get('b')
    await node.edge.purgeTags(['t'])
    expect([(await get('b')).from, (await get('a')).from]).toEqual(['origin', 'origin'])
  })

  test('a soft purge serves the old page once more, while it is fetched anew', async () => {
    await using node = await rig()
    await fill(node, pages)
    node.answer(tagged('xkey: row:9', 'new'))
    await node.edge.purgeTags(['row:9'], { soft: true })
    expect((await node.get('/3')).body).toBe('page')
    await expect.poll(async () => (await node.get('/3')).body).toBe('new')
    expect(node.seen.at(-1)?.headers['if-none-match']).toBe('"1"')
  })

  test('tag headers do not leave the edge', async () => {
    await using node = await rig()
    await fill(node, pages)
    node.answer(tagged('Surrogate-Key: secret'))
    for (const path of ['/1', '/new', '/new']) {
      expect(Object.keys((await node.get(path)).headers)).not.toContain('surrogate-key')
    }
  })

  test('a 304 with other tags changes them, one without keeps them', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=1', 'ETag: "1"', 'xkey: a'] },
      { status: 304, headers: ['Cache-Control: max-age=1'] },
      { status: 304, headers: ['Cache-Control: max-age=60', 'xkey: b'] },
    )
    await node.get('/')
    await node.clock.advance(2_000)
    await node.get('/')
    await node.edge.purgeTags(['b'])
    expect((await node.get('/')).from).toBe('edge')
    await node.clock.advance(2_000)
    await node.get('/')
    await node.edge.purgeTags(['a'])
    expect((await node.get('/')).from).toBe('edge')
    await node.edge.purgeTags(['b'])
    expect((await node.get('/')).from).toBe('origin')
  })

  test('no tag is refused for what it is made of, and none is lost', async () => {
    await using node = await rig()
    const odd = ['!n', 'x'.repeat(4_000), 'größe', '%00', '"']
    for (const [i, tag] of odd.entries()) {
      node.answer({ headers: ['Cache-Control: max-age=60', `xkey: ${Buffer.from(tag).toString('latin1')}`] })
      await node.get(`/${i}`)
    }
    const paths = odd.map((_, i) => `/${i}`)
    expect(await kept(node, ...paths)).toEqual(paths)
    await node.edge.purgeTags(odd.filter((tag) => tag !== 'größe'))
    expect(await kept(node, ...paths)).toEqual(['/2'])
  })

  test('a fetch that began before the purge is given to its reader and kept for nobody', async () => {
    await using node = await rig()
    let release = () => {}
    node.behave((_, response) => {
      release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60', xkey: 'row:1' }).end('old')
    })
    const slow = node.get('/')
    await expect.poll(() => node.seen.length).toBe(1)
    await node.edge.purgeTags(['row:1'])
    release()
    expect((await slow).body).toBe('old')
    expect(await kept(node, '/')).toEqual([])
  })
})

describe('purging by URL, and everything', () => {
  test('a URL goes with all its variants, and nothing else', async () => {
    await using node = await rig()
    await fill(node, { '/1': 'X: 1', '/1?a': 'X: 1' })
    await node.edge.purgeUrls(['http://SHOP.test/1'])
    expect(await kept(node, '/1', '/1?a')).toEqual(['/1?a'])
  })

  test('everything', async () => {
    await using node = await rig()
    await fill(node, { '/1': 'X: 1', '/2': 'xkey: t' })
    await node.edge.purgeAll()
    expect(await kept(node, '/1', '/2')).toEqual([])
  })
})

describe('the purge endpoint', () => {
  const bearer = { Authorization: `Bearer ${token}` }
  const purge = (node: Rig, headers: Record<string, string>) => node.get('/1', { method: 'PURGE', headers })

  test('is closed without a token, and never reaches the origin', async () => {
    await using node = await rig()
    await fill(node, { '/1': 'X: 1' })
    expect((await purge(node, bearer)).status).toBe(405)
    expect(node.seen).toHaveLength(1)
    expect(await kept(node, '/1')).toEqual(['/1'])
  })

  test.each([{}, { Authorization: 'Bearer wrong' }, { Authorization: token }, { Authorization: '' }])(
    'is closed to %j',
    async (headers) => {
      await using node = await rig({ purgeToken: token })
      await fill(node, { '/1': 'X: 1' })
      expect((await purge(node, headers as Record<string, string>)).status).toBe(403)
      expect(await kept(node, '/1')).toEqual(['/1'])
    },
  )

  test('purges a URL, tags, or everything', async () => {
    await using node = await rig({ purgeToken: token })
    const pages = { '/1': 'xkey: a', '/2': 'xkey: b', '/3': 'xkey: c' }
    await fill(node, pages)
    expect(await purge(node, bearer)).toMatchObject({ status: 200, body: '{"purged":"/1"}\n' })
    expect(await kept(node, '/1', '/2', '/3')).toEqual(['/2', '/3'])
    await fill(node, pages)
    await purge(node, { ...bearer, 'xkey-purge': 'b c' })
    expect(await kept(node, '/1', '/2', '/3')).toEqual(['/1'])
    await purge(node, { ...bearer, 'x-purge-all': '1' })
    expect(await kept(node, '/1', '/2', '/3')).toEqual([])
  })

  test('purges softly', async () => {
    await using node = await rig({ purgeToken: token })
    await fill(node, { '/1': 'xkey: a' })
    await purge(node, { ...bearer, 'x-purge-soft': '1' })
    node.answer(tagged('X: 1', 'new'))
    expect((await node.get('/1')).body).toBe('page')
  })

  test('a token that is too short is refused', async () => {
    await expect(rig({ purgeToken: 'short' })).rejects.toThrow('at least 16')
  })
})
