import { checkKeys, expectation } from '@tierstack/cache-core'
import type { Advisor } from './advisor.ts'

export interface AdminOptions {
  /**
   * What a caller presents as `Authorization: Bearer …`; at least 16 characters. Without one the endpoint is off and
   * answers 404 to everything, so that it may be given straight from the environment.
   */
  readonly token: string | undefined
  /** Path below which the routes are. @default '/' */
  readonly prefix?: string
  /** Refuse whatever changes something: invalidate, purge, warm. @default false */
  readonly readOnly?: boolean
  /** What `GET advice` asks; without one it answers 404. */
  readonly advisor?: Advisor
  /** Let `entry` tell values, not only their shape. @default false */
  readonly values?: boolean
  /** Hide the inputs in keys that `top` and `tail` tell. Keys that a caller names are his own. @default false */
  readonly hideKeys?: boolean
}

export const adminOptionNames: readonly (keyof AdminOptions)[] = [
  'token',
  'prefix',
  'readOnly',
  'advisor',
  'values',
  'hideKeys',
]

const shortestToken = 16

export type ResolvedAdminOptions = Required<Omit<AdminOptions, 'advisor'>> & Pick<AdminOptions, 'advisor'>

export function resolveAdminOptions(given: AdminOptions): ResolvedAdminOptions {
  checkKeys('admin options', given, adminOptionNames)
  const { token, prefix = '/', readOnly = false, values = false, hideKeys = false } = given
  if (token !== undefined && token !== '' && (typeof token !== 'string' || token.length < shortestToken)) {
    // Not shown: part of a secret is one too.
    throw expectation('token', `a text of at least ${shortestToken} characters`, '…')
  }
  if (typeof prefix !== 'string' || !prefix.startsWith('/')) {
    throw expectation('prefix', "a path that begins with '/'", prefix)
  }
  for (const [name, value] of Object.entries({ readOnly, values, hideKeys })) {
    if (typeof value !== 'boolean') throw expectation(name, 'true or false', value)
  }
  return Object.freeze({
    token: token === '' ? undefined : token,
    prefix: prefix.endsWith('/') ? prefix : `${prefix}/`,
    readOnly,
    values,
    hideKeys,
    ...(given.advisor && { advisor: given.advisor }),
  })
}
