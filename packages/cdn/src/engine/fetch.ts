/** What is looked at of a `Response`. */
export interface Fetched {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

/** The global `fetch`, or what does as much as purges need. */
export type Fetch = (url: string, init: RequestInit) => Promise<Fetched>

/** Longest answer looked at, in characters: vendors say what is wrong in fewer. */
export const longestAnswer = 65_536
