import { createHash } from 'node:crypto'
import { CacheError, expectation } from '@tierstack/cache-core'
import { bucketsOf } from './layout.ts'
import type { Layout } from './layout.ts'
import { textOf } from './port.ts'
import type { Node, Port, Reply, Word } from './port.ts'
import { scriptNames, scriptText } from './scripts.ts'
import type { ScriptName } from './scripts.ts'
import { parseInfo } from './server-info.ts'
import type { ServerInfo } from './server-info.ts'
import { unavailable } from './unavailable.ts'

/** A server as it was greeted: its scripts are known only to this run of it. */
export interface Greeted {
  readonly info: ServerInfo
  readonly shas: ReadonlyMap<ScriptName, string>
}

/** What the servers answered: who they are, and which epoch counts. */
export interface Greeting {
  readonly servers: ReadonlyMap<Node, Greeted>
  /** Run ids of all servers: another text means another history. */
  readonly run: string
  readonly epoch: string
}

/** Greets every server of a namespace, once the port is ready. What comes of it is the connection's to decide. */
export async function greet(port: Port, layout: Layout): Promise<Greeting> {
  const nodes = new Set<Node>()
  for (let bucket = 0; bucket < layout.buckets; bucket++) nodes.add(nodeFor(port, layout, bucket))
  const servers = new Map<Node, Greeted>()
  await Promise.all([...nodes].map(async (node) => servers.set(node, await greetNode(port, node))))
  const run = [...servers.values()]
    .map(({ info }) => info.runId)
    .toSorted()
    .join(',')
  return { servers, run, epoch: await epochFor(port, layout, run) }
}

/** The node that holds a bucket. */
export function nodeFor(port: Port, layout: Layout, bucket: number): Node {
  const node = port.node(layout.slotOf(bucket))
  if (node === undefined) throw unavailable('has no node for a part of its keys')
  return node
}

async function greetNode(port: Port, node: Node): Promise<Greeted> {
  const sections = await node.send(['server', 'replication', 'memory'].map((s) => ['INFO', s]))
  for (const section of sections) if (section instanceof Error) throw section
  const info = parseInfo(sections.map((section) => textOf(section) ?? '').join('\n'))
  if (port.clustered && info.major < 7) {
    throw new CacheError(
      'TIER_UNAVAILABLE',
      `Expected a Cluster of Redis 7 or later, which has sharded channels, ${node.address} is ${info.version}`,
    )
  }
  const texts = scriptNames.map((name) => scriptText(name, info.runId, port.clustered))
  for (const reply of await node.send(texts.map((text) => ['SCRIPT', 'LOAD', text]))) {
    if (reply instanceof Error) throw reply
  }
  const shas = new Map(scriptNames.map((name, i) => [name, sha1(texts[i] as string)]))
  return { info, shas }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

/**
 * The epoch that belongs to these runs of the servers: a new one if the epoch kept there is of other runs.
 *
 * The other buckets are read before bucket 0, in which every epoch begins: so none of them can be ahead of it.
 */
async function epochFor(port: Port, layout: Layout, run: string): Promise<string> {
  const one = async (bucket: number, words: readonly Word[]): Promise<Reply> => {
    const [reply] = await nodeFor(port, layout, bucket).send([words])
    if (reply instanceof Error) throw reply
    return reply ?? null
  }
  const rest = Array.from({ length: layout.buckets - 1 }, (_, i) => i + 1)
  const kept = await Promise.all(
    rest.map(async (bucket) => textOf(await one(bucket, ['GET', layout.epoch(bucket)]))),
  )
  const keys = [layout.run, layout.epoch(0), layout.tagClock, layout.sequence(0)]
  const text = scriptText('hello', run, port.clustered)
  let epoch: string
  try {
    epoch = textOf(await one(0, ['EVAL', text, keys.length, ...keys, run, layout.newEpoch()])) ?? ''
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('READONLY')) throw error
    // A replica: what it has can be read, as long as a master has set it up.
    epoch = textOf(await one(0, ['GET', layout.epoch(0)])) ?? ''
    if (Number.isNaN(bucketsOf(epoch))) throw error
  }
  if (!layout.owns(epoch)) throw otherBuckets(layout, epoch)
  const align = scriptText('align', run, port.clustered)
  await Promise.all(
    rest.map(async (bucket, i) => {
      if (kept[i] === epoch) return
      const words = ['EVAL', align, 2, layout.epoch(bucket), layout.sequence(bucket), kept[i] ?? '', epoch]
      if (textOf(await one(bucket, words)) !== epoch) throw unavailable('was cleared while it was greeted')
    }),
  )
  return epoch
}

function otherBuckets(layout: Layout, epoch: string): CacheError {
  const wanted = `${bucketsOf(epoch)}, as it is for the processes that use the namespace already`
  const change = `delete the key \`${layout.epoch(0)}\` to change it for all`
  return expectation('buckets', `${wanted} (${change})`, layout.buckets)
}
