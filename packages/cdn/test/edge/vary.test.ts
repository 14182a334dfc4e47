import { describe, expect, test } from 'vitest'

import { prefersLanguage, variantOf } from '../../src/edge/vary.ts'
import { rig } from './rig.ts'
import type { Rig } from './rig.ts'

const languages = ['Accept-Language']

/** A page in the language that is asked for. */
function speak(node: Rig, vary = 'Accept-Language', more: Record<string, string> = {}): void {
  node.behave((request, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: vary, ...more })
    response.end(`${request.headers['accept-language'] ?? 'none'} ${request.headers['accept'] ?? ''}`)
  })
}

const ask = (language: string) => ({ headers: { 'Accept-Language': language } })

describe('variants', () => {
  test('each request gets its own, and all are kept side by side', async () => {
    await using node = await rig()
    speak(node)
    for (const language of ['de', 'en', 'fr'])
      expect((await node.get('/', ask(language))).body).toBe(`${language} `)
    for (const language of ['fr', 'en', 'de']) {
      expect(await node.get('/', ask(language))).toMatchObject({ body: `${language} `, from: 'edge' })
    }
    expect(await node.get('/')).toMatchObject({ body: 'none ', from: 'origin' })
    expect(node.seen).toHaveLength(4)
  })

  test('fields that are not named are nothing to it', async () => {
    await using node = await rig()
    speak(node)
    await node.get('/', { headers: ['Accept-Language: de', 'User-Agent: a'] })
    expect((await node.get('/', { headers: ['Accept-Language: de', 'User-Agent: b'] })).from).toBe('edge')
  })

  test('all fields that are named count, in any order', async () => {
    await using node = await rig()
    speak(node, 'accept, Accept-Language')
    const both = (language: string, accept: string) => ({
      headers: { Accept: accept, 'Accept-Language': language },
    })
    await node.get('/', both('de', 'text/html'))
    expect((await node.get('/', both('de', 'text/html'))).from).toBe('edge')
    expect((await node.get('/', both('de', 'text/plain'))).from).toBe('origin')
    expect((await node.get('/', ask('de'))).from).toBe('origin')
  })

  test.each(['*', '*, *', ', *', 'Accept, *'])('Vary: %s is kept for nobody', async (vary) => {
    await using node = await rig()
    speak(node, vary)
    await node.get('/', ask('de'))
    expect((await node.get('/', ask('de'))).from).toBe('origin')
  })

  test('a URL that begins to vary by more is told apart by more from then on', async () => {
    await using node = await rig()
    let vary = 'Accept-Language'
    node.behave((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: vary })
      response.end(`${request.headers['accept-language']} ${request.headers['accept']}`)
    })
    await node.get('/', { headers: ['Accept-Language: de', 'Accept: a'] })
    vary = 'Accept-Language, Accept'
    const wanted = ['en a', 'en b', 'de b', 'en a', 'en b', 'de b']
    const got = []
    for (const text of [...wanted, ...wanted]) {
      const [language, accept] = text.split(' ')
      got.push(await node.get('/', { headers: [`Accept-Language: ${language}`, `Accept: ${accept}`] }))
    }
    // What was kept for `de` before says that it depends on the language alone.
    expect(got.map(({ body }) => body).filter((body) => body.startsWith('en'))).toEqual(
      [...wanted, ...wanted].filter((text) => text.startsWith('en')),
    )
    expect(got.slice(6).map(({ from }) => from)).toEqual(Array(6).fill('edge'))
  })
})

describe('equal requests', () => {
  const same = (name: string, a: string[], b: string[]) =>
    variantOf(
      [name],
      a.flatMap((value) => [name, value]),
    ) ===
    variantOf(
      [name],
      b.flatMap((value) => [name, value]),
    )

  test('lists are compared by their members', () => {
    expect(same('foo', ['1, 2'], ['1', '2'])).toBe(true)
    expect(same('foo', ['1,2'], [' 1,  2 '])).toBe(true)
    expect(same('foo', ['1, 2'], ['2, 1'])).toBe(false)
    expect(same('foo', ['1'], [])).toBe(false)
    expect(same('foo', [''], [])).toBe(false)
  })

  test('languages in any order and case', () => {
    expect(same('accept-language', ['en, de'], ['De , eN'])).toBe(true)
    expect(same('accept-language', ['en, de'], ['en'])).toBe(false)
  })

  test('no value runs into the next', () => {
    expect(variantOf(['a', 'b'], ['a', '1"', 'b', '2'])).not.toBe(
      variantOf(['a', 'b'], ['a', '1', 'b', '"2']),
    )
  })

  test('a page in the language that is wanted most will do', async () => {
    await using node = await rig()
    speak(node, 'Accept-Language', { 'Content-Language': 'de' })
    await node.get('/', ask('en, de'))
    expect((await node.get('/', ask('fr;q=0.5, de;q=1.0'))).from).toBe('edge')
    expect((await node.get('/', ask('fr, de;q=0.9'))).from).toBe('origin')
    expect(prefersLanguage('de, fr', 'de')).toBe(false)
    expect(prefersLanguage('de;q=0', 'de')).toBe(false)
  })
})

test.each(languages)('%s reaches the origin', async (name) => {
  await using node = await rig()
  await node.get('/', { headers: { [name]: 'de' } })
  expect(node.seen[0]?.headers[name.toLowerCase()]).toBe('de')
})
