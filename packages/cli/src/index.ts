export { diagnose } from './doctor/doctor.ts'
export type { DoctorOptions } from './doctor/doctor.ts'
export type { Finding, Severity } from './doctor/finding.ts'
