/** Bodies that were there as a whole when their response was made. */
const held = new WeakMap<Response, Uint8Array>()

/** A response like any other, whose body needn't be read from its stream by those who know that it is held. */
export function heldResponse(body: Uint8Array<ArrayBuffer>, init: ResponseInit): Response {
  const response = new Response(body, init)
  held.set(response, body)
  return response
}

/** The whole body, where it is held and nobody has read of it. */
export function heldBody(response: Response): Uint8Array | undefined {
  return response.bodyUsed ? undefined : held.get(response)
}
