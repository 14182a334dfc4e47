import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Machine, Program, RunOptions } from './machine.ts'
import { forget, reapAtExit } from './reaper.ts'

/** This computer: programs run in a temporary folder, in process groups of their own. */
export function localMachine(): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-'))
  const programs: LocalProgram[] = []
  reapAtExit({ kind: 'folder', id: folder })
  giveToUnprivileged(folder)

  return {
    kind: 'local',
    folder,
    listenOn: '127.0.0.1',
    async write(name, content) {
      const path = join(folder, name)
      writeFileSync(path, content)
      giveToUnprivileged(path)
      return path
    },
    run(program, args, options) {
      return new Promise((resolve, reject) => {
        const child = spawn(program, [...args], { ...account(options), cwd: folder, stdio: 'pipe' })
        let output = ''
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
        child.once('error', reject)
        child.once('close', (code) => {
          if (code === 0) resolve(output)
          else reject(new Error(`${program} ended with ${code}: ${output.trim().slice(-2000)}`))
        })
      })
    },
    async start(program, args, options) {
      const started = new LocalProgram(
        spawn(program, [...args], {
          ...account(options),
          cwd: folder,
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      )
      programs.push(started)
      return started
    },
    async stop() {
      for (const program of programs) {
        await program.signal('SIGKILL')
        await program.ended()
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
      forget({ kind: 'folder', id: folder })
    },
  }
}

class LocalProgram implements Program {
  readonly #child: ChildProcess
  readonly #end: Promise<void>
  #lately = ''

  constructor(child: ChildProcess) {
    this.#child = child
    child.unref()
    const { pid } = child
    if (pid !== undefined) reapAtExit({ kind: 'process', id: pid })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => (this.#lately = (this.#lately + chunk).slice(-4000)))
      // Neither the server nor its output may keep the test process alive.
      if (stream !== null && 'unref' in stream) (stream as unknown as { unref(): void }).unref()
    }
    this.#end = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#lately += error.message
        resolve()
      })
      child.once('exit', () => {
        if (pid !== undefined) forget({ kind: 'process', id: pid })
        resolve()
      })
    })
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    try {
      // A polite signal goes to the leader alone, which lets PostgreSQL end its children in order.
      process.kill(name === 'SIGTERM' || name === 'SIGINT' ? pid : -pid, name)
    } catch {
      // It ended between the look and the signal.
    }
  }

  ended(): Promise<void> {
    this.#child.ref()
    return this.#end
  }

  async output(): Promise<string> {
    return this.#lately.trim()
  }
}

interface Account {
  uid?: number
  gid?: number
}

function account(options: RunOptions | undefined): Account {
  return options?.unprivileged === true ? unprivilegedAccount() : {}
}

/** The account `postgres` when there is one, else `nobody`; nothing when we are not root. */
function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {}
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  )
  return accounts.get('postgres') ?? accounts.get('nobody') ?? {}
}

function giveToUnprivileged(path: string): void {
  const { uid, gid } = unprivilegedAccount()
  if (uid === undefined || gid === undefined) return
  chownSync(path, uid, gid)
  chmodSync(path, 0o700)
}

/** Whether a program can be started here; resolves names on PATH. */
export function answers(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, [...args], { encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}
