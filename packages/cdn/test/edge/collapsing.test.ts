import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'

import { rig } from './rig.ts'

describe('requests for one cold page', () => {
  test('a thousand at once are one request to the origin', async () => {
    await using node = await rig()
    let release = () => {}
    node.behave((_, response) => {
      release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('page')
    })
    // Twenty readers that ask fifty times each, without waiting.
    const ask = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n'
    const readers = Array.from({ length: 20 }, async () => {
      const socket = connect(node.port, '127.0.0.1').setEncoding('latin1')
      socket.write(ask.repeat(50))
      let text = ''
      let answers = 0
      while (answers < 50) {
        text += String((await once(socket, 'data'))[0])
        answers = text.split('HTTP/1.1 200 OK').length - 1
      }
      socket.destroy()
      return answers
    })
    await expect.poll(() => node.seen.length).toBe(1)
    release()
    expect(await Promise.all(readers)).toEqual(Array(20).fill(50))
    expect(node.seen).toHaveLength(1)
  })

  test('many readers on connections of their own are one request as well', async () => {
    await using node = await rig()
    let release = () => {}
    node.behave((_, response) => {
      release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('page')
    })
    const readers = Array.from({ length: 100 }, () => node.get('/'))
    await expect.poll(() => node.seen.length).toBe(1)
    release()
    expect((await Promise.all(readers)).every(({ body }) => body === 'page')).toBe(true)
    expect(node.seen).toHaveLength(1)
  })

  test('an answer that is for one reader is given to one, and the others do not queue for theirs again', async () => {
    await using node = await rig()
    let users = 0
    node.behave((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'private' }).end(`user ${users++}`)
    })
    const bodies = (await Promise.all(Array.from({ length: 10 }, () => node.get('/')))).map(
      ({ body }) => body,
    )
    expect(new Set(bodies).size).toBe(10)
    expect((await node.get('/')).headers['cache-status']).toContain('fwd=bypass')
  })

  test('what becomes public is shared again', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: private'] }, { headers: ['Cache-Control: max-age=60'] })
    for (const from of ['origin', 'origin', 'origin', 'edge']) expect((await node.get('/')).from).toBe(from)
  })

  test('a reader who leaves does not take the page from the others', async () => {
    await using node = await rig()
    let release = () => {}
    node.behave((_, response) => {
      release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('page')
    })
    const leaver = connect(node.port, '127.0.0.1')
    leaver.write('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    await expect.poll(() => node.seen.length).toBe(1)
    const other = node.get('/')
    leaver.destroy()
    release()
    expect((await other).body).toBe('page')
    expect(node.seen).toHaveLength(1)
  })
})

describe('bodies', () => {
  test('bytes of any value come back as they were, from the origin and from here', async () => {
    await using node = await rig()
    const body = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    node.answer({ headers: ['Cache-Control: max-age=60', 'Content-Type: application/octet-stream'], body })
    for (const from of ['origin', 'edge', 'edge']) {
      const got = await node.get('/')
      expect(got.from).toBe(from)
      expect(Buffer.from(got.body, 'latin1').equals(body)).toBe(true)
    }
  })

  test('one larger than is kept passes through whole, and is not kept', async () => {
    await using node = await rig({ maxBodyBytes: 100_000 })
    const body = Buffer.alloc(300_000, 'abc')
    node.behave((_, response) => {
      // In pieces, without a length told before.
      response.writeHead(200, { 'Cache-Control': 'max-age=60' })
      for (let i = 0; i < 3; i++) response.write(body.subarray(i * 100_000, (i + 1) * 100_000))
      response.end()
    })
    for (let i = 0; i < 2; i++) {
      const got = await node.get('/')
      expect(got.from).toBe('origin')
      expect(Buffer.from(got.body, 'latin1').equals(body)).toBe(true)
    }
  })

  test('one larger than is kept is read no faster than its reader takes it', async () => {
    await using node = await rig({ maxBodyBytes: 100_000 })
    const piece = Buffer.alloc(65_536, 'x')
    const total = 4_000
    let sent = 0
    node.behave((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' })
      const more = (): void => {
        while (sent < total) {
          sent++
          if (!response.write(piece)) {
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    })
    const socket = connect(node.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    await once(socket, 'readable')
    // Nobody reads: what is under way fills the buffers on the way, and then the origin waits.
    let before = -1
    await expect
      .poll(
        () => {
          const still = sent === before
          before = sent
          return still
        },
        { interval: 200, timeout: 10_000 },
      )
      .toBe(true)
    expect(sent).toBeLessThan(total / 4)
    socket.destroy()
  })
})
