import type { RedisOptions } from '../src/index.ts'

/*
 * User, password and encryption of a URL, in the ways in which clients want to be told of them for servers that the URL
 * doesn't name. All of it is empty but in a secured run.
 */
function partsOf(url: string): { tls: boolean; username: string; password: string } {
  const { protocol, username, password } = new URL(url)
  return { tls: protocol === 'rediss:', username, password }
}

/** For the tier. */
export function tierAccessOf(url: string): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  const { tls, username, password } = partsOf(url)
  return tls ? { tls, username, password } : {}
}

/** For a Cluster of ioredis. */
export function accessOf([url = '']: readonly string[]): { redisOptions?: object } {
  const { tls, username, password } = partsOf(url)
  return tls ? { redisOptions: { tls: {}, username, password } } : {}
}

/** For ioredis that asks Sentinels. */
export function sentinelAccessOf(url: string): object {
  const { tls, username, password } = partsOf(url)
  return tls ? { tls: {}, username, password, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}
}

/** For node-redis: the servers behind Sentinels or in a Cluster. */
export function nodeAccessOf(url: string): { username?: string; password?: string; socket?: { tls: true } } {
  const { tls, username, password } = partsOf(url)
  return tls ? { username, password, socket: { tls } } : {}
}

/** For node-redis: the Sentinels, who know no users. */
export function encryptionOf(url: string): { socket?: { tls: true } } {
  return partsOf(url).tls ? { socket: { tls: true } } : {}
}

/** For a Cluster of node-redis. */
export function rootsOf(urls: readonly string[]): {
  rootNodes: { url: string }[]
  defaults: ReturnType<typeof nodeAccessOf>
} {
  return { rootNodes: urls.map((url) => ({ url })), defaults: nodeAccessOf(urls[0] ?? '') }
}
