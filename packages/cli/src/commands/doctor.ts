import { diagnose } from '../doctor/doctor.ts'
import type { DoctorOptions } from '../doctor/doctor.ts'
import type { Severity } from '../doctor/finding.ts'
import type { Terminal } from '../terminal.ts'

const ranks: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 }
const colours = { error: 'red', warning: 'yellow', note: 'cyan' } as const

/** `doctor`: what is wrong with the servers, and how to mend it. False when something is at least as bad as `failOn`. */
export async function doctor(options: DoctorOptions, failOn: Severity, terminal: Terminal): Promise<boolean> {
  const findings = (await diagnose(options)).toSorted((a, b) => ranks[a.severity] - ranks[b.severity])
  terminal.show(findings, () => {
    for (const { check, severity, found, fix } of findings) {
      terminal.line(`${terminal.paint(colours[severity], severity.padEnd(7))}  ${check}`)
      terminal.line(`         ${found}`)
      terminal.line(terminal.paint('dim', `         ${fix}`))
      terminal.line()
    }
    const counts = (['error', 'warning', 'note'] as const).map((severity) => {
      const count = findings.filter((finding) => finding.severity === severity).length
      return `${count} ${severity}${count === 1 ? '' : 's'}`
    })
    terminal.line(findings.length === 0 ? terminal.paint('green', 'Nothing is wrong.') : counts.join(', '))
  })
  return findings.every(({ severity }) => ranks[severity] > ranks[failOn])
}
