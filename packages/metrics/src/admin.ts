import { resolveAdminOptions } from './admin-options.ts'
import type { AdminOptions, ResolvedAdminOptions } from './admin-options.ts'
import { invalidate, purge } from './admin-removals.ts'
import { advice, entry, explain, stats, top, warm } from './admin-reports.ts'
import { tail } from './admin-tail.ts'
import type { Administered } from './administered.ts'
import { endpoint } from './endpoint.ts'
import type { Admin, Routes } from './endpoint.ts'
import { rememberRemovals } from './removal-memory.ts'

export type { AdminOptions } from './admin-options.ts'
export type { Administered } from './administered.ts'
export type { Admin } from './endpoint.ts'

/** What the admin endpoint answers; the live page answers it too. */
export const adminRoutes: Routes = {
  'GET ': ({ cache, options }) => Promise.resolve(welcome(cache, options)),
  'GET stats': ({ cache }) => stats(cache),
  'GET top': ({ cache, query, options, request }) => top(cache, query, options, request.signal),
  'GET advice': ({ options, request }) => advice(options, request.signal),
  'GET explain': (call) => explain(call),
  'GET entry': ({ cache, query, options }) => entry(cache, query, options),
  'GET tail': ({ cache, query, options }) => tail(cache, query, options),
  'POST invalidate': ({ cache, request }) => invalidate(cache, request),
  'POST purge': ({ cache, request }) => purge(cache, request),
  'POST warm': ({ cache, request }) => warm(cache, request),
}

function welcome(cache: Administered, { readOnly, values, hideKeys }: ResolvedAdminOptions): object {
  const { namespace } = cache.stats()
  return {
    format: 1,
    namespace,
    pid: process.pid,
    readOnly,
    values,
    hideKeys,
    routes: Object.keys(adminRoutes),
  }
}

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
