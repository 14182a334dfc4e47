import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('crash-child.ts', import.meta.url))

/** What came of killing the process that holds the queue again and again. */
export interface CrashReport {
  readonly kills: number
  readonly acknowledged: number
  /** Names purged more than once, in calls of all processes. */
  readonly purges: number
  /** Acknowledged removals that the edge was never told of. */
  readonly lost: readonly number[]
  /** Acknowledged removals of which a purge came after the acknowledgement of the last kill. */
  readonly takenOver: number
}

/**
 * Kills the process that holds the queue at random moments, `kills` times. The edge refuses and hangs now and then.
 * In the end one process takes over what is left, and every removal that was acknowledged must have been purged.
 */
export async function crash(kills: number, random: () => number): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-crash-'))
  const path = join(folder, 'purges.db')
  const purged = new Map<string, number>()
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const luck = random()
      // Down for a while, the answer lost, the call lost.
      if (luck < 0.1) return void response.writeHead(503).end()
      if (luck < 0.15) return void request.socket.destroy()
      for (const tag of (JSON.parse(body) as { tags: string[] }).tags)
        purged.set(tag, (purged.get(tag) ?? 0) + 1)
      if (luck < 0.2) return void request.socket.destroy()
      response.writeHead(200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const acknowledged = new Set<number>()
  let next = 0
  try {
    for (let i = 0; i < kills; i++) {
      const one = start(path, url, next, 'write')
      const lines = linesOf(one, (line) => {
        acknowledged.add(Number(line))
        next = Math.max(next, Number(line) + 1)
      })
      await Promise.race([lines.first, ended(one)])
      await sleep(random() * 60)
      one.kill('SIGKILL')
      await ended(one)
      // A removal may have been written down and not acknowledged.
      next += 1
    }
    const before = new Set([...acknowledged].filter((id) => !purged.has(`tag-${id}`)))
    const last = start(path, url, 0, 'wait')
    try {
      const deadline = performance.now() + 30_000
      while (performance.now() < deadline && missing(acknowledged, purged).length > 0) await sleep(20)
    } finally {
      last.kill('SIGKILL')
      await ended(last)
    }
    let purges = 0
    for (const times of purged.values()) purges += times
    const lost = missing(acknowledged, purged)
    return { kills, acknowledged: acknowledged.size, purges, lost, takenOver: before.size - lost.length }
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function missing(acknowledged: ReadonlySet<number>, purged: ReadonlyMap<string, number>): number[] {
  return [...acknowledged].filter((id) => !purged.has(`tag-${id}`))
}

function start(path: string, url: string, first: number, mode: string): ChildProcess {
  return spawn(process.execPath, ['--conditions=@tierstack/source', child, path, url, String(first), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Most of a short life would be spent on compiling.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'tierstack-compiled') },
  })
}

function ended(one: ChildProcess): Promise<void> {
  if (one.exitCode !== null || one.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => one.once('close', () => resolve()))
}

function linesOf(one: ChildProcess, each: (line: string) => void): { readonly first: Promise<void> } {
  let rest = ''
  const first = new Promise<void>((resolve) => {
    one.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) each(line)
      resolve()
    })
  })
  return { first }
}
