import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cachedQueriesOptionNames } from '../src/cached-queries.ts'
import { feedOptionNames } from '../src/feed-options.ts'
import { replicaReadsOptionNames } from '../src/replica-reads.ts'
import { notifyOptionNames, outboxOptionNames } from '../src/reporting-options.ts'
import { replicationOptionNames } from '../src/replication-options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test.each([
  ['`cachedQueries`', cachedQueriesOptionNames],
  ['`changeFeed`', feedOptionNames],
  ['`logicalReplication`', replicationOptionNames],
  ['`replicaReads`', replicaReadsOptionNames],
  ['`listenNotify`', notifyOptionNames],
  ['`outbox`', outboxOptionNames],
])('the read-me lists every option of %s, and no other', (title, names) => {
  const part = readme.split('\n### ').find((section) => section.startsWith(title)) ?? ''
  expect([...part.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)).toEqual([...names])
})
