import { freePort } from './free-port.ts'
import { placeForRedis } from './place.ts'
import { startRedisOn, tlsWords, type RedisOptions, type RedisServer } from './redis.ts'
import { respCommand } from './resp.ts'
import { operator, securedRun } from './secured.ts'
import { until } from './until.ts'

export interface SentinelOptions extends Omit<RedisOptions, 'tls'> {
  /** @default 1 */
  replicas?: number
  /** @default 3 */
  sentinels?: number
  /** Silence after which a sentinel gives a server up, in milliseconds. @default 500 */
  downAfter?: number
}

export interface SentinelSetup extends AsyncDisposable {
  /** The name that the sentinels know the primary under. */
  readonly name: 'tierstack'
  readonly sentinels: readonly { host: '127.0.0.1'; port: number }[]
  /** The primary of the beginning; after a fail-over, one of `replicas` is primary. */
  readonly primary: RedisServer
  readonly replicas: readonly RedisServer[]
  /** The port of the server that the sentinels call primary at the moment. */
  primaryPort(): Promise<number>
  /** Asks the sentinels to make a replica the primary while the primary lives, as for maintenance. */
  failOver(): Promise<void>
  stop(): Promise<void>
}

/** Starts a primary, its replicas and sentinels that agree by majority. */
export async function startSentinel(options: SentinelOptions = {}): Promise<SentinelSetup> {
  const { replicas: replicaCount = 1, sentinels: sentinelCount = 3, downAfter = 500, ...redis } = options
  const ports: number[] = []
  for (let i = 0; i < 1 + replicaCount + sentinelCount; i++) ports.push(await freePort())
  const primaryPort = ports[0] ?? 0
  const replicaPorts = ports.slice(1, 1 + replicaCount)
  const sentinelPorts = ports.slice(1 + replicaCount)
  const secured = securedRun()
  const place = await placeForRedis(ports)
  const { machine } = place
  const stop = () => machine.stop()
  try {
    const primary = await startRedisOn(place, primaryPort, redis)
    const replicas = await Promise.all(
      replicaPorts.map((port) =>
        startRedisOn(place, port, {
          ...redis,
          args: ['--replicaof', '127.0.0.1', String(primaryPort), ...(redis.args ?? [])],
        }),
      ),
    )
    for (const replica of replicas) {
      await until(`replica ${replica.port} to follow`, async () =>
        (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      )
    }
    const quorum = Math.floor(sentinelCount / 2) + 1
    for (const port of sentinelPorts) {
      const sentinelPort =
        secured === undefined
          ? [`port ${port}`]
          : asLines([...(await tlsWords(machine, port, secured.tls)), '--tls-replication', 'yes'])
      // A sentinel rewrites its configuration, so each has a file of its own.
      const file = await machine.write(
        `sentinel-${port}.conf`,
        [
          ...sentinelPort,
          `bind ${machine.listenOn}`,
          'protected-mode no',
          `sentinel monitor tierstack 127.0.0.1 ${primaryPort} ${quorum}`,
          `sentinel down-after-milliseconds tierstack ${downAfter}`,
          'sentinel failover-timeout tierstack 3000',
          ...(secured === undefined
            ? []
            : [
                `sentinel auth-user tierstack ${operator.username}`,
                `sentinel auth-pass tierstack ${operator.password}`,
              ]),
          '',
        ].join('\n'),
      )
      await machine.start(place.program, [file, '--sentinel'])
    }
    for (const port of sentinelPorts)
      await until(`sentinel ${port}`, () => knowsAll(port, sentinelCount, replicaCount))
    return {
      name: 'tierstack',
      sentinels: sentinelPorts.map((port) => ({ host: '127.0.0.1' as const, port })),
      primary,
      replicas,
      primaryPort: () => askPrimaryPort(sentinelPorts[0] ?? 0),
      failOver: async () => {
        await respCommand({ port: sentinelPorts[0] ?? 0 }, 'SENTINEL', 'FAILOVER', 'tierstack')
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Arguments of the command line as lines of a configuration file. */
function asLines(words: readonly string[]): string[] {
  const lines: string[] = []
  for (const word of words) {
    if (word.startsWith('--')) lines.push(word.slice(2))
    else lines.push(`${lines.pop()} ${word}`)
  }
  return lines
}

/** A sentinel that does not know the others yet can't win a vote. */
async function knowsAll(port: number, sentinels: number, replicas: number): Promise<boolean> {
  const said = await respCommand({ port, tls: securedRun() !== undefined }, 'INFO', 'sentinel')
  return said.includes(`slaves=${replicas},sentinels=${sentinels}`)
}

async function askPrimaryPort(sentinel: number): Promise<number> {
  const said = await respCommand({ port: sentinel, tls: securedRun() !== undefined }, 'INFO', 'sentinel')
  const port = /address=[\d.]+:(\d+)/.exec(said)?.[1]
  if (port === undefined) throw new Error(`Expected the sentinel to name a primary, got: ${said}`)
  return Number(port)
}
