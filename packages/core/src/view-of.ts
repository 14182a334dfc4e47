const largestViewed = 2 ** 17
let viewed: ArrayBufferLike | undefined
let view: DataView = new DataView(new ArrayBuffer(0))

/** What is read together mostly lies in one piece of memory: a view for each frame would cost more than its numbers. */
export function viewOf(buffer: ArrayBufferLike): DataView {
  if (buffer === viewed) return view
  // A large value isn't to be held by this.
  if (buffer.byteLength > largestViewed) return new DataView(buffer)
  viewed = buffer
  view = new DataView(buffer)
  return view
}
