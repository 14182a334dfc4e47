/** The desk at which a cache answers its operator: `GET stats`, `POST invalidate` and so on, format 1. */
export interface Desk extends AsyncDisposable {
  /** What it looks into, for headlines. */
  readonly title: string
  get(route: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>
  post(route: string, body: object): Promise<unknown>
  /** Events as they happen, until the signal is aborted or the other side ends. */
  tail(events: readonly string[] | undefined, signal: AbortSignal): AsyncIterable<TailedEvent>
}

export interface TailedEvent {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}
