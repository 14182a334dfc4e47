import { describe, expect, test } from 'vitest'

import { at, rig } from './rig.ts'
import type { Ask } from './rig.ts'

interface Rule {
  readonly headers: readonly string[]
  /** Who answers, so many seconds after the first answer. */
  readonly after: number
  readonly from: 'edge' | 'origin'
  readonly status?: number
  readonly ask?: Ask
  readonly heuristic?: '1d'
}

async function second(rule: Rule): Promise<string> {
  await using node = await rig({ ...(rule.heuristic && { heuristic: rule.heuristic }) })
  node.answer({ headers: rule.headers, ...(rule.status && { status: rule.status }) })
  await node.get('/', rule.ask)
  await node.clock.advance(rule.after * 1000)
  return (await node.get('/', rule.ask)).from
}

const rules = (table: Readonly<Record<string, Rule>>): void => {
  test.each(Object.entries(table))('%s', async (_, rule) => {
    expect(await second(rule)).toBe(rule.from)
  })
}

describe('freshness from Cache-Control', () => {
  rules({
    'nothing said is not kept': { headers: [], after: 0, from: 'origin' },
    'max-age is fresh before its end': { headers: ['Cache-Control: max-age=60'], after: 59, from: 'edge' },
    'max-age is not fresh at its end': { headers: ['Cache-Control: max-age=60'], after: 60, from: 'origin' },
    'max-age=0 is not fresh': { headers: ['Cache-Control: max-age=0'], after: 0, from: 'origin' },
    'case means nothing': { headers: ['Cache-Control: MaX-aGe=60'], after: 0, from: 'edge' },
    'more than 31 bits are very long': {
      headers: ['Cache-Control: max-age=2147483648'],
      after: 3_600,
      from: 'edge',
    },
    'an overflow is very long': {
      headers: ['Cache-Control: max-age=99999999999'],
      after: 3_600,
      from: 'edge',
    },
    'a negative number is expired': { headers: ['Cache-Control: max-age=-60'], after: 0, from: 'origin' },
    'leading zeros are a number': { headers: ['Cache-Control: max-age=0060'], after: 30, from: 'edge' },
    'quotes of the wrong kind are no number': {
      headers: ["Cache-Control: max-age='60'"],
      after: 0,
      from: 'origin',
    },
    'decimals are no number': { headers: ['Cache-Control: max-age=60.5'], after: 0, from: 'origin' },
    'a quoted number is one': { headers: ['Cache-Control: max-age="60"'], after: 0, from: 'edge' },
    'unknown directives are skipped': {
      headers: ['Cache-Control: foobar, max-age=60'],
      after: 0,
      from: 'edge',
    },
    'a quoted string before hides nothing': {
      headers: ['Cache-Control: extension="max-age=3600", max-age=1'],
      after: 2,
      from: 'origin',
    },
    'a quoted string after hides nothing': {
      headers: ['Cache-Control: max-age=1, extension="max-age=3600"'],
      after: 2,
      from: 'origin',
    },
    'the first of two counts': { headers: ['Cache-Control: max-age=60, max-age=1'], after: 30, from: 'edge' },
    's-maxage goes before max-age': {
      headers: ['Cache-Control: max-age=60, s-maxage=1'],
      after: 2,
      from: 'origin',
    },
    's-maxage goes before max-age in another line': {
      headers: ['Cache-Control: max-age=1', 'Cache-Control: s-maxage=60'],
      after: 2,
      from: 'edge',
    },
    's-maxage goes before a past Expires': {
      headers: [`Expires: ${at(-10)}`, 'Cache-Control: max-age=0, s-maxage=60'],
      after: 2,
      from: 'edge',
    },
    'max-age goes before a past Expires': {
      headers: ['Cache-Control: max-age=60', `Expires: ${at(-7200)}`],
      after: 0,
      from: 'edge',
    },
    'max-age=0 goes before a future Expires': {
      headers: [`Expires: ${at(3600)}`, 'Cache-Control: max-age=0'],
      after: 0,
      from: 'origin',
    },
  })
})

describe('age', () => {
  const age = (value: string, after: number, from: 'edge' | 'origin'): Rule => ({
    headers: ['Cache-Control: max-age=3600', ...value.split('|').map((one) => `Age: ${one}`)],
    after,
    from,
  })
  rules({
    'what was aged on the way counts': age('3000', 500, 'edge'),
    'and ends the life earlier': age('3000', 601, 'origin'),
    'an old Date counts as age': {
      headers: [`Date: ${at(-7200)}`, 'Cache-Control: max-age=3600'],
      after: 0,
      from: 'origin',
    },
    'letters are no age': age('abc', 0, 'edge'),
    'a negative age is none': age('-7200', 0, 'edge'),
    'a decimal is no age': age('7200.0', 0, 'edge'),
    'very much is very old': age('2147483648', 0, 'origin'),
    'the first member counts: old': age('7200, 0', 0, 'origin'),
    'the first member counts: young': age('0, 7200', 0, 'edge'),
    'the first line counts: old': age('7200|0', 0, 'origin'),
    'the first line counts: young': age('0|7200', 0, 'edge'),
  })

  test('a stored response tells its age, and the Date that it had', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=3600', 'Age: 30'] })
    await node.get('/')
    await node.clock.advance(12_000)
    const got = await node.get('/')
    expect(got.headers).toMatchObject({ age: '42', date: at(0), 'cache-status': 'edge; hit; ttl=3558' })
  })

  test('a wall clock that is set back makes nobody younger than new', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60'] })
    await node.get('/')
    node.clock.jumpWall(-3_600_000)
    expect((await node.get('/')).headers['age']).toBe('0')
    await node.clock.advance(61_000)
    expect((await node.get('/')).from).toBe('origin')
  })
})

