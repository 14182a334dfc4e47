import { existsSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/*
 * What all processes of a run know together: one append-only file per process, in a folder in memory. A record is
 * written synchronously at the instant at which it becomes true, and whoever looks afterwards sees it: no message is
 * under way, so a late event loop can't make the verdict miss something.
 */

/** `from` is the process (instance) that writes the record; 0 is the one that starts the others. */
export type Mark =
  /** From `at` on, nobody may read a version of the key below this one. */
  | {
      readonly kind: 'acknowledged'
      readonly from: number
      readonly key: number
      readonly version: number
      readonly at: number
    }
  /** A fault on the way between processes began, or ended. */
  | { readonly kind: 'silence'; readonly from: number; readonly at: number; readonly began: boolean }
  /** The event loop of a process stood still. */
  | { readonly kind: 'lag'; readonly from: number; readonly at: number; readonly until: number }

const kinds = ['acknowledged', 'silence', 'lag'] as const
const fields = 4
const recordBytes = fields * 8

const fileOf = (folder: string, instance: number) => join(folder, `${instance}.ledger`)

export class LedgerWriter {
  readonly #file: number
  readonly #record = new Float64Array(fields)

  constructor(folder: string, instance: number) {
    this.#file = openSync(fileOf(folder, instance), 'a')
  }

  acknowledged(key: number, version: number, at: number): void {
    this.#write(0, at, key, version)
  }

  silence(began: boolean, at: number): void {
    this.#write(1, at, began ? 1 : 0, 0)
  }

  lag(at: number, until: number): void {
    this.#write(2, at, until, 0)
  }

  #write(...record: readonly [number, number, number, number]): void {
    this.#record.set(record)
    writeSync(this.#file, new Uint8Array(this.#record.buffer))
  }
}

/** Reads what was written since the last look, by everybody. */
export class LedgerReader {
  readonly #folder: string
  readonly #files: { readonly descriptor: number; at: number }[] = []
  readonly #buffer = new Float64Array(fields * 2_048)

  constructor(folder: string) {
    this.#folder = folder
  }

  read(take: (mark: Mark) => void): void {
    while (existsSync(fileOf(this.#folder, this.#files.length))) {
      this.#files.push({ descriptor: openSync(fileOf(this.#folder, this.#files.length), 'r'), at: 0 })
    }
    for (const [from, file] of this.#files.entries()) {
      for (;;) {
        const bytes = readSync(
          file.descriptor,
          new Uint8Array(this.#buffer.buffer),
          0,
          this.#buffer.byteLength,
          file.at,
        )
        const records = Math.floor(bytes / recordBytes)
        file.at += records * recordBytes
        for (let i = 0; i < records; i++) take(this.#mark(from, i * fields))
        if (bytes < this.#buffer.byteLength) break
      }
    }
  }

  #mark(from: number, offset: number): Mark {
    const [kind, at, first, second] = this.#buffer.subarray(offset, offset + fields) as unknown as [
      number,
      number,
      number,
      number,
    ]
    switch (kinds[kind]) {
      case 'silence':
        return { kind: 'silence', from, at, began: first === 1 }
      case 'lag':
        return { kind: 'lag', from, at, until: first }
      default:
        return { kind: 'acknowledged', from, at, key: first, version: second }
    }
  }
}
