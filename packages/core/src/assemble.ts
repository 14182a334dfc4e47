import { Background } from './background.ts'
import { Bulkhead } from './bulkhead.ts'
import type { Bus } from './bus.ts'
import type { Chain } from './chain.ts'
import { coarseClock } from './clock.ts'
import type { Codec } from './codec.ts'
import { EdgeLink } from './edge-link.ts'
import { Events } from './events.ts'
import { Failures } from './failures.ts'
import { FarWave } from './far-wave.ts'
import { RemovalFence } from './fence.ts'
import { Flights } from './flights.ts'
import { FillWatch } from './fill-watch.ts'
import { Frames } from './frames.ts'
import { dropReplayed, removedElsewhere, suspectAll } from './heard.ts'
import { Liveness } from './liveness.ts'
import { Locals } from './locals.ts'
import type { ResolvedOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { plainTags } from './plain-tags.ts'
import { RemoteLink } from './remote-link.ts'
import { newChainCounters } from './stats.ts'
import { TagBook } from './tag-book.ts'
import { Tracing } from './tracing.ts'

/** A payload may unfold to this many bytes at most, whatever a frame claims. */
const largestPayload = 64 * 1024 ** 2

/** No remote tier: nothing is ever encoded. */
const noCodec: Codec = {
  id: 0,
  name: 'none',
  encode: () => new Uint8Array(),
  decode: () => undefined,
}

/** Builds the chain of one cache and connects its parts. */
export function assemble(options: ResolvedOptions): Chain {
  const { clock } = options
  const fence = new RemovalFence(() => clock.now())
  const live = new Liveness()
  const events = new Events()
  const tracing = new Tracing()
  const coarse = coarseClock(clock)
  const counters = newChainCounters(options.locals.map((tier) => tier.name))
  for (const tier of options.locals) {
    const evictions = counters.evictions.get(tier.name)
    tier.open({
      clock,
      evicted: (key, cause) => {
        if (evictions) evictions[cause]++
        if (events.on.evict) events.emit('evict', { tier: tier.name, cause, key })
      },
    })
  }
  const fills = new FillWatch(clock)
  // The parts below call back into the chain only once it is complete.
  let chain: Chain | undefined
  const links = options.remotes.map((tier, i) => {
    const farther = options.remotes.slice(i + 1)
    const heard = options.bus !== undefined || farther.some((other) => other.coherence !== undefined)
    return new RemoteLink(
      tier,
      options.locals.length + i,
      {
        namespace: options.namespace,
        clock,
        events,
        tracing,
        historyChanged: () => chain && gap(chain, options, links[i], true),
        replayed: (page) => chain && dropReplayed(chain, page),
      },
      heard && tier.capabilities.shared !== 'fleet',
    )
  })
  const tagLink =
    links.find((link) => link.name === options.tagsAt) ??
    links.findLast((link) => link.coherence !== undefined) ??
    links.at(-1)
  const tags = new TagBook({
    tier: tagLink && { link: tagLink, verbs: tagLink.coherence ?? plainTags(tagLink.tier, clock) },
    fence,
    clock,
    live,
  })
  const others = options.bus !== undefined || links.some((link) => link.coherence !== undefined)
  const [codec = noCodec, ...readable] = options.codecs
  chain = {
    namespace: options.namespace,
    names: options.names,
    locals: new Locals({ tiers: options.locals, fence, live, clock, coarse, suspectTtl: options.suspectTtl }),
    links,
    edges: options.edges.map(
      (edge) => new EdgeLink(edge, { namespace: options.namespace, clock, events, others }),
    ),
    buses: options.bus ? [busOutbox(options.bus, options)] : [],
    fence,
    tags,
    live,
    flights: new Flights(),
    waves: {
      loading: new FarWave(() => chain as Chain, true),
      getting: new FarWave(() => chain as Chain, false),
    },
    failures: new Failures(clock, fence),
    fills,
    frames: new Frames({
      namespace: options.namespace,
      codec,
      readable,
      transforms: options.transforms,
      encryption: options.encryption,
      maxBytes: largestPayload,
    }),
    keyHash: options.keyHash,
    bulkhead: new Bulkhead(options.concurrentLoads, options.queue),
    background: new Background(clock, options.waitUntil),
    events,
    counters,
    tracing,
    clock,
    random: options.random,
    suspectTtl: options.suspectTtl,
    replicaLag: options.replicaLag,
  }
  options.writeQueue?.open({
    namespace: options.namespace,
    clock,
    warn: (finding) => {
      const tier = options.writeQueue?.name ?? ''
      if (events.on.warning) events.emit('warning', { tier, ...finding })
    },
  })
  for (const link of links) {
    link.readTimeout = options.policy.timeouts.tier
    if (link.coherence) listen(chain, link.coherence.bus, options, link)
  }
  if (options.bus) listen(chain, options.bus, options, undefined)
  return chain
}

function busOutbox(bus: Bus, options: ResolvedOptions): Outbox {
  return new Outbox('bus', options.clock, (removal) => bus.publish(removal))
}

function listen(chain: Chain, bus: Bus, options: ResolvedOptions, from: RemoteLink | undefined): void {
  const vouch = chain.live.join()
  const counted = { gaps: 0, until: Number.NEGATIVE_INFINITY, lagMs: undefined as number | undefined }
  chain.counters.buses.set(from?.name ?? 'bus', counted)
  let heard = false
  bus.open({
    namespace: chain.namespace,
    clock: chain.clock,
    listener: {
      removed: (removal, trace) => removedElsewhere(chain, removal, from, trace),
      filled: (key) => chain.fills.ended(key),
      live: (until, lagMs) => {
        heard = true
        counted.until = until
        counted.lagMs = lagMs
        vouch(until)
      },
      // Before the bus was heard for the first time there is nothing to report, but what was stored is suspect too.
      gap: () => gap(chain, options, from, heard),
    },
  })
}

function gap(chain: Chain, options: ResolvedOptions, from: RemoteLink | undefined, report: boolean): void {
  suspectAll(chain, from)
  const counted = chain.counters.buses.get(from?.name ?? 'bus')
  if (report && counted) counted.gaps++
  if (options.onGap === 'flush') chain.locals.clear()
  if (report && chain.events.on['bus:gap']) chain.events.emit('bus:gap', { tier: from?.name ?? 'bus' })
}
