import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// A test process can end by a signal that no handler sees (a runner kills its workers). So one small
// process of our own, in its own process group, watches us through a pipe: when the pipe closes, it
// kills the servers that we did not stop and deletes their folders.
let watcher: ChildProcess | undefined

export type Mortal =
  | { kind: 'process'; id: number }
  | { kind: 'container'; id: string }
  | { kind: 'folder'; id: string }

/** Has the thing killed or deleted when this process ends, however it ends. */
export function reapAtExit(mortal: Mortal): void {
  tell('+', mortal)
}

/** Takes back `reapAtExit`: the thing is gone already. */
export function forget(mortal: Mortal): void {
  tell('-', mortal)
}

function tell(sign: '+' | '-', { kind, id }: Mortal): void {
  if (watcher === undefined) {
    const program = fileURLToPath(new URL('./reaper-process.ts', import.meta.url))
    watcher = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    watcher.unref()
    // The pipe must not keep this process alive: its end is the message.
    if (watcher.stdin !== null && 'unref' in watcher.stdin)
      (watcher.stdin as unknown as { unref(): void }).unref()
    watcher.stdin?.on('error', () => {})
  }
  watcher.stdin?.write(`${JSON.stringify({ sign, kind, id })}\n`)
}
