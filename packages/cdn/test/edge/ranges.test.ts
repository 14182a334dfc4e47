import { describe, expect, test } from 'vitest'

import { parseContentRange, spanOf } from '../../src/edge/range.ts'
import { rig } from './rig.ts'

const range = (value: string, more: Record<string, string> = {}) => ({ headers: { Range: value, ...more } })

describe('ranges of a whole page', () => {
  test.each([
    ['bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=1-', 206, '123456789', 'bytes 1-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=3-1', 200, '0123456789', undefined],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
    ['bytes=a-b', 200, '0123456789', undefined],
    ['lines=0-1', 200, '0123456789', undefined],
    ['bytes=-', 200, '0123456789', undefined],
  ])('%s is answered with %i', async (value, status, body, said) => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60', 'A: 1'], body: '0123456789' })
    await node.get('/')
    const got = await node.get('/', range(value))
    expect(got).toMatchObject({ status, body, from: 'edge' })
    expect(got.headers).toMatchObject({ a: '1', 'content-length': String(body.length) })
    expect(got.headers['content-range']).toBe(said)
  })

  test('If-Range must name exactly the page that is kept', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60', 'ETag: "v1"'], body: '0123456789' })
    await node.get('/')
    expect((await node.get('/', range('bytes=0-1', { 'If-Range': '"v1"' }))).status).toBe(206)
    expect((await node.get('/', range('bytes=0-1', { 'If-Range': '"v2"' }))).status).toBe(200)
    expect((await node.get('/', range('bytes=0-1', { 'If-Range': 'W/"v1"' }))).status).toBe(200)
  })
})

describe('parts', () => {
  const part = (said: string, body: string) => ({
    status: 206,
    headers: ['Cache-Control: max-age=60', `Content-Range: ${said}`],
    body,
  })

  test('a part is kept, and smaller ranges are cut from it', async () => {
    await using node = await rig()
    node.answer(part('bytes 4-9/10', '456789'))
    expect(await node.get('/', range('bytes=4-'))).toMatchObject({
      status: 206,
      body: '456789',
      from: 'origin',
    })
    expect(node.seen[0]?.headers['range']).toBe('bytes=4-')
    expect(await node.get('/', range('bytes=6-8'))).toMatchObject({ status: 206, body: '678', from: 'edge' })
    expect(await node.get('/', range('bytes=-2'))).toMatchObject({ body: '89', from: 'edge' })
    expect((await node.get('/', range('bytes=6-8'))).headers['content-range']).toBe('bytes 6-8/10')
    expect((await node.get('/', range('bytes=3-8'))).from).toBe('origin')
    node.answer({ headers: ['Cache-Control: max-age=60'], body: '0123456789' })
    expect(await node.get('/')).toMatchObject({ status: 200, body: '0123456789', from: 'origin' })
  })

  test('an incomplete part serves what it has', async () => {
    await using node = await rig()
    node.answer(part('bytes 4-9/10', '45678'))
    await node.get('/', range('bytes=4-9'))
    expect(await node.get('/', range('bytes=5-8'))).toMatchObject({ body: '5678', from: 'edge' })
    expect((await node.get('/', range('bytes=5-9'))).from).toBe('origin')
  })

  test.each(['bytes 4-9/*', 'bytes 4-2/10', 'bytes 4-5/10', 'nonsense'])(
    'one that says %s is not kept',
    async (said) => {
      await using node = await rig()
      node.answer(part(said, '456789'))
      await node.get('/', range('bytes=4-'))
      expect((await node.get('/', range('bytes=4-'))).from).toBe('origin')
    },
  )

  test('a part goes with its URL', async () => {
    await using node = await rig()
    node.answer(part('bytes 4-9/10', '456789'))
    await node.get('/', range('bytes=4-'))
    await node.edge.purgeUrls(['http://shop.test/'])
    expect((await node.get('/', range('bytes=4-'))).from).toBe('origin')
  })

  test('a part of something private is kept for nobody', async () => {
    await using node = await rig()
    node.answer({
      ...part('bytes 4-9/10', '456789'),
      headers: ['Cache-Control: private', 'Content-Range: bytes 4-9/10'],
    })
    await node.get('/', range('bytes=4-'))
    expect((await node.get('/', range('bytes=4-'))).from).toBe('origin')
  })
})

test('spans and content ranges', () => {
  expect(spanOf(undefined, 10)).toBeUndefined()
  expect(spanOf('bytes=0-0', 1)).toEqual({ first: 0, last: 0 })
  expect(spanOf('bytes=0-', 0)).toBe('unsatisfiable')
  expect(parseContentRange('bytes 0-4/10')).toEqual({ first: 0, last: 4, total: 10 })
  expect(parseContentRange('bytes 0-10/10')).toBeUndefined()
  expect(parseContentRange(undefined)).toBeUndefined()
})
