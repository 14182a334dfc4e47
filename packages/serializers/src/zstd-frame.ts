const magic = 0xfd2fb528

/**
 * The size of the content that one zstd frame declares (RFC 8878, section 3.1.1). Throws unless the bytes are exactly
 * one frame with a declared size: some versions of Node take a frame that is cut for a whole one, and all ignore
 * what follows a frame.
 */
export function declaredSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Reading past the end throws a RangeError, which is what a cut frame deserves.
  if (view.getUint32(0, true) !== magic) throw new Error('This is no zstd frame')
  const descriptor = view.getUint8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
  const sizeAt = 5 + (singleSegment ? 0 : 1) + dictionaryBytes
  const { size, width } = contentSize(view, sizeAt, descriptor >> 6, singleSegment)
  const checksumBytes = (descriptor & 4) === 0 ? 0 : 4
  if (endOfBlocks(view, sizeAt + width) + checksumBytes !== bytes.length) {
    throw new Error('The frame does not end where the bytes do')
  }
  return size
}

function contentSize(
  view: DataView,
  at: number,
  flag: number,
  singleSegment: boolean,
): { size: number; width: number } {
  if (flag === 1) return { size: view.getUint16(at, true) + 256, width: 2 }
  if (flag === 2) return { size: view.getUint32(at, true), width: 4 }
  if (flag === 3) return { size: Number(view.getBigUint64(at, true)), width: 8 }
  if (!singleSegment) throw new Error('The frame does not declare its size')
  return { size: view.getUint8(at), width: 1 }
}

/** Each block begins with three bytes: whether it is the last, its type, and its size. */
function endOfBlocks(view: DataView, start: number): number {
  let at = start
  for (;;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const repeatsOneByte = ((header >> 1) & 3) === 1
    at += 3 + (repeatsOneByte ? 1 : header >> 3)
    if ((header & 1) === 1) return at
  }
}
