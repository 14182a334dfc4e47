import type { MaybePromise } from '@tierstack/cache-core'

/** A user and password, as they are just now. */
export interface Credentials {
  readonly username?: string | undefined
  readonly password: string
}

/** What a client connects with, read anew for every connection. */
interface Access {
  username?: string | undefined
  password?: string | null
}

interface Client {
  readonly options: object
}

/**
 * Keeps what a client connects with up to date: asked for before the first connection and whenever one ended, so that
 * the next attempts use a password that was changed meanwhile. Connections that stand are left alone, as the server does.
 */
export class Renewal {
  readonly #ask: () => MaybePromise<Credentials>
  readonly #client: Client

  constructor(ask: () => MaybePromise<Credentials>, client: Client) {
    this.#ask = ask
    this.#client = client
  }

  /** Rejects when they can't be had; what was used before stays then. */
  async renew(): Promise<void> {
    const given = await this.#ask()
    if (typeof given?.password !== 'string') {
      throw new TypeError(`Expected \`credentials\` to answer with a password, got ${typeof given?.password}`)
    }
    const access = this.#client.options as Access
    access.password = given.password
    if (given.username !== undefined) access.username = given.username
  }
}

/** A client made after another one connects with what that one would use now. */
export function sameAccess(of: Client, client: Client): void {
  const from = of.options as Access
  const to = client.options as Access
  if (from.password !== undefined) to.password = from.password
  if (from.username !== undefined) to.username = from.username
}
