import { once } from 'node:events'
import { createServer } from 'node:net'
import { cdn, varnish, varnishVcl } from '@tierstack/cache-cdn'
import { freePort, NoServerError, startVarnish } from '@tierstack/test-services'
import type { VarnishServer } from '@tierstack/test-services'
import { planned } from './edge-front.ts'
import type { DemoEdge } from './edge-front.ts'

/** Nothing but rows is kept, for anybody: cookies of other services on this host don't matter. */
const routes = `
sub vcl_recv {
  if (req.url !~ "^/(cities|pages|near|countries|top)([/?]|$)") {
    return (pass);
  }
  unset req.http.cookie;
}
`

async function start(vcl: string, port: number | undefined): Promise<VarnishServer> {
  try {
    return await startVarnish({ vcl, ...(port !== undefined && { port }) })
  } catch (error) {
    if (!(error instanceof NoServerError)) throw error
    throw new Error(
      'Found no Varnish with the module xkey, and could not install one: install the packages varnish and ' +
        'varnish-modules, or leave out `--edge varnish`.',
      { cause: error },
    )
  }
}

/** Undefined: any that is free. */
async function portFor(given: number | undefined, usual: number): Promise<number | undefined> {
  const port = given ?? usual
  if (port === 0) return undefined
  const probe = createServer()
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening')
    return port
  } catch {
    if (given === undefined) return undefined
    throw new Error(`Port ${given} is taken; give another one with --port, or 0 for any.`)
  } finally {
    probe.close()
  }
}

/** A Varnish of the demo's own in front of the service. */
export async function openVarnish(
  token: string,
  port: number | undefined,
  usualPort: number,
): Promise<DemoEdge> {
  const service = await freePort()
  // Holds the port until the service listens there.
  const place = createServer((socket) => socket.destroy())
    .listen(service, '127.0.0.1')
    .unref()
  await once(place, 'listening')
  const vcl = varnishVcl({ backend: { host: '127.0.0.1', port: service }, token })
  const server = await start(`${vcl}${routes}`, await portFor(port, usualPort))
  const tier = cdn({
    name: 'edge',
    provider: varnish({ url: server.url, token }),
    // Nothing here takes longer from its first read until it is stored.
    inFlight: '1s',
    maxBackoff: '1s',
  })
  return {
    tier,
    title: `Varnish at ${server.url}, started for this demo`,
    ports: { readers: server.port, service },
    front(listener) {
      place.close()
      return planned(tier, listener)
    },
    close: () => server.stop(),
  }
}
