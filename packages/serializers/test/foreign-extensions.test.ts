import { addExtension, pack } from 'msgpackr/pack'
import { expect, it } from 'vitest'
import { msgpack } from '../src/index.ts'

class Money {
  readonly cents = 1
}

// Registered for every user of msgpackr in this process, so these tests have a file of their own.
addExtension({ Class: Money, type: 0x21, pack: () => Buffer.of(1), unpack: () => new Money() })
addExtension({ Class: Date, type: 0x22, pack: () => Buffer.of(1), unpack: () => 'not a Date' })

it('a class that another package registered is refused in both directions', () => {
  expect(() => msgpack().encode(new Money())).toThrow('an instance of `Money`')
  expect(() => msgpack().decode(pack(new Money()))).toThrow('extension 0x21 of 1 bytes is not one of ours')
})

it('a built-in class that another package took over comes back unchanged among plain data, and is refused elsewhere', () => {
  const at = new Date(1.7e12)
  expect(msgpack().decode(msgpack().encode({ at }))).toEqual({ at })
  expect(() => msgpack().encode(new Map([['at', at]]))).toThrow(
    expect.objectContaining({ code: 'UNENCODABLE' }),
  )
  expect(msgpack().decode(msgpack().encode({ at: 1 }))).toEqual({ at: 1 })
})
