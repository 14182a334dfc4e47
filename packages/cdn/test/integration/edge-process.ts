// An embedded edge in a process of its own: `edge-process.ts ORIGIN TOKEN PORT REDIS`. Tells its parent its port and, when
// asked, how much memory it uses.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { edge } from '../../src/edge/index.ts'

const [origin = '', purgeToken = '', port = '0', url = ''] = process.argv.slice(2)
const subject = edge({
  tiers: url === '' ? [memory()] : [memory(), redis({ url })],
  origin,
  purgeToken,
})
const server = createServer(subject.listener).listen(Number(port), '127.0.0.1')
await once(server, 'listening')
process.on('message', () => process.send?.({ rss: process.memoryUsage().rss }))
process.on('disconnect', () => process.exit())
process.send?.({ port: (server.address() as AddressInfo).port })
