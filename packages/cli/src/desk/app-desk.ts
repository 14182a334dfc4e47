import { UsageError } from '../usage-error.ts'
import type { Desk } from './desk.ts'
import { requestDesk } from './request-desk.ts'

/** The desk of a running app: its admin endpoint, over HTTP. */
export function appDesk(address: string, token: string | undefined): Desk {
  const base = URL.canParse(address) ? new URL(address) : undefined
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(`Expected --app to be a URL such as http://127.0.0.1:9465/-/cache, got ${address}`)
  }
  if (token === undefined || token === '') {
    throw new UsageError('Expected the token of the endpoint in --token or TIERSTACK_ADMIN_TOKEN, got none')
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return requestDesk({ title: base.origin, base, token, fetch })
}
