/** One library in a scenario, behind what every one of them can do. */
export interface Contestant {
  readonly name: string
  readonly version: string
  /** Stores a value before the measuring. */
  store(key: string, value: unknown): Promise<void> | void
  /** The ways of reading that the library has, by column. Each must return the stored value. */
  readonly reads: Readonly<Record<string, Read>>
  close(): Promise<void> | void
}

export type Read =
  | { readonly kind: 'sync'; read(key: string): unknown }
  | { readonly kind: 'async'; read(key: string): Promise<unknown> }
