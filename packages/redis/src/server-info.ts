/** What matters of a server's `INFO`. */
export interface ServerInfo {
  /** Random id of this run of the server process. */
  readonly runId: string
  readonly version: string
  readonly major: number
  readonly role: string
  readonly maxMemory: number
  readonly policy: string
}

export function parseInfo(text: string): ServerInfo {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  const runId = fields.get('run_id')
  if (runId === undefined || runId === '') throw new Error('INFO of the Redis server names no run_id')
  const version = fields.get('redis_version') ?? '0'
  return {
    runId,
    version,
    major: Number.parseInt(version, 10) || 0,
    role: fields.get('role') ?? 'master',
    maxMemory: Number(fields.get('maxmemory') ?? 0),
    policy: fields.get('maxmemory_policy') ?? '',
  }
}
