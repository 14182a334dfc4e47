import { expect, test } from 'vitest'
import { ask, patch, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('wrong input is refused with one sentence, and reaches neither cache nor database', async () => {
  const { application, url } = demo()
  const before = application.database.ledger.counts()
  const refused: Record<string, string> = {
    '/cities/paris': 'Expected `id` to be a positive whole number, got "paris".',
    '/cities/0': 'Expected `id` to be a positive whole number, got "0".',
    '/cities/-1': 'Expected `id` to be a positive whole number, got "-1".',
    '/cities/2147483648': 'Expected `id` to be a positive whole number, got "2147483648".',
    '/cities/%zz': 'Expected `id` to be a positive whole number, got "%zz".',
    '/cities': 'Expected `name` to be the beginning of a name, 1 to 40 characters, got null.',
    '/cities?name=%20': 'Expected `name` to be the beginning of a name, 1 to 40 characters, got " ".',
    '/cities?name=%00': 'Expected `name` to be the beginning of a name, 1 to 40 characters, got "\\u0000".',
    '/near': 'Expected `lat` to be degrees from -90 to 90, got null.',
    '/near?lat=&lon=1': 'Expected `lat` to be degrees from -90 to 90, got "".',
    '/near?lat=91&lon=1': 'Expected `lat` to be degrees from -90 to 90, got "91".',
    '/near?lat=1&lon=NaN': 'Expected `lon` to be degrees from -180 to 180, got "NaN".',
    '/countries/FRA/stats': 'Expected `country` to be a country code of two letters, got "FRA".',
  }
  for (const [path, error] of Object.entries(refused)) {
    expect(await ask(url + path)).toMatchObject({ status: 400, body: { error } })
  }
  expect((await ask(`${url}/cities?name=${'x'.repeat(41)}`)).status).toBe(400)
  expect(application.database.ledger.counts()).toEqual(before)
})

test('a wrong edit is refused with one sentence, and changes nothing', async () => {
  const { url } = demo()
  const refused: [unknown, string][] = [
    ['', 'Expected a body of JSON, got something else.'],
    ['{', 'Expected a body of JSON, got something else.'],
    [[1], 'Expected `body` to be an object with `name` or `population`, got [1].'],
    [{}, 'Expected `body` to be an object with `name` or `population`, got {}.'],
    [{ id: 5 }, 'Expected `body` to be an object with `name` or `population`, got {"id":5}.'],
    [{ population: -1 }, 'Expected `population` to be a whole number from 0 to 2147483647, got -1.'],
    [{ population: 1.5 }, 'Expected `population` to be a whole number from 0 to 2147483647, got 1.5.'],
    [{ population: '5' }, 'Expected `population` to be a whole number from 0 to 2147483647, got "5".'],
    [{ name: '' }, 'Expected `name` to be text of 1 to 200 characters, got "".'],
    [{ name: 'a\0b' }, 'Expected `name` to be text of 1 to 200 characters, got "a\\u0000b".'],
    ['{"name": "\\ud800"}', 'Expected `name` to be text of 1 to 200 characters, got "\\ud800".'],
    ['x'.repeat(10_001), 'Expected a body of at most 10000 bytes, got more.'],
  ]
  for (const [body, error] of refused) {
    expect(await patch(`${url}/cities/1`, body)).toMatchObject({ status: 400, body: { error } })
  }
  expect((await ask(`${url}/cities/1`)).body).toMatchObject({ name: 'Paris', population: 2_138_551 })
})

test('other paths and methods are told apart', async () => {
  const { url } = demo()
  expect(await ask(`${url}/nothing`)).toMatchObject({
    status: 404,
    body: { error: 'There is nothing at /nothing.' },
  })
  const response = await fetch(`${url}/cities/1`, { method: 'DELETE' })
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, PATCH'])
})
