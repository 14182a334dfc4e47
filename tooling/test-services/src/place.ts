import { containerMachine, dockerAnswers, images } from './container-machine.ts'
import { localMachine } from './local-machine.ts'
import type { Machine } from './machine.ts'
import { aptInstall, findChromium, findPostgresPrograms, findRedisServer, hasPrometheus } from './programs.ts'

/** A machine with the server program on it. */
export interface Place {
  machine: Machine
  /** The program; for PostgreSQL, the prefix of its programs. */
  program: string
}

/** Says in one sentence what a person can do to run these tests. */
export class NoServerError extends Error {
  override name = 'NoServerError'
}

/** Prefers the programs of this computer: they can be paused and killed exactly. */
export async function placeForRedis(ports: readonly number[]): Promise<Place> {
  const here = findRedisServer()
  if (here !== undefined) return { machine: localMachine(), program: here }
  const container = await containerOf(images.redis, ports)
  if (container !== undefined) return { machine: container, program: 'redis-server' }
  if (aptInstall('redis-server')) {
    const installed = findRedisServer()
    if (installed !== undefined) return { machine: localMachine(), program: installed }
  }
  throw new NoServerError(
    'The tests need Redis 7 or newer: install redis-server (or valkey-server), or start Docker, or set TEST_REDIS_URL.',
  )
}

export async function placeForPostgres(ports: readonly number[]): Promise<Place> {
  const here = findPostgresPrograms()
  if (here !== undefined) return { machine: localMachine(), program: `${here}/` }
  const container = await containerOf(images.postgres, ports)
  if (container !== undefined) return { machine: container, program: '' }
  if (aptInstall('postgresql')) {
    const installed = findPostgresPrograms()
    if (installed !== undefined) return { machine: localMachine(), program: `${installed}/` }
  }
  throw new NoServerError(
    'The tests need PostgreSQL: install it (its server programs), or start Docker, or set TEST_DATABASE_URL.',
  )
}

/** This computer, with Prometheus on it. */
export function placeForPrometheus(): Machine {
  if (hasPrometheus() || (aptInstall('prometheus') && hasPrometheus())) return localMachine()
  throw new NoServerError('The tests need Prometheus: install it (prometheus and promtool).')
}

/** The program of a browser on this computer. */
export function placeForChromium(): string {
  const found = findChromium() ?? (aptInstall('chromium') ? findChromium() : undefined)
  if (found !== undefined) return found
  throw new NoServerError('The tests need Chromium: install it.')
}

/** A container when an engine runs and has, or can pull, the image. */
export async function containerOf(image: string, ports: readonly number[]): Promise<Machine | undefined> {
  if (!(await dockerAnswers())) return undefined
  try {
    return await containerMachine(image, ports)
  } catch (cause) {
    process.stderr.write(`[services] Docker can't run ${image}: ${(cause as Error).message}\n`)
    return undefined
  }
}
