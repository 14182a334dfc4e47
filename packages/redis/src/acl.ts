import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'

export interface AclOptions {
  /** As given to the tier. @default 'ts' */
  readonly prefix?: string
  /** As given to the tier. @default 'pubsub' */
  readonly bus?: 'pubsub' | 'tracking'
  /** Whether the servers are a Cluster. @default false */
  readonly cluster?: boolean
  /** Whether `redisWriteQueue` uses the same user. @default false */
  readonly writeQueue?: boolean
}

/** The least that a user of Redis must be allowed for the tier to do all it does. */
export interface RequiredAcl {
  readonly commands: readonly string[]
  /** Patterns of keys. */
  readonly keys: readonly string[]
  /** Patterns of channels. */
  readonly channels: readonly string[]
  /** All of it as rules for `ACL SETUSER`, or a line of an ACL file, without name and password. */
  readonly rules: string
}

const connection = ['hello', 'auth', 'ping', 'client', 'info', 'command', 'wait']
const scripts = ['script|load', 'eval', 'evalsha']
const entries = [
  ['get', 'set', 'mget', 'del', 'incr', 'persist', 'time'],
  ['getrange', 'setrange', 'append', 'pexpire', 'pttl'],
].flat()
const streams = [
  'xadd',
  'xrange',
  'xrevrange',
  'xdel',
  'hset',
  'hget',
  'hdel',
  'hexists',
  'hmget',
  'hlen',
  'hkeys',
]

/**
 * What to allow the user that the tier connects as, and no more: its own keys and channels, no `KEYS`, `FLUSHALL`,
 * `CONFIG` or anything else that reaches beyond them.
 *
 * @example
 * console.log(`ACL SETUSER cache on >PASSWORD ${requiredAcl({ prefix: 'shop' }).rules}`)
 */
export function requiredAcl(options: AclOptions = {}): RequiredAcl {
  checkKeys('requiredAcl options', options, ['prefix', 'bus', 'cluster', 'writeQueue'])
  const { prefix = 'ts', bus = 'pubsub', cluster = false, writeQueue = false } = options
  checkOneOf('bus', bus, ['pubsub', 'tracking'])
  // What a pattern could mean must not be widened by it.
  if (typeof prefix !== 'string' || !/^[\w.-]{1,64}$/.test(prefix)) {
    throw expectation('prefix', '1 to 64 letters, digits, dots, dashes or underscores', prefix)
  }
  const commands = [
    ...connection,
    ...scripts,
    ...entries,
    ...(cluster ? ['spublish', 'ssubscribe', 'cluster', 'asking', 'readonly'] : ['publish', 'subscribe']),
    ...(writeQueue ? streams : []),
  ]
  const keys = [`${prefix}:*`]
  const channels = [`${prefix}:*`, ...(bus === 'tracking' ? ['__redis__:invalidate'] : [])]
  const rules = [
    'resetkeys resetchannels -@all',
    ...keys.map((pattern) => `~${pattern}`),
    ...channels.map((pattern) => `&${pattern}`),
    ...commands.map((command) => `+${command}`),
  ].join(' ')
  return Object.freeze({ commands, keys, channels, rules })
}
