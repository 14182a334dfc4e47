import type { Redis } from 'ioredis'

/** What a server tells of itself. What it refuses to tell is empty: a service's user may lack the right to ask. */
export interface RedisFacts {
  readonly info: ReadonlyMap<string, string>
  readonly config: ReadonlyMap<string, string>
  /** Can anybody who reaches the server log in as `default`? Undefined: not allowed to look. */
  readonly open: boolean | undefined
  readonly host: string
  readonly encrypted: boolean
}

export async function redisFacts(redis: Redis, url: URL): Promise<RedisFacts> {
  const info = fieldsOf(await redis.info('everything'))
  const config = new Map<string, string>()
  const told = (await tolerated(() => redis.config('GET', '*'))) as readonly string[] | undefined
  for (let i = 0; told !== undefined && i + 1 < told.length; i += 2)
    config.set(told[i] ?? '', told[i + 1] ?? '')
  return {
    info,
    config,
    open: await isOpen(redis),
    host: url.hostname,
    encrypted: url.protocol === 'rediss:',
  }
}

export function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

export function numberOf(fields: ReadonlyMap<string, string>, name: string): number {
  return Number(fields.get(name) ?? 0)
}

async function isOpen(redis: Redis): Promise<boolean | undefined> {
  const user = (await tolerated(() => redis.call('ACL', 'GETUSER', 'default'))) as
    | readonly unknown[]
    | undefined
  const at = user?.indexOf('flags') ?? -1
  const flags = user?.[at + 1]
  if (at < 0 || !Array.isArray(flags)) return undefined
  return flags.includes('nopass') && flags.includes('on')
}

/** The answer, or undefined where the server refuses the command. */
export async function tolerated<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch {
    return undefined
  }
}
