import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'
import type { Contestant, Library, OpenOptions } from '../library.ts'
import { versionOf } from '../version-of.ts'

/** A Redis client with JSON, the cache that everybody writes by hand: GET, else load and SET. */
interface Client {
  get(key: string): Promise<string | null>
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  set(key: string, text: string, ttlMs: number): Promise<unknown>
  del(key: string): Promise<unknown>
  end(): void
}

function byHand(client: Client, o: OpenOptions): Contestant {
  const name = (key: string) => `${o.namespace}:${key}`
  const load = async (key: string) => {
    const value = await o.load(key)
    await client.set(name(key), JSON.stringify(value), o.ttlMs)
    return value
  }
  const read = async (key: string): Promise<unknown> => {
    const text = await client.get(name(key))
    return text === null ? await load(key) : (JSON.parse(text) as unknown)
  }
  return {
    read,
    getOrSet: read,
    get: async (key) => {
      const text = await client.get(name(key))
      return text === null ? undefined : (JSON.parse(text) as unknown)
    },
    many: async (keys) => {
      const texts = await client.mget(keys.map(name))
      return await Promise.all(
        texts.map((text, i) => (text === null ? load(keys[i] as string) : (JSON.parse(text) as unknown))),
      )
    },
    remove: (key) => client.del(name(key)),
    close: () => Promise.resolve(client.end()),
  }
}

type Io = Pick<Redis, 'get' | 'mget' | 'del' | 'disconnect' | 'call'>

function ofIo(client: Io): Client {
  return {
    get: (key) => client.get(key),
    mget: (keys) => client.mget([...keys]),
    set: (key, text, ttlMs) => client.call('SET', key, text, 'PX', ttlMs),
    del: (key) => client.del(key),
    end: () => client.disconnect(),
  }
}

/** Reads of one turn of the event loop become one MGET: the least that many readers of Redis can cost this process. */
function gathered(client: Client): Client {
  let turn: { readonly keys: string[]; readonly texts: Promise<readonly (string | null)[]> } | undefined
  const begin = () => {
    const keys: string[] = []
    const texts = new Promise<readonly (string | null)[]>((resolve, reject) => {
      setImmediate(() => {
        turn = undefined
        client.mget(keys).then(resolve, reject)
      })
    })
    return { keys, texts }
  }
  return {
    ...client,
    get: (key) => {
      turn ??= begin()
      const at = turn.keys.push(key) - 1
      return turn.texts.then((texts) => texts[at] as string | null)
    },
  }
}

function library(
  name: string,
  version: string,
  note: string,
  open: (url: string) => Promise<Client>,
): Library {
  return { name, version, note, tiers: ['far'], open: async (o) => byHand(await open(o.redisUrl), o) }
}

async function nodeRedis(url: string, options: object): Promise<Client> {
  const client = createClient({ url, ...options })
  client.on('error', () => {})
  await client.connect()
  return {
    get: (key) => client.get(key),
    mget: (keys) => client.mGet([...keys]),
    set: (key, text, ttlMs) => client.set(key, text, { expiration: { type: 'PX', value: ttlMs } }),
    del: (key) => client.del(key),
    end: () => client.destroy(),
  }
}

/** No peer: without lifetimes of its own, tags, or word of removals, but what the machine has to give. */
const handMade = 'MGET by hand'

const io = versionOf('ioredis')
const valkey = versionOf('iovalkey')
const redis = versionOf('redis')

/** Redis clients as they are. The yardstick of the remote scenarios is the first. */
export const rawClients: readonly Library[] = [
  library('ioredis, auto-pipelining', io, '`enableAutoPipelining`, JSON: the yardstick', (url) =>
    Promise.resolve(ofIo(new Redis(url, { enableAutoPipelining: true }))),
  ),
  library(handMade, io, 'one MGET per turn of the event loop, JSON: the limit', (url) =>
    Promise.resolve(gathered(ofIo(new Redis(url)))),
  ),
  library('ioredis', io, 'GET and JSON', (url) => Promise.resolve(ofIo(new Redis(url)))),
  library('iovalkey', valkey, 'GET and JSON', (url) => Promise.resolve(ofIo(new Valkey(url)))),
  library('node-redis', redis, 'GET and JSON (pipelines by itself)', (url) => nodeRedis(url, {})),
  library('node-redis, no timeout', redis, 'without its time limit per command', (url) =>
    nodeRedis(url, { commandOptions: { timeout: undefined } }),
  ),
]
