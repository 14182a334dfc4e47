import type { IncomingMessage } from 'node:http'
import { longestSearch } from './caching.ts'
import type { CityEdit, Place } from './database/queries.ts'
import { roundPlace } from './questions.ts'

/** Wrong input of a request; the message is one sentence for the client. */
export class BadRequest extends Error {}

const largestInt = 2_147_483_647
const longestName = 200
const longestBody = 10_000

function wrong(what: string, toBe: string, got: unknown): BadRequest {
  const text = JSON.stringify(got) ?? 'nothing'
  return new BadRequest(
    `Expected \`${what}\` to be ${toBe}, got ${text.length > 60 ? `${text.slice(0, 57)}...` : text}.`,
  )
}

/** PostgreSQL has no text with a NUL, and UTF-8 none with half a surrogate pair. */
function storable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

export function readId(text: string): number {
  const id = Number(text)
  if (/^\d{1,10}$/.test(text) && id > 0 && id <= largestInt) return id
  throw wrong('id', 'a positive whole number', text)
}

/** In lower case, as the names are compared. */
export function readPrefix(query: URLSearchParams): string {
  const name = query.get('name')
  const prefix = name?.trim().toLowerCase() ?? ''
  if (prefix !== '' && prefix.length <= longestSearch && storable(prefix)) return prefix
  throw wrong('name', `the beginning of a name, 1 to ${longestSearch} characters`, name)
}

function degrees(query: URLSearchParams, name: string, most: number): number {
  const text = query.get(name)
  const number = Number(text)
  if (text !== null && text.trim() !== '' && number >= -most && number <= most) return number
  throw wrong(name, `degrees from -${most} to ${most}`, text)
}

export function readPlace(query: URLSearchParams): Place {
  return roundPlace({ lat: degrees(query, 'lat', 90), lon: degrees(query, 'lon', 180) })
}

export function readCode(text: string): string {
  if (/^[A-Za-z]{2}$/.test(text)) return text.toUpperCase()
  throw wrong('country', 'a country code of two letters', text)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > longestBody) break
      chunks.push(chunk)
    }
  } catch {
    throw new BadRequest('Expected a whole body, got the end of the connection.')
  }
  if (bytes > longestBody) throw new BadRequest(`Expected a body of at most ${longestBody} bytes, got more.`)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new BadRequest('Expected a body of JSON, got something else.')
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>
  throw wrong('body', 'an object with `name` or `population`', body)
}

/** A JSON object with `name`, `population` or both, and nothing else. */
export async function readEdit(request: IncomingMessage): Promise<CityEdit> {
  const { name, population, ...rest } = parse(await readBody(request))
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw wrong('body', 'an object with `name` or `population`', { [unknown]: rest[unknown] })
  if (name === undefined && population === undefined) {
    throw wrong('body', 'an object with `name` or `population`', {})
  }
  if (population !== undefined && !isPopulation(population)) {
    throw wrong('population', `a whole number from 0 to ${largestInt}`, population)
  }
  if (name !== undefined && !isName(name)) throw wrong('name', `text of 1 to ${longestName} characters`, name)
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(population === undefined ? {} : { population }),
  }
}

function isPopulation(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= largestInt
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longestName && storable(value)
}
