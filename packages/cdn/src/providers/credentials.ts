import { CacheError } from '@tierstack/cache-core'

/**
 * A secret from the options or the environment, checked when the provider is built. What is wrong with it is told
 * without showing it.
 */
export function secret(what: string, given: string | undefined, variable: string): string {
  const value = given ?? process.env[variable]
  if (typeof value === 'string' && value !== '' && /^[\u0021-\u007e]+$/.test(value)) return value
  throw new CacheError(
    'INVALID_OPTION',
    `Expected \`${what}\`, or ${variable} in the environment, to be a secret of printable ASCII, got ${
      value === undefined || value === '' ? 'nothing' : 'something else'
    }`,
  )
}

const part = /^[A-Za-z0-9._~-]{1,128}$/

/** An identifier that becomes a part of an address. */
export function identifier(what: string, given: string | undefined, variable: string): string {
  const value = given ?? process.env[variable]
  if (typeof value === 'string' && part.test(value)) return value
  throw new CacheError(
    'INVALID_OPTION',
    `Expected \`${what}\`, or ${variable} in the environment, to be an identifier of letters, digits and . _ ~ -, got ${
      value === undefined ? 'nothing' : JSON.stringify(value.slice(0, 60))
    }`,
  )
}

/** The address of an interface, without a slash at its end. */
export function address(what: string, given: string): string {
  let url: URL | undefined
  try {
    url = new URL(given)
  } catch {
    // Told below.
  }
  if (url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '') {
    return url.href.replace(/\/+$/, '')
  }
  throw new CacheError(
    'INVALID_OPTION',
    `Expected \`${what}\` to be an http or https address without credentials in it, got ${JSON.stringify(given).slice(0, 60)}`,
  )
}
