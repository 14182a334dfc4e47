import type { Defined } from '@tierstack/cache-core'
import { AdminError, badRequest } from './admin-error.ts'
import type { Administered } from './administered.ts'

const mostBytes = 1024 ** 2

export type Body = Readonly<Record<string, unknown>>

/** The JSON object in the body; an empty one without a body. */
export async function readBody(request: Request, known: readonly string[]): Promise<Body> {
  const text = await limitedText(request)
  if (text === '') return {}
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw badRequest('Expected the body to be JSON')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('Expected the body to be a JSON object')
  }
  for (const name of Object.keys(body)) {
    if (!known.includes(name)) {
      throw badRequest(`Expected the body to have no fields but \`${known.join('`, `')}\`, got \`${name}\``)
    }
  }
  return body as Body
}

async function limitedText(request: Request): Promise<string> {
  if (request.body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > mostBytes) {
      throw new AdminError(413, 'TOO_LARGE', `Expected a body of at most ${mostBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

export function texts(body: Body, name: string): readonly string[] | undefined {
  const given = body[name]
  if (given === undefined) return undefined
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length > 0 && list.every((one) => typeof one === 'string')) return list
  throw badRequest(`Expected \`${name}\` to be a list of texts`)
}

export function text(body: Body, name: string): string | undefined {
  const given = body[name]
  if (given === undefined || typeof given === 'string') return given
  throw badRequest(`Expected \`${name}\` to be a text`)
}

export function flag(body: Body, name: string): boolean {
  const given = body[name] ?? false
  if (typeof given === 'boolean') return given
  throw badRequest(`Expected \`${name}\` to be true or false`)
}

export function positive(given: unknown, name: string): number {
  if (typeof given === 'number' && given > 0) return given
  throw badRequest(`Expected \`${name}\` to be a number above 0`)
}

/**
 * The definition of that name: `name`, `name@version`, or either below the path of its namespace, `path#name`. The
 * latest one where several versions are in use.
 */
export function definitionOf(cache: Administered, given: string): Defined {
  const [path, label] = given.includes('#') ? given.split('#') : [undefined, given]
  const found = cache
    .definitions()
    .filter((one) => path === undefined || one.namespace === path)
    .findLast((one) => one.name === label || `${one.name}@${one.version}` === label)
  if (found) return found
  throw new AdminError(404, 'NO_DEFINITION', `Expected a definition of this cache, got \`${given}\``)
}
