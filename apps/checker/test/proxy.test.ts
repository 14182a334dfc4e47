import { createServer, connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FaultProxy, hideRunId } from '../src/proxy.ts'

let server: Server
let proxy: FaultProxy
let client: Socket

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.start((server.address() as AddressInfo).port)
  client = open()
  await once(client, 'connect')
})

afterEach(async () => {
  client.destroy()
  await proxy.stop()
  server.close()
})

function open(): Socket {
  const socket = connect(proxy.port, '127.0.0.1')
  // How a connection ends is seen by its `close`.
  socket.on('error', () => {})
  return socket
}

/** Resolves when the connection has ended, with an error or without. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}

async function echo(text: string): Promise<string> {
  client.write(text)
  const [answer] = (await once(client, 'data')) as [Buffer]
  return answer.toString()
}

test('a proxy without a fault passes everything on', async () => {
  expect(await echo('hello')).toBe('hello')
})

test('a cut ends the connections and refuses new ones', async () => {
  await echo('hello')
  proxy.cut()
  await expect(closed(client)).resolves.toBeUndefined()
  client = open()
  await expect(closed(client)).resolves.toBeUndefined()
})

test('a black hole swallows for good what comes while it lasts, and ends its connections when it is over', async () => {
  await echo('hello')
  proxy.blackHole()
  client.write('lost')
  proxy.heal()
  await closed(client)
  client = open()
  expect(await echo('again')).toBe('again')
})

test('a delay keeps the order within a connection', async () => {
  proxy.delayUpTo(20)
  let heard = ''
  client.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
  })
  for (const text of ['a', 'b', 'c', 'd']) client.write(text)
  while (heard.length < 4) await once(client, 'data')
  expect(heard).toBe('abcd')
})

test('a hidden run id has the length of a real one', () => {
  const info = `redis_version:7.0\r\nrun_id:${'ab12'.repeat(10)}\r\ntcp_port:1\r\n`
  expect(hideRunId(Buffer.from(info)).toString()).toBe(info.replace('ab12'.repeat(10), '0'.repeat(40)))
})
