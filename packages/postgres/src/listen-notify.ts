import type { ChangeHost, ChangeSource } from './change-source.ts'
import { readReport } from './report.ts'
import { resolveReporting } from './reporting-options.ts'
import type { ReportingOptions } from './reporting-options.ts'
import { Reporting } from './reporting.ts'
import type { Session } from './session.ts'

const deaf =
  'the listener heard nothing, its own heartbeat neither: connect to the server itself, not to a pooler'

/**
 * Follows a database by LISTEN/NOTIFY and triggers: for those without the right to replicate, and for databases within
 * this process (PGlite). Notifications that nobody listens to are lost, so every connection that was lost, and every
 * take-over by another process, is a gap. A listener that hears nothing, its own heartbeat neither, counts as lost.
 */
export function listenNotify(options: ReportingOptions): ChangeSource {
  return new ListenNotify(resolveReporting('listenNotify', options))
}

class ListenNotify extends Reporting {
  readonly name = 'listen/notify'
  protected readonly by = 'notify'

  protected async follow(session: Session, host: ChangeHost): Promise<void> {
    const { database, channel, silence, check } = this.options
    let heardAt = performance.now()
    await session.listen(channel, (payload) => {
      heardAt = performance.now()
      if (payload !== '') this.#report(payload, host)
    })
    void host.gap('what changed before this connection listened is not known', this.tables)
    host.state('following')
    try {
      let checkedAt = performance.now()
      while (!this.closing.signal.aborted) {
        // An empty payload is the heartbeat. Not awaited: a server that hangs doesn't answer.
        session.query('select pg_notify($1, $2)', [channel, '']).catch(() => {})
        await this.pause(silence / 4)
        // One within this process is slow at most.
        if (database === undefined && performance.now() - heardAt > silence) throw new Error(deaf)
        if (performance.now() - checkedAt < check) continue
        checkedAt = performance.now()
        await Promise.race([this.prepare(session, host), this.pause(silence)])
      }
    } finally {
      // What is missed from here on is known to be missed at once, not only when somebody listens again.
      if (!this.closing.signal.aborted) void host.gap('the listener was lost', this.tables)
    }
  }

  #report(payload: string, host: ChangeHost): void {
    const batch = readReport(payload, this.tables)
    if (batch) void host.apply(batch)
    else {
      const found = `a notification on the channel \`${this.options.channel}\` is none of ours`
      host.warn({ check: 'payload', found, fix: 'use another `channel`' })
    }
  }
}
