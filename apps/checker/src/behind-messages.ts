export type BehindOrder =
  | { readonly kind: 'write'; readonly id: number; readonly key: number; readonly version: number }
  | { readonly kind: 'read'; readonly id: number; readonly key: number }
  | { readonly kind: 'flush'; readonly id: number }
  /** Sends a message on the bus, which every process hears after those of earlier writes. */
  | { readonly kind: 'mark'; readonly id: number; readonly mark: number }

export type BehindAnswer =
  | {
      readonly id: number
      readonly ok: true
      readonly version: number
      /** Of a write: removals wait in its process. */
      readonly queued?: boolean
      /** Of a read: its process knew that it hears of every removal. */
      readonly live?: boolean
      /** Of a read: the last mark that its process had heard of when it began. */
      readonly heard?: number
    }
  | { readonly id: number; readonly ok: false; readonly why: string }
