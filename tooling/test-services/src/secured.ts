import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificates } from './certificates.ts'

/**
 * A run in which every Redis that a test starts speaks TLS only, and lets its clients in as a user with no more rights
 * than the run, or the test, names. Whoever starts the run makes one with `prepareSecuredRun`.
 */
export interface SecuredRun {
  readonly tls: Certificates
  /** ACL rules of the user that clients connect as. */
  readonly rights: string
}

/** What its servers' own user is called, by which tests play an operator, and replicas follow. */
export const operator = { username: 'operator', password: 'test' } as const
/** What the user is called that tests connect as. */
export const limited = { username: 'limited', password: 'test' } as const

/**
 * Writes what a secured run needs into a folder. Returns the environment of the run: the processes in it trust the
 * authority beside those that they trust anyway.
 */
export function prepareSecuredRun(folder: string, { tls, rights }: SecuredRun): Record<string, string> {
  const known = process.env['NODE_EXTRA_CA_CERTS']
  writeFileSync(
    join(folder, 'authorities.crt'),
    `${known === undefined ? '' : `${readFileSync(known, 'utf8')}\n`}${tls.ca}`,
  )
  const file = join(folder, 'secured.json')
  writeFileSync(file, JSON.stringify({ tls, rights } satisfies SecuredRun), { mode: 0o600 })
  return { TEST_REDIS_SECURED: file, NODE_EXTRA_CA_CERTS: join(folder, 'authorities.crt') }
}

/** The secured run that this process is part of; undefined in all others. */
export function securedRun(): SecuredRun | undefined {
  const file = process.env['TEST_REDIS_SECURED']
  return file === undefined || file === ''
    ? undefined
    : (JSON.parse(readFileSync(file, 'utf8')) as SecuredRun)
}

/** The users of a server in a secured run. */
export function usersOf(rights: string): string[] {
  return [
    `user ${limited.username} on >${limited.password} ${rights}`,
    `user ${operator.username} on >${operator.password} ~* &* +@all`,
    // With its rights: without them Redis drops, when it loads its append-only file, what scripts wrote.
    'user default off ~* &* +@all',
  ]
}
