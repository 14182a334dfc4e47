import { describe, expect, test } from 'vitest'
import { oneNode, pair, Source } from './rig.ts'

describe.each([[null], [0], [-0], [''], [false], [Number.NaN], [0n], [[]]])('%o is a value', (value) => {
  test('loaded once, held near and far, the same after a hit as after a miss', async () => {
    await using nodes = await pair()
    const source = new Source<unknown>([['k', value]])
    const read = (cache: typeof nodes.a) => cache.getOrSet('k', () => source.load('k'))
    expect(await read(nodes.a)).toStrictEqual(value)
    expect(await read(nodes.a)).toStrictEqual(value)
    await nodes.a.drain()
    expect(await nodes.b.get('k')).toStrictEqual(value)
    expect(await read(nodes.b)).toStrictEqual(value)
    expect(nodes.b.peek('k')).toStrictEqual(value)
    expect(await nodes.b.getMany(['k', 'none'])).toStrictEqual([value, undefined])
    expect(await nodes.b.has('k')).toBe(true)
    expect(source.loads).toHaveLength(1)
  })
})

describe('undefined', () => {
  test('is not stored, and not taken by set', async () => {
    await using node = oneNode()
    expect(await node.cache.getOrSet('k', () => undefined)).toBeUndefined()
    expect(await node.cache.has('k')).toBe(false)
    await expect(node.cache.set('k', undefined)).rejects.toThrow(
      'Expected `value` to be anything but undefined; to remove an entry use delete(), got `undefined`',
    )
  })

  test('removing with a falsy input removes that entry only', async () => {
    await using node = oneNode()
    const cached = node.cache.define({
      name: 'd',
      load: (id: string | number | boolean | null) => String(id),
    })
    const inputs = ['', 0, false, null, 'other']
    await cached.many(inputs)
    await cached.delete('')
    expect(inputs.map((id) => cached.peek(id))).toEqual([undefined, '0', 'false', 'null', 'other'])
  })
})

test('values come back as what they were, whichever tier answers', async () => {
  await using nodes = await pair()
  const value = {
    date: new Date(0),
    map: new Map([[1, new Set(['a'])]]),
    bytes: Uint8Array.of(1, 2, 3),
    big: 10n,
    nan: Number.NaN,
    nothing: undefined,
    ['__proto__x']: 1,
  }
  expect(await nodes.a.getOrSet('k', () => value)).toStrictEqual(value)
  await nodes.a.drain()
  expect(await nodes.b.get('k')).toStrictEqual(value)
  expect(await nodes.b.get('k')).toStrictEqual(value)
})
