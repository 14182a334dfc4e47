import type { Library } from './library.ts'
import { features } from './libraries/features.ts'

const raw = async (name: string) => {
  const { rawClients } = await import('./libraries/raw-clients.ts')
  return rawClients.find((client) => client.name === name) as Library
}

/** Each is imported only where it plays: an import alone may cost a second, and change what others cost. */
const makers: Readonly<Record<string, () => Promise<Library>>> = {
  tierstack: async () => (await import('./libraries/tierstack.ts')).tierstack,
  bentocache: async () => (await import('./libraries/bentocache.ts')).bentocache,
  cacheable: async () => (await import('./libraries/cacheable.ts')).cacheable,
  'cache-manager': async () => (await import('./libraries/cache-manager.ts')).cacheManager,
  'layered-loader': async () => (await import('./libraries/layered-loader.ts')).layeredLoader,
  'async-cache-dedupe': async () => (await import('./libraries/async-cache-dedupe.ts')).asyncCacheDedupe,
  cachified: async () => (await import('./libraries/cachified.ts')).cachified,
  'lru-cache': async () => (await import('./libraries/lru-cache.ts')).lruCache,
  Map: async () => (await import('./libraries/map.ts')).map,
  'no cache': async () => (await import('./libraries/none.ts')).none,
  ioredis: () => raw('ioredis'),
  'ioredis, auto-pipelining': () => raw('ioredis, auto-pipelining'),
  'MGET by hand': () => raw('MGET by hand'),
  iovalkey: () => raw('iovalkey'),
  'node-redis': () => raw('node-redis'),
  'node-redis, no timeout': () => raw('node-redis, no timeout'),
  ...features,
}

export async function libraryNamed(name: string): Promise<Library> {
  const maker = makers[name]
  if (maker === undefined)
    throw new Error(`Expected a library among ${Object.keys(makers).join(', ')}, got ${name}`)
  return await maker()
}
