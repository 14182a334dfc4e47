import { field, members } from './fields.ts'
import type { Fields } from './fields.ts'

/** Names of the request fields that a response depends on, sorted; `'*'` when nobody else may be given it. */
export function varyOf(fields: Fields): readonly string[] | '*' {
  const names = members(field(fields, 'vary')).map((name) => name.toLowerCase())
  if (names.includes('*')) return '*'
  return [...new Set(names)].toSorted()
}

/**
 * The values that a request has for `names`, as one text: equal texts select the same response (RFC 9111, section
 * 4.1). Lists are compared member by member; for those whose order means nothing, in any order.
 */
export function variantOf(names: readonly string[], fields: Fields): string {
  return names.map((name) => JSON.stringify(normal(name, field(fields, name)) ?? null)).join('')
}

function normal(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const list = members(value)
  if (name === 'accept-language' || name === 'accept-encoding' || name === 'accept-charset') {
    return list
      .map((member) => member.toLowerCase().replaceAll(/\s/g, ''))
      .toSorted()
      .join(',')
  }
  return list.join(',')
}

/** Whether the language that the reader wants most, by itself, is the one in which a response is written. */
export function prefersLanguage(accept: string | undefined, content: string | undefined): boolean {
  if (accept === undefined || content === undefined) return false
  const wanted = members(accept).map((member) => {
    const [language = '', ...rest] = member.toLowerCase().split(';')
    const weight = rest.map((part) => /^\s*q=([\d.]+)\s*$/.exec(part)?.[1]).find((q) => q !== undefined)
    return { language: language.trim(), weight: weight === undefined ? 1 : Number(weight) }
  })
  const best = Math.max(...wanted.map(({ weight }) => weight))
  const first = wanted.filter(({ weight }) => weight === best)
  return best > 0 && first.length === 1 && first[0]?.language === content.trim().toLowerCase()
}
