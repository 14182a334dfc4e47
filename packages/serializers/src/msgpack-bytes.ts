// oxlint-disable-next-line unbound-method -- it is always called on a text; looked up anew at each letter it costs more
const { charCodeAt } = String.prototype

const chunkBytes = 8 * 1_024
/** Below, a loop is faster than a call. */
const shortText = 64

/** What is thrown where the caller's bytes are too few. */
export const full: Error = new Error('no room')

/** Bytes of msgpack under way, and how all that is not a record is written: as msgpackr does it. */
export class MsgpackBytes {
  protected bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  protected view: DataView = new DataView(this.bytes.buffer)
  /** Of the value in hand. */
  protected start = 0
  protected at = 0
  /** The bytes in hand are the caller's: there is no more room than they have. */
  protected lent = false

  protected arrayHead(length: number): void {
    this.room(5)
    const { bytes, view, at } = this
    if (length < 0x10) {
      bytes[at] = 0x90 | length
      this.at = at + 1
    } else if (length < 0x1_0000) {
      bytes[at] = 0xdc
      view.setUint16(at + 1, length)
      this.at = at + 3
    } else {
      bytes[at] = 0xdd
      view.setUint32(at + 1, length)
      this.at = at + 5
    }
  }

  protected date(date: Date): boolean {
    const time = date.getTime()
    const seconds = Math.floor(time / 1_000)
    if (!(time >= 0 && seconds < 2 ** 32)) return false
    if (Object.keys(date).length > 0 || Object.getOwnPropertySymbols(date).length > 0) return false
    const ms = time % 1_000
    this.room(10)
    let at = this.at
    this.bytes[at] = ms === 0 ? 0xd6 : 0xd7
    this.bytes[at + 1] = 0xff
    at += 2
    if (ms > 0) {
      this.view.setUint32(at, ms * 4e6)
      at += 4
    }
    this.view.setUint32(at, seconds)
    this.at = at + 4
    return true
  }

  protected number(number: number): boolean {
    this.room(9)
    const bytes = this.bytes
    const view = this.view
    const at = this.at
    if (number >>> 0 === number) {
      if (Object.is(number, -0)) return false
      if (number < 0x40) {
        bytes[at] = number
        this.at = at + 1
      } else if (number < 0x100) {
        bytes[at] = 0xcc
        bytes[at + 1] = number
        this.at = at + 2
      } else if (number < 0x1_0000) {
        bytes[at] = 0xcd
        view.setUint16(at + 1, number)
        this.at = at + 3
      } else {
        bytes[at] = 0xce
        view.setUint32(at + 1, number)
        this.at = at + 5
      }
    } else if (number >> 0 === number) this.#negative(number)
    else {
      bytes[at] = 0xcb
      view.setFloat64(at + 1, number)
      this.at = at + 9
    }
    return true
  }

  #negative(number: number): void {
    const view = this.view
    const at = this.at
    if (number >= -0x20) {
      view.setInt8(at, number)
      this.at = at + 1
    } else if (number >= -0x80) {
      view.setUint8(at, 0xd0)
      view.setInt8(at + 1, number)
      this.at = at + 2
    } else if (number >= -0x8000) {
      view.setUint8(at, 0xd1)
      view.setInt16(at + 1, number)
      this.at = at + 3
    } else {
      view.setUint8(at, 0xd2)
      view.setInt32(at + 1, number)
      this.at = at + 5
    }
  }

  protected text(text: string): boolean {
    const { length } = text
    if (length >= shortText) return this.#longText(text)
    this.room(2 + length)
    const bytes = this.bytes
    const from = this.at + (length < 0x20 ? 1 : 2)
    let all = 0
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt.call(text, i)
      all |= unit
      bytes[from + i] = unit
    }
    if (all >= 0x80) return this.#wideText(text)
    this.#textHead(length)
    this.at = from + length
    return true
  }

  #longText(text: string): boolean {
    const { length } = text
    this.room(5 + length * 3)
    const start = this.at
    const from = this.#textHead(length)
    const written = this.bytes.write(text, from)
    if (written === length) {
      this.at = from + length
      return true
    }
    this.at = start
    return this.#wideText(text)
  }

  /** A text that isn't ASCII. UTF-8 has no lone surrogates, and the reader drops a byte order mark from the start. */
  #wideText(text: string): boolean {
    if (!text.isWellFormed() || text.charCodeAt(0) === 0xfeff) return false
    const length = Buffer.byteLength(text)
    this.room(5 + length)
    const from = this.#textHead(length)
    this.bytes.write(text, from)
    this.at = from + length
    return true
  }

  /** Writes what stands before a text of so many bytes; returns where the text begins. */
  #textHead(length: number): number {
    const at = this.at
    if (length < 0x20) {
      this.bytes[at] = 0xa0 | length
      return at + 1
    }
    if (length < 0x100) {
      this.bytes[at] = 0xd9
      this.bytes[at + 1] = length
      return at + 2
    }
    if (length < 0x1_0000) {
      this.bytes[at] = 0xda
      this.view.setUint16(at + 1, length)
      return at + 3
    }
    this.bytes[at] = 0xdb
    this.view.setUint32(at + 1, length)
    return at + 5
  }

  protected room(most: number): void {
    if (this.at + most <= this.bytes.length) return
    if (this.lent) throw full
    const before = this.bytes.subarray(this.start, this.at)
    this.bytes = Buffer.allocUnsafeSlow(Math.max(chunkBytes, (before.length + most) * 2))
    this.view = new DataView(this.bytes.buffer)
    this.bytes.set(before)
    this.start = 0
    this.at = before.length
  }
}
