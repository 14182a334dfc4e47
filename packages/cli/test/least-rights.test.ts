import { requiredAcl } from '@tierstack/cache-redis'
import { expect, test } from 'vitest'
import { tierstack } from './rig.ts'

test('doctor --acl prints the rights that the tests of the Redis tier run with, and needs no server', async () => {
  expect(await tierstack(['doctor', '--acl'])).toEqual({
    code: 0,
    out: `user cache on >PASSWORD ${requiredAcl().rules}\n`,
    err: '',
  })
  const words = ['doctor', '--acl', '--prefix', 'shop', '--tracking', '--write-queue', '--json']
  const { out } = await tierstack(words)
  expect(JSON.parse(out)).toEqual(requiredAcl({ prefix: 'shop', bus: 'tracking', writeQueue: true }))
})
