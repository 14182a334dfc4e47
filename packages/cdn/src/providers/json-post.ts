import type { PurgeRequest } from '../provider.ts'

/** A POST with a body of JSON, as most vendors take purges. */
export function jsonPost(
  url: string,
  headers: Readonly<Record<string, string>>,
  content: unknown,
): PurgeRequest {
  return {
    method: 'POST',
    url,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(content),
  }
}
