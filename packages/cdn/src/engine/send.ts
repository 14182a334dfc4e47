import type { Clock } from '@tierstack/cache-core'
import type { Provider, PurgeAnswer, PurgeBatch, PurgeRequest, PurgeVerdict } from '../provider.ts'
import { retryAfter } from './backoff.ts'
import { longestAnswer } from './fetch.ts'
import type { Fetch } from './fetch.ts'

/** Makes one call, to every node that the provider names. The worst verdict counts. Never rejects. */
export async function send(
  provider: Provider,
  batch: PurgeBatch,
  o: { readonly fetch: Fetch; readonly clock: Clock; readonly timeout: number },
): Promise<PurgeVerdict> {
  let requests: readonly PurgeRequest[]
  try {
    requests = await provider.requests(batch, new Date(o.clock.wall()))
  } catch (error) {
    return { ok: false, why: 'refused', error: message(error) }
  }
  const verdicts = await Promise.all(requests.map((request) => one(provider, request, o)))
  return verdicts.find((verdict) => !verdict.ok) ?? { ok: true }
}

async function one(
  provider: Provider,
  request: PurgeRequest,
  o: { readonly fetch: Fetch; readonly clock: Clock; readonly timeout: number },
): Promise<PurgeVerdict> {
  const { method, url, headers, body } = request
  const controller = new AbortController()
  const cancel = o.clock.after(o.timeout, () =>
    controller.abort(new Error(`no answer within ${o.timeout} ms`)),
  )
  try {
    const response = await o.fetch(url, {
      method,
      headers,
      // A redirect would carry the credentials elsewhere.
      redirect: 'manual',
      signal: controller.signal,
      ...(body !== undefined && { body }),
    })
    const text = (await response.text()).slice(0, longestAnswer)
    const verdict = provider.verdict({ status: response.status, headers: response.headers, body: text })
    if (verdict.ok || verdict.afterMs !== undefined) return verdict
    const afterMs = retryAfter(response.headers.get('retry-after'), o.clock.wall())
    return afterMs === undefined ? verdict : { ...verdict, afterMs }
  } catch (error) {
    return { ok: false, why: 'backoff', error: message(error) }
  } finally {
    cancel()
  }
}

function message(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error instanceof Error ? error.message : String(error)}${cause}`
}

/** The verdict that a status alone allows; what most vendors mean by it. */
export function verdictOf({ status, body }: Pick<PurgeAnswer, 'status' | 'body'>): PurgeVerdict {
  if (status >= 200 && status < 300) return { ok: true }
  const error = `${status} ${body.slice(0, 200).replaceAll(/\s+/g, ' ')}`.trim()
  if (status === 429) return { ok: false, why: 'after', error }
  if (status === 413) return { ok: false, why: 'split', error }
  if (status === 401 || status === 403) return { ok: false, why: 'forbidden', error }
  // Not there, gone, wrong method: a wrong address, to be put right by a person.
  if (status === 404 || status === 405 || status === 410) return { ok: false, why: 'forbidden', error }
  if (status === 400 || status === 422) return { ok: false, why: 'refused', error }
  return { ok: false, why: 'backoff', error }
}
