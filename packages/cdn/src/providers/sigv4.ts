import { createHmac, hash } from 'node:crypto'

const sha = (text: string) => hash('sha256', text, 'hex')
const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/**
 * Headers that sign a request without a query: AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
export function signAws(
  request: { readonly method: string; readonly url: string; readonly body: string },
  o: { readonly credentials: AwsCredentials; readonly region: string; readonly service: string },
  at: Date,
): Record<string, string> {
  const { host, pathname } = new URL(request.url)
  const stamp = at.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = stamp.slice(0, 8)
  const { accessKeyId, secretAccessKey, sessionToken } = o.credentials
  const signed: [string, string][] = [
    ['host', host],
    ['x-amz-date', stamp],
    ...(sessionToken === undefined ? [] : [['x-amz-security-token', sessionToken] as [string, string]]),
  ]
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    request.method,
    pathname,
    '',
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha(request.body),
  ].join('\n')
  const scope = `${day}/${o.region}/${o.service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha(canonical)].join('\n')
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const part of [day, o.region, o.service, 'aws4_request']) key = mac(key, part)
  const signature = mac(key, toSign).toString('hex')
  const { host: _, ...headers } = Object.fromEntries(signed) as Record<string, string>
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}
