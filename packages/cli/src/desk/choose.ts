import { UsageError } from '../usage-error.ts'
import type { Io } from '../terminal.ts'
import { appDesk } from './app-desk.ts'
import type { Desk } from './desk.ts'
import { redisDesk } from './redis-desk.ts'

/** Options by which every command that looks into a cache finds it. */
export interface DeskOptions {
  readonly app?: string
  readonly token?: string
  readonly redis?: string
  readonly namespace?: string
  readonly prefix?: string
  readonly ca?: string
  readonly values?: boolean
  readonly definition?: string | undefined
}

/** The desk that the options or the environment name; an app is asked before its Redis. */
export async function openDesk(options: DeskOptions, io: Io): Promise<Desk> {
  const app = options.app ?? (options.redis === undefined ? io.env['TIERSTACK_ADMIN_URL'] : undefined)
  if (app !== undefined) return appDesk(app, options.token ?? io.env['TIERSTACK_ADMIN_TOKEN'])
  const { redis: url, namespace, prefix, ca: caFile, values = false, definition } = options
  if (url === undefined) {
    throw new UsageError(
      'Expected a cache to look into: --app URL (or TIERSTACK_ADMIN_URL), or --redis URL with --namespace NAME',
    )
  }
  if (namespace === undefined)
    throw new UsageError('Expected --namespace NAME together with --redis, got none')
  return await redisDesk({ url, namespace, prefix, caFile, values, definition })
}
