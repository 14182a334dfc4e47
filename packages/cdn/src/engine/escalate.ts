import type { Job } from './jobs.ts'

/** Names given up for one that covers them all. */
export interface Escalation {
  readonly name: string
  readonly jobs: readonly Job[]
}

/**
 * What to give up so that the rest is through in time: the largest group for the name that covers it; when that isn't
 * enough, or there is none, everything for the name of all pages.
 */
export function escalate(ready: Iterable<Job>, all: string): Escalation | undefined {
  const groups = new Map<string, Job[]>()
  const every: Job[] = []
  for (const job of ready) {
    if (job.name === all) continue
    every.push(job)
    if (job.group === undefined || job.group === job.name) continue
    const group = groups.get(job.group)
    if (group === undefined) groups.set(job.group, [job])
    else group.push(job)
  }
  let largest: Escalation | undefined
  for (const [name, jobs] of groups) {
    if (jobs.length > 1 && jobs.length > (largest?.jobs.length ?? 0)) largest = { name, jobs }
  }
  if (largest !== undefined) return largest
  return every.length > 1 ? { name: all, jobs: every } : undefined
}
