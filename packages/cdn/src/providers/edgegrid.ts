import { createHmac, hash } from 'node:crypto'

export interface EdgeGridCredentials {
  readonly clientToken: string
  readonly clientSecret: string
  readonly accessToken: string
}

const mac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64')
/** Most bytes of a body that are signed. */
const signedBytes = 131_072

/**
 * The `Authorization` of Akamai's interfaces: EG1-HMAC-SHA256
 * (https://techdocs.akamai.com/developer/docs/edgegrid).
 */
export function signEdgeGrid(
  request: { readonly method: string; readonly url: string; readonly body: string },
  { clientToken, clientSecret, accessToken }: EdgeGridCredentials,
  at: Date,
  nonce: string,
): string {
  const { protocol, host, pathname, search } = new URL(request.url)
  const stamp = `${at.toISOString().slice(0, 19).replaceAll('-', '')}+0000`
  const unsigned = `EG1-HMAC-SHA256 client_token=${clientToken};access_token=${accessToken};timestamp=${stamp};nonce=${nonce};`
  const signsBody = request.method === 'POST' && request.body !== ''
  const content = signsBody ? hash('sha256', request.body.slice(0, signedBytes), 'base64') : ''
  const toSign = [
    request.method,
    protocol.slice(0, -1),
    host.toLowerCase(),
    `${pathname}${search}`,
    '',
    content,
    unsigned,
  ].join('\t')
  return `${unsigned}signature=${mac(mac(clientSecret, stamp), toSign)}`
}
