import type { ServerResponse } from 'node:http'

import type { Exchange } from './exchange.ts'
import type { Answer } from './origin.ts'

/**
 * Reads a body to its end and passes it on while it comes, to the reader whose fetch it is. Resolves to the whole; to
 * `too-large` as soon as it can't be kept, while the rest streams on no faster than the reader takes it; to `cut` when
 * the origin broke off. What is kept is read at the origin's speed, whether or not its reader stays.
 */
export async function collect(
  answer: Answer,
  exchange: Exchange,
  most: number,
): Promise<Uint8Array | 'too-large' | 'cut'> {
  const { body } = answer
  const reader = exchange.leads ? exchange.response : undefined
  const chunks: Uint8Array[] = []
  let size = 0
  if (most === 0) {
    void stream(body[Symbol.asyncIterator](), body, [], reader)
    return 'too-large'
  }
  const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  try {
    for (;;) {
      const next = await pieces.next()
      if (next.done === true) break
      size += next.value.length
      if (size > most) {
        void stream(pieces, body, [next.value], reader)
        return 'too-large'
      }
      chunks.push(next.value)
      if (reader !== undefined && !reader.destroyed) reader.write(next.value)
    }
  } catch {
    reader?.destroy()
    return 'cut'
  }
  reader?.end()
  return Buffer.concat(chunks, size)
}

/** Passes the rest of a body on, holding no more than the reader's own buffer. */
async function stream(
  pieces: AsyncIterator<Uint8Array>,
  body: Answer['body'],
  first: Uint8Array[],
  reader: ServerResponse | undefined,
): Promise<void> {
  if (reader === undefined) {
    body.destroy()
    return
  }
  const gone = () => body.destroy()
  reader.once('close', gone)
  try {
    for (const piece of first) await give(reader, piece)
    for (;;) {
      const next = await pieces.next()
      if (next.done === true) break
      await give(reader, next.value)
    }
    reader.end()
  } catch {
    reader.destroy()
  } finally {
    reader.off('close', gone)
  }
}

async function give(reader: ServerResponse, piece: Uint8Array): Promise<void> {
  if (reader.destroyed) throw new Error('the reader has gone')
  if (!reader.write(piece)) await roomOrGone(reader)
}

/** Leaves no listener behind: a long body waits for its reader thousands of times. */
function roomOrGone(reader: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      reader.off('drain', done)
      reader.off('close', done)
      resolve()
    }
    reader.on('drain', done)
    reader.on('close', done)
  })
}
