import type { ProviderContract, PurgeBatch } from '../provider.ts'
import type { Job } from './jobs.ts'

/** Bytes of a call's body that aren't names. */
const around = 512
/** Quotes and a comma. */
const aroundName = 4

/** The next call's jobs: all hard or all soft, within the limits of a call. `most`: what the buckets ever hold. */
export function nextCall(ready: Iterable<Job>, contract: ProviderContract, most: number): readonly Job[] {
  const { perCall, maxBodyBytes } = contract
  let atMost = Math.min(perCall, most)
  let bytes = 0
  let soft: boolean | undefined
  const jobs: Job[] = []
  for (const job of ready) {
    if (soft !== undefined && job.soft !== soft) continue
    atMost = Math.min(atMost, Math.max(job.cap, jobs.length))
    bytes += job.name.length + aroundName
    if (jobs.length >= atMost || (jobs.length > 0 && bytes > maxBodyBytes - around)) break
    soft = job.soft
    jobs.push(job)
  }
  return jobs
}

/** A call's names as one batch or, for an edge without tags, as many as the pages' addresses take. */
export function batchesOf(
  names: readonly string[],
  soft: boolean,
  urlsOf: ((names: readonly string[]) => readonly string[]) | undefined,
  { perCall }: ProviderContract,
): readonly PurgeBatch[] {
  if (urlsOf === undefined) return [{ kind: 'tags', names, soft }]
  const urls = urlsOf(names)
  return Array.from({ length: Math.ceil(urls.length / perCall) }, (_, i) => ({
    kind: 'urls',
    names: urls.slice(i * perCall, (i + 1) * perCall),
    soft,
  }))
}
