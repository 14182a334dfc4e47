import type { AnyCall } from './call.ts'
import { metEpoch } from './error-reply.ts'
import type { Greeted } from './greeting.ts'
import type { Layout } from './layout.ts'
import { inside, textOf } from './port.ts'
import type { Node, Reply, Word } from './port.ts'
import { isGuarded } from './scripts.ts'
import type { ScriptName } from './scripts.ts'

/** What calls are sent by: where the buckets are, who was greeted there, and which epoch the keys are of. */
export interface Route {
  readonly layout: Layout
  readonly epoch: string
  nodeFor(bucket: number): Node
  greeted(node: Node): Greeted
}

/** Sends each call to the node of its bucket, one write per node; resolves to the replies in the order of the calls. */
export async function dispatch(calls: readonly AnyCall[], route: Route): Promise<readonly Reply[]> {
  const [only] = calls
  if (calls.length === 1 && only !== undefined) return sendTo(route.nodeFor(only.bucket), calls, route)
  const parts = new Map<Node, number[]>()
  for (const [i, { bucket }] of calls.entries()) {
    const node = route.nodeFor(bucket)
    const part = parts.get(node)
    if (part) part.push(i)
    else parts.set(node, [i])
  }
  const replies = Array.from<Reply>({ length: calls.length })
  const sent = [...parts].map(async ([node, places]) => {
    const answers = await sendTo(
      node,
      places.map((place) => calls[place] as AnyCall),
      route,
    )
    for (const [at, place] of places.entries()) replies[place] = answers[at] as Reply
  })
  await Promise.all(sent)
  return replies
}

async function sendTo(node: Node, calls: readonly AnyCall[], route: Route): Promise<readonly Reply[]> {
  const { layout, epoch } = route
  // Ahead of the commands: who asks after a `clear` was acknowledged sees the new epoch, and drops the rest.
  const guards = [...new Set(calls.flatMap((call) => (isGuardedCommand(call) ? [call.bucket] : [])))]
  const words = calls.map((call) => wordsOf(call, node, route))
  // Behind the commands, as no server goes back to an earlier run: one that knows our scripts then knew them before.
  const asked = calls.some(isPlainRead)
  if (asked) words.push(['EVALSHA', shaOf('known', node, route), 0])
  const all = await node.send([...guards.map((bucket) => ['GET', layout.epoch(bucket)]), ...words])
  const last = all.at(-1)
  const stranger = asked && last instanceof Error ? last : undefined
  const replies = asked ? all.slice(0, -1) : all
  if (guards.length === 0)
    return replies.map((reply, i) => judged(calls[i] as AnyCall, stranger ?? reply, epoch))
  const met = new Map(guards.map((bucket, i) => [bucket, replies[i] as Reply]))
  return replies.slice(guards.length).map((reply, i) => {
    const call = calls[i] as AnyCall
    if (stranger !== undefined) return stranger
    if (!isGuardedCommand(call)) return judged(call, reply, epoch)
    const there = met.get(call.bucket) as Reply
    if (there instanceof Error) return there
    const text = textOf(there) ?? ''
    return text === epoch ? reply : metEpoch(text)
  })
}

function isGuardedCommand(call: AnyCall): boolean {
  return 'guarded' in call && call.guarded === true
}

/** An MGET: by itself it would not notice that a server behind a proxy was restarted. */
function isPlainRead(call: AnyCall): boolean {
  return 'guarded' in call && call.guarded === 'within'
}

/** The reply, unless the epoch that it begins with is another one. */
function judged(call: AnyCall, reply: Reply, epoch: string): Reply {
  if (reply instanceof Error || !isPlainRead(call)) return reply
  const text = textOf(inside(reply, 0)) ?? ''
  return text === epoch ? reply : metEpoch(text)
}

function shaOf(script: ScriptName, node: Node, route: Route): string {
  return route.greeted(node).shas.get(script) as string
}

function wordsOf(call: AnyCall, node: Node, route: Route): readonly Word[] {
  if ('words' in call) return call.words
  const { layout, epoch } = route
  const { bucket, script, keys, args } = call
  const sha = shaOf(script, node, route)
  if (!isGuarded(script)) return ['EVALSHA', sha, keys.length, ...keys, ...args]
  return ['EVALSHA', sha, keys.length + 1, layout.epoch(bucket), ...keys, epoch, ...args]
}