describe('freshness from Expires', () => {
  const expires = (value: string, from: 'edge' | 'origin'): Rule => ({
    headers: value.split('|').map((one) => `Expires: ${one}`),
    after: 0,
    from,
  })
  rules({
    'a future date is fresh': expires(at(60), 'edge'),
    'a past one is not': expires(at(-60), 'origin'),
    'now is not': expires(at(0), 'origin'),
    'an obsolete format is a date': expires('Friday, 01-Feb-30 02:01:18 GMT', 'edge'),
    'so is the one of C': expires('Fri Feb  1 02:01:18 2030', 'edge'),
    'letters of any case are': expires('FRI, 01 feb 2030 02:01:18 gmt', 'edge'),
    'another zone is no date': expires('Fri, 01 Feb 2030 02:01:18 UTC', 'origin'),
    '0 is no date': expires('0', 'origin'),
    'a year of two digits is no date': expires('Fri, 01 Feb 30 02:01:18 GMT', 'origin'),
    'without a comma it is no date': expires('Fri 01 Feb 2030 02:01:18 GMT', 'origin'),
    'two lines are no date': expires(`${at(60)}|${at(61)}`, 'origin'),
    'it is counted from Date, not from here': {
      headers: [`Date: ${at(400)}`, `Expires: ${at(300)}`],
      after: 0,
      from: 'origin',
    },
    'an invalid Date is skipped': { headers: ['Date: foo', `Expires: ${at(10)}`], after: 5, from: 'edge' },
    'age is taken off, a slow clock at the origin': {
      headers: [`Date: ${at(-10)}`, `Expires: ${at(10)}`, 'Age: 25'],
      after: 0,
      from: 'origin',
    },
    'age is taken off, a fast clock at the origin': {
      headers: [`Date: ${at(10)}`, `Expires: ${at(20)}`, 'Age: 15'],
      after: 0,
      from: 'origin',
    },
  })
})

describe('a guessed life', () => {
  const guessed = (status: number, from: 'edge' | 'origin', ...more: string[]): Rule => ({
    headers: [`Last-Modified: ${at(-86_400)}`, ...more],
    after: 60,
    from,
    status,
    heuristic: '1d',
  })
  rules({
    'is off unless asked for': { headers: [`Last-Modified: ${at(-86_400)}`], after: 0, from: 'origin' },
    'is a tenth of the time since the last change': { ...guessed(200, 'edge'), after: 8_639 },
    'and no longer': { ...guessed(200, 'origin'), after: 8_641 },
    'is given to 404': guessed(404, 'edge'),
    'is given to 410': guessed(410, 'edge'),
    'is given to 501': guessed(501, 'edge'),
    'is not given to 201': guessed(201, 'origin'),
    'is not given to 403': guessed(403, 'origin'),
    'is not given to 502': guessed(502, 'origin'),
    'is not given to what nobody knows': guessed(599, 'origin'),
    'is given to whatever is public': guessed(599, 'edge', 'Cache-Control: public'),
  })
})

describe('CDN-Cache-Control', () => {
  const targeted = (value: string, from: 'edge' | 'origin', ...more: string[]): Rule => ({
    headers: [`CDN-Cache-Control: ${value}`, ...more],
    after: 2,
    from,
  })
  rules({
    'is what counts': targeted('max-age=60', 'edge', 'Cache-Control: max-age=1'),
    'is what counts when it is shorter': targeted('max-age=1', 'origin', 'Cache-Control: max-age=60'),
    'keeps what nobody else may': targeted('max-age=60', 'edge', 'Cache-Control: no-store'),
    'forbids what others may keep': targeted('no-store', 'origin', 'Cache-Control: max-age=60'),
    'private forbids as well': targeted(
      'private',
      'origin',
      'Cache-Control: max-age=60',
      `Expires: ${at(60)}`,
    ),
    'no-cache asks each time': targeted('no-cache', 'origin', 'Cache-Control: max-age=60'),
    'age is taken off': targeted('max-age=3600', 'origin', 'Age: 7200'),
    'Expires is nothing to it': targeted('max-age=60', 'edge', `Expires: ${at(-60)}`),
    'Expires does not help it': targeted('max-age=0', 'origin', `Expires: ${at(60)}`),
    'extensions are skipped': targeted('foobar, max-age=60', 'edge'),
    'junk makes it count as not sent': targeted('max-age=60, &&&', 'origin', 'Cache-Control: no-store'),
    'so does a value of the wrong type': targeted('max-age="60"', 'origin', 'Cache-Control: no-store'),
    'and capital letters': targeted('MaX-aGe=60', 'origin'),
    'empty is not sent': targeted('', 'edge', 'Cache-Control: max-age=60'),
  })
})
