import type { ResolvedAdminOptions } from './admin-options.ts'
import { invalidate, purge } from './admin-removals.ts'
import { advice, entry, explain, stats, top, warm } from './admin-reports.ts'
import { tail } from './admin-tail.ts'
import type { Administered } from './administered.ts'
import type { Routes } from './endpoint.ts'

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
