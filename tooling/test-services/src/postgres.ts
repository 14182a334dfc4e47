import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from 'pg'

import { freePort } from './free-port.ts'
import type { Program } from './machine.ts'
import { placeForPostgres, type Place } from './place.ts'
import { until } from './until.ts'

export interface PostgresOptions {
  /** Further settings: `{ wal_level: 'logical' }`. */
  settings?: Readonly<Record<string, string>>
}

/** A server of one's own, with one empty database. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `postgres://postgres@127.0.0.1:port/postgres`; the user is a superuser and needs no password. */
  readonly url: string
  /** Freezes the server (SIGSTOP). Sessions that exist stay frozen too. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** SIGKILL: crash recovery follows at `restart`. */
  kill(): Promise<void>
  /** Ends the server if it runs, and starts it on the same port with the same data. */
  restart(): Promise<void>
  /** Ends the server and deletes its data. */
  stop(): Promise<void>
}

/** Starts a server; takes about two seconds, most of them `initdb`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const port = await freePort()
  const place = await placeForPostgres([port])
  try {
    return await startPostgresOn(place, port, options)
  } catch (error) {
    await place.machine.stop()
    throw error
  }
}

/** Starts a standby that follows a primary on this computer, which has to allow replication. Its limits (`max_…`) may not be lower. */
export async function startStandby(
  primary: PostgresServer,
  options: PostgresOptions = {},
): Promise<PostgresServer> {
  const port = await freePort()
  const place = await placeForPostgres([port])
  const copy = [
    '-D',
    `${place.machine.folder}/data`,
    '-d',
    primary.url,
    '-R',
    '-X',
    'stream',
    '-c',
    'fast',
    '--no-sync',
  ]
  try {
    await place.machine.run(`${place.program}pg_basebackup`, copy, { unprivileged: true })
    return await serve(place, port, options)
  } catch (error) {
    await place.machine.stop()
    throw error
  }
}

export async function startPostgresOn(
  place: Place,
  port: number,
  options: PostgresOptions,
): Promise<PostgresServer> {
  const { machine, program: prefix } = place
  await machine.run(
    `${prefix}initdb`,
    [
      '-D',
      `${machine.folder}/data`,
      '-U',
      'postgres',
      '-E',
      'UTF8',
      '--locale=C',
      '--auth=trust',
      '--no-sync',
    ],
    { unprivileged: true },
  )
  return await serve(place, port, options)
}

async function serve(
  { machine, program: prefix }: Place,
  port: number,
  { settings = {} }: PostgresOptions,
): Promise<PostgresServer> {
  const folder = `${machine.folder}/data`
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const unprivileged = true
  // The container's address is not the one that initdb trusts.
  await machine.write(
    'pg_hba.conf',
    'local all all trust\nhost all all all trust\nhost replication all all trust\n',
  )
  const all = {
    port: String(port),
    listen_addresses: machine.listenOn,
    unix_socket_directories: machine.folder,
    hba_file: `${machine.folder}/pg_hba.conf`,
    // The data need not survive a crash of the computer, only one of the server.
    fsync: 'off',
    ...settings,
  }
  const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let program: Program
  const launch = async () => {
    program = await machine.start(`${prefix}postgres`, ['-D', folder, ...words], { unprivileged })
  }
  const start = async () => {
    await launch()
    const answers = async () => {
      if (await foundSurvivors(program)) await launch()
      return isReady(url)
    }
    await until(`PostgreSQL on port ${port}`, answers, { detail: () => program.output() })
  }
  // SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for the clients to leave.
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    await program.signal('SIGCONT')
    await program.signal(signal)
    await program.ended()
  }
  await start()
  const stop = async () => {
    // Killed outright, it would leave its shared memory behind.
    await Promise.race([end('SIGINT'), sleep(5000, undefined, { ref: false })])
    await machine.stop()
  }
  return {
    host: '127.0.0.1',
    port,
    url,
    pause: () => program.signal('SIGSTOP'),
    resume: () => program.signal('SIGCONT'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT')
      await start()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Whether a server gave up because processes of the one before are alive. They end by themselves once they
 * notice that it was killed; on a busy machine a new server may be there before.
 */
async function foundSurvivors(server: Program): Promise<boolean> {
  if (!(await server.output()).includes('pre-existing shared memory block')) return false
  await server.ended()
  return true
}

async function isReady(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2000 })
  // A connection cut while the server starts is reported here too.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } finally {
    await client.end().catch(() => {})
  }
}
