import type { SourceFinding } from './change-source.ts'

/** The set-up of the database keeps a source from following it. The message is one sentence that names the fix. */
export class SetupError extends Error {
  readonly finding: SourceFinding
  /** Stable name of what was checked, such as `wal_level` or `primary-key`. */
  readonly code: string

  constructor(finding: SourceFinding, cause?: unknown) {
    super(`${finding.found}: ${finding.fix}`, { cause })
    this.name = 'SetupError'
    this.finding = finding
    this.code = finding.check
  }
}
