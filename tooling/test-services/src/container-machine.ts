import type { StartedTestContainer } from 'testcontainers'

import type { Machine, Program } from './machine.ts'
import { forget, reapAtExit } from './reaper.ts'

const FOLDER = '/tmp/tierstack'

/** Images with a shell and the server on them; any tag of the official ones does. */
export const images = {
  redis: process.env['TEST_REDIS_IMAGE'] ?? 'redis:7-alpine',
  postgres: process.env['TEST_POSTGRES_IMAGE'] ?? 'postgres:17-alpine',
}

/** Resolves to whether a Docker engine answers. */
export async function dockerAnswers(): Promise<boolean> {
  const { getContainerRuntimeClient } = await testcontainers()
  try {
    await getContainerRuntimeClient()
    return true
  } catch {
    return false
  }
}

/**
 * One idle container in which the servers are started one by one: servers on it reach each other on
 * 127.0.0.1 under the same ports as we do, which is what Cluster and Sentinel need. Its first process is a
 * shell that runs something, because such a shell also collects the dead whose parents are gone: PostgreSQL
 * takes a lock file for valid while a zombie has its process id.
 */
export async function containerMachine(image: string, ports: readonly number[]): Promise<Machine> {
  const { GenericContainer, Wait } = await testcontainers()
  const container = await new GenericContainer(image)
    .withEntrypoint(['sh', '-c'])
    .withCommand([`mkdir -p ${FOLDER} && chmod 777 ${FOLDER} && echo idle; while :; do sleep 0.2; done`])
    .withExposedPorts(...ports.map((port) => ({ container: port, host: port })))
    // Nothing listens on the ports yet, which is what testcontainers would wait for.
    .withWaitStrategy(Wait.forLogMessage('idle'))
    .withStartupTimeout(60_000)
    .start()
  const mortal = { kind: 'container', id: container.getId() } as const
  reapAtExit(mortal)

  return {
    kind: 'container',
    folder: FOLDER,
    listenOn: '0.0.0.0',
    async write(name, content) {
      await container.copyContentToContainer([{ content, target: `${FOLDER}/${name}`, mode: 0o666 }])
      return `${FOLDER}/${name}`
    },
    run(program, args, options) {
      return shell(container, [program, ...args].map(quote).join(' '), options?.unprivileged)
    },
    async start(program, args, options) {
      const log = `${FOLDER}/${Math.random().toString(36).slice(2)}.log`
      const command = [program, ...args].map(quote).join(' ')
      const pid = await shell(container, `${command} >${log} 2>&1 & echo $!`, options?.unprivileged)
      return containerProgram(container, pid.trim(), log)
    },
    async stop() {
      await container.stop({ timeout: 0 })
      forget(mortal)
    },
  }
}

function containerProgram(container: StartedTestContainer, pid: string, log: string): Program {
  return {
    async signal(name) {
      await shell(container, `kill -${name.slice(3)} ${pid} 2>/dev/null || true`)
    },
    async ended() {
      // A zombie has ended: the first process collects it a moment later.
      const alive = `[ -d /proc/${pid} ] && ! grep -q '^State:.Z' /proc/${pid}/status 2>/dev/null`
      await shell(container, `while ${alive}; do sleep 0.05; done`)
    },
    async output() {
      return (await shell(container, `tail -c 4000 ${log}`)).trim()
    },
  }
}

async function shell(
  container: StartedTestContainer,
  command: string,
  unprivileged = false,
): Promise<string> {
  const path = 'PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)'
  const { exitCode, output } = await container.exec(
    ['sh', '-c', `${path}; cd ${FOLDER}; ${command}`],
    unprivileged ? { user: 'postgres' } : {},
  )
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${output.trim().slice(-2000)}`)
  return output
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

async function testcontainers(): Promise<typeof import('testcontainers')> {
  // Our own reaper removes what is left over; the one of testcontainers is an image that must be pulled.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
  return import('testcontainers')
}
