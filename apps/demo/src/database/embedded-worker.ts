import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { cube } from '@electric-sql/pglite/contrib/cube'
import type { Step } from './database.ts'

export interface Request {
  readonly id: number
  readonly steps: readonly Step[]
  readonly atomic: boolean
  /** Runs a text of several statements instead. */
  readonly script?: string
  /** Reports notifications on this channel from now on instead. */
  readonly listen?: string
}

/** A notification. */
export interface Heard {
  readonly channel: string
  readonly payload: string
}

export type Reply =
  | { readonly id: number; readonly rows: readonly unknown[]; readonly ms: number }
  | { readonly id: number; readonly error: string }

const port = parentPort
if (!port) throw new Error('This module runs in a worker thread only')
const { folder } = workerData as { folder: string | undefined }

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A transaction answers with the rows of its last step. */
async function answer(db: PGlite, { steps, atomic }: Request): Promise<readonly unknown[]> {
  let rows: readonly unknown[] = []
  const all = async (on: Pick<PGlite, 'query'>): Promise<void> => {
    for (const step of steps) rows = (await on.query(step.text, [...(step.values ?? [])])).rows
  }
  await (atomic ? db.transaction(all) : all(db))
  return rows
}

try {
  // Relaxed durability: the demo can load its rows again, so no commit waits for the disk.
  const db = await PGlite.create({
    ...(folder === undefined ? {} : { dataDir: folder }),
    extensions: { cube },
    relaxedDurability: true,
  })
  const shown = await db.query<{ server_version: string }>('show server_version')
  const version = shown.rows[0]?.server_version ?? ''

  let turn: Promise<void> = Promise.resolve()
  const serve = async (request: Request): Promise<void> => {
    const began = performance.now()
    const { script, listen } = request
    try {
      if (script !== undefined) await db.exec(script)
      if (listen !== undefined)
        await db.listen(listen, (payload) => port.postMessage({ channel: listen, payload } satisfies Heard))
      const rows = await answer(db, request)
      port.postMessage({ id: request.id, rows, ms: performance.now() - began } satisfies Reply)
    } catch (error) {
      port.postMessage({ id: request.id, error: sentence(error) } satisfies Reply)
    }
  }
  // One after the other, so that `ms` is the time of the query alone.
  port.on('message', (request: Request | 'close') => {
    turn = turn.then(async () => {
      if (request !== 'close') return serve(request)
      await db.close()
      port.close()
    })
  })
  port.postMessage({ version })
} catch (error) {
  port.postMessage({ error: sentence(error) })
  port.close()
}
