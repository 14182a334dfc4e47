import { describe, expect, test } from 'vitest'

import { rig } from './rig.ts'
import type { Rig } from './rig.ts'

const page = { headers: ['Cache-Control: max-age=3600'], body: 'page' }

async function kept(node: Rig, ...paths: string[]): Promise<boolean[]> {
  node.answer(page)
  const answers = []
  for (const path of paths) answers.push((await node.get(path)).from === 'edge')
  return answers
}

describe('unsafe requests', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])(
    '%s invalidates its URL when it succeeds',
    async (method) => {
      await using node = await rig()
      node.answer(page)
      await node.get('/a')
      node.answer({ status: 204, body: '' })
      expect((await node.get('/a', { method, body: 'x' })).status).toBe(204)
      expect(node.seen.at(-1)).toMatchObject({ method, body: 'x' })
      expect(await kept(node, '/a')).toEqual([false])
    },
  )

  test.each(['POST', 'DELETE'])('%s that fails does not', async (method) => {
    await using node = await rig()
    node.answer(page)
    await node.get('/a')
    node.answer({ status: 500 })
    await node.get('/a', { method, body: 'x' })
    expect(await kept(node, '/a')).toEqual([true])
  })

  test('OPTIONS does not', async () => {
    await using node = await rig()
    node.answer(page)
    await node.get('/a')
    await node.get('/a', { method: 'OPTIONS' })
    expect(await kept(node, '/a')).toEqual([true])
  })

  test('Location and Content-Location are invalidated too, on the same host', async () => {
    await using node = await rig()
    node.answer(page)
    for (const path of ['/a', '/list', '/made/1', '/other']) await node.get(path)
    node.answer({ status: 201, headers: ['Location: http://shop.test/made/1', 'Content-Location: list'] })
    await node.get('/a', { method: 'POST', body: 'x' })
    expect(await kept(node, '/a', '/list', '/made/1', '/other')).toEqual([false, false, false, true])
  })

  test('those of another host are nobody’s business', async () => {
    await using node = await rig()
    node.answer(page)
    await node.get('/b', { host: 'victim.test' })
    node.answer({
      status: 201,
      headers: ['Location: http://victim.test/b', 'Content-Location: //victim.test/b'],
    })
    await node.get('/a', { method: 'POST', body: 'x' })
    expect((await node.get('/b', { host: 'victim.test' })).from).toBe('edge')
  })

  test('a fetch that began before it is not kept', async () => {
    await using node = await rig()
    let release = () => {}
    node.behave((request, response) => {
      if (request.method === 'POST') response.end()
      else release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('old')
    })
    const slow = node.get('/a')
    await expect.poll(() => node.seen.length).toBe(1)
    await node.get('/a', { method: 'POST', body: 'x' })
    release()
    expect((await slow).body).toBe('old')
    expect(await kept(node, '/a')).toEqual([false])
  })
})

describe('cache groups (RFC 9875)', () => {
  const grouped = (group: string) => ({ headers: ['Cache-Control: max-age=60', `Cache-Groups: ${group}`] })

  test('a successful unsafe request invalidates the groups that its answer names', async () => {
    await using node = await rig()
    for (const [path, group] of [
      ['/1', '"scripts", "a b"'],
      ['/2', '"styles"'],
      ['/3', '"scripts"'],
    ] as const) {
      node.answer(grouped(group))
      await node.get(path)
    }
    node.answer({ headers: ['Cache-Group-Invalidation: "scripts", "none"'] })
    await node.get('/deploy', { method: 'POST', body: 'x' })
    expect(await kept(node, '/1', '/2', '/3')).toEqual([false, true, false])
  })

  test('not a safe one, not a failed one, and not on another host', async () => {
    await using node = await rig()
    node.answer(grouped('"g"'))
    await node.get('/1')
    node.answer({ headers: ['Cache-Group-Invalidation: "g"'] })
    await node.get('/deploy')
    await node.get('/deploy', { method: 'POST', body: 'x', host: 'other.test' })
    node.answer({ status: 500, headers: ['Cache-Group-Invalidation: "g"'] })
    await node.get('/deploy', { method: 'POST', body: 'x' })
    expect(await kept(node, '/1')).toEqual([true])
  })

  test('names are texts, by letter: what is not a list of strings is not sent', async () => {
    await using node = await rig()
    node.answer(grouped('"G"'))
    await node.get('/1')
    for (const value of ['"g"', 'G', '"G', '1']) {
      node.answer({ headers: [`Cache-Group-Invalidation: ${value}`] })
      await node.get('/deploy', { method: 'POST', body: 'x' })
    }
    expect(await kept(node, '/1')).toEqual([true])
  })
})
