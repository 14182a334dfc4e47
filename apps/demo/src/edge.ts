import { randomUUID } from 'node:crypto'
import { openEmbeddedEdge } from './edge-embedded.ts'
import type { DemoEdge } from './edge-front.ts'
import type { EdgeKind } from './options.ts'

/**
 * Opens what is to stand in front of the service. An edge with a server of its own serves on `port`; without one given,
 * on the usual one or any that is free.
 */
export async function openEdge(
  kind: EdgeKind,
  port: number | undefined,
  usualPort: number,
): Promise<DemoEdge | undefined> {
  if (kind === 'none') return undefined
  const token = randomUUID()
  if (kind === 'embedded') return await openEmbeddedEdge(token)
  // Loads what starts servers, which nothing else of the demo needs.
  const { openVarnish } = await import('./edge-varnish.ts')
  return await openVarnish(token, port, usualPort)
}
