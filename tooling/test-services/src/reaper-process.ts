import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

interface Order {
  sign: '+' | '-'
  kind: 'process' | 'container' | 'folder'
  id: number | string
}

const mortals = new Map<string, Order>()
const lines = createInterface({ input: process.stdin })

lines.on('line', (line) => {
  const order = JSON.parse(line) as Order
  const name = `${order.kind} ${order.id}`
  if (order.sign === '+') mortals.set(name, order)
  else mortals.delete(name)
})

lines.on('close', () => {
  // Servers first: a folder can't go while a server writes to it.
  for (const { kind, id } of mortals.values()) {
    if (kind === 'process') killTree(Number(id))
    if (kind === 'container')
      spawnSync('docker', ['rm', '--force', '--volumes', String(id)], { stdio: 'ignore' })
  }
  for (const { kind, id } of mortals.values()) {
    if (kind === 'folder')
      rmSync(String(id), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
})

/** The servers lead process groups of their own: PostgreSQL's children go with it. */
function killTree(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
