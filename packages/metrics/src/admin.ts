import { resolveAdminOptions } from './admin-options.ts'
import type { AdminOptions } from './admin-options.ts'
import { adminRoutes } from './admin-routes.ts'
import type { Administered } from './administered.ts'
import { endpoint } from './endpoint.ts'
import type { Admin } from './endpoint.ts'
import { rememberRemovals } from './removal-memory.ts'

export type { AdminOptions } from './admin-options.ts'
export type { Administered } from './administered.ts'
export type { Admin } from './endpoint.ts'

/**
 * Makes the authenticated endpoint by which operators and the command line look into a running cache and change it.
 * ADMIN.md beside this package's read-me describes what travels.
 *
 * Without a token it is off: 404 to everything. The token is compared in constant time. It gives whoever has it the
 * power to empty the cache: serve it on an inner address, over TLS.
 * @example
 * const operator = admin(cache, { token: process.env.CACHE_ADMIN_TOKEN, prefix: '/-/cache' })
 * createServer((request, response) => operator.answer(request, response)).listen(9465, '127.0.0.1')
 */
export function admin(cache: Administered, options: AdminOptions): Admin {
  return endpoint(
    { cache, options: resolveAdminOptions(options), removals: rememberRemovals(cache) },
    adminRoutes,
  )
}
