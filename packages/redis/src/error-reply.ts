/* What the error replies mean that the protocol reckons with. */

const otherServer = /^(NOSCRIPT|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN)\b/

/** Is the server, or what it knows of the Cluster, another than the one that was greeted? */
export function isOfOtherServer(reply: Error): boolean {
  return otherServer.test(reply.message)
}

export function isReadOnly(reply: Error): boolean {
  return reply.message.startsWith('READONLY')
}

/** The epoch that a guarded call met instead of its own; empty when there is none; undefined for any other reply. */
export function otherEpoch(reply: unknown): string | undefined {
  return reply instanceof Error ? /^TSEPOCH ?(.*)$/.exec(reply.message)?.[1] : undefined
}

/** What a guarded call is answered that met another epoch. */
export function metEpoch(epoch: string): Error {
  return new Error(`TSEPOCH ${epoch}`)
}
