import { Database } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { openServer } from './server.ts'

export interface OpenOptions {
  /** A real server, if set. */
  readonly url: string | undefined
  /** Where the embedded database keeps its files; in memory without one. */
  readonly folder: string | undefined
}

/** Opens the server at `url`, or the embedded PostgreSQL where none is given. */
export async function openDatabase({ url, folder }: OpenOptions): Promise<Database> {
  return new Database(url ? await openServer(url) : await openEmbedded(folder))
}
