import type { Removal } from '@tierstack/cache-core'
import { expect, test } from 'vitest'
import { fakeClock, inProcessBus } from '../src/index.ts'
import type { FakeClock, InProcessBus } from '../src/index.ts'

const removal = (...keys: string[]): Removal => ({ kind: 'keys', keys, soft: false })

function join(hub: InProcessBus, node: string, clock: FakeClock, namespace = 'test') {
  const heard: string[] = []
  const bus = hub.connect(node)
  bus.open({
    namespace,
    clock,
    listener: {
      removed: (what) => heard.push(what.kind === 'keys' ? what.keys.join() : what.kind),
      filled: (key) => heard.push(`filled ${key}`),
      live: (until) => heard.push(`live ${until}`),
      gap: () => heard.push('gap'),
    },
  })
  return { bus, heard }
}

test('what one node publishes reaches the others of its namespace at once, and not itself', async () => {
  const clock = fakeClock({ now: 0 })
  const hub = inProcessBus({ clock })
  const [a, b, foreign] = [join(hub, 'a', clock), join(hub, 'b', clock), join(hub, 'c', clock, 'other')]
  await a.bus.publish(removal('k'))
  hub.send('test', 'b', { kind: 'filled', key: 'f' })
  expect(a.heard).toEqual(['live Infinity', 'filled f'])
  expect(b.heard).toEqual(['live Infinity', 'k'])
  expect(foreign.heard).toEqual(['live Infinity'])
  expect(clock.pending).toBe(0)
})

test('with manual delivery, messages wait for the test and keep their order', async () => {
  const clock = fakeClock({ now: 0 })
  const hub = inProcessBus({ clock, delivery: 'manual' })
  const [a, b] = [join(hub, 'a', clock), join(hub, 'b', clock)]
  await a.bus.publish(removal('1'))
  await a.bus.publish(removal('2'))
  expect(hub.pending).toBe(2)
  expect(b.heard).toEqual(['live Infinity'])
  hub.deliver('b')
  expect(b.heard).toEqual(['live Infinity', '1', '2'])
})

test('with a delay, messages arrive by the clock', async () => {
  const clock = fakeClock({ now: 0 })
  const hub = inProcessBus({ clock, delivery: 30 })
  const [a, b] = [join(hub, 'a', clock), join(hub, 'b', clock)]
  await a.bus.publish(removal('1'))
  await clock.advance(29)
  expect(b.heard).toEqual(['live Infinity'])
  await clock.advance(1)
  expect(b.heard).toEqual(['live Infinity', '1'])
})

test('a heartbeat vouches only for what was delivered', async () => {
  const clock = fakeClock({ now: 0 })
  const hub = inProcessBus({ clock, delivery: 'manual', silence: 500 })
  const [a, b] = [join(hub, 'a', clock), join(hub, 'b', clock)]
  await clock.advance(100)
  await a.bus.publish(removal('k'))
  await clock.advance(100)
  expect(b.heard).toEqual(['live 500', 'live 600', 'live 600'])
  hub.deliver()
  await clock.advance(100)
  expect(b.heard.slice(3)).toEqual(['k', 'live 800'])
})

test('a node that is cut off hears nothing, loses what was on its way, and is told of the gap when healed', async () => {
  const clock = fakeClock({ now: 0 })
  const hub = inProcessBus({ clock, delivery: 50, silence: 500 })
  const [a, b] = [join(hub, 'a', clock), join(hub, 'b', clock)]
  await a.bus.publish(removal('1'))
  hub.cut('b')
  await a.bus.publish(removal('2'))
  await expect(b.bus.publish(removal('3'))).rejects.toThrow('cut off')
  await clock.advance(250)
  expect(b.heard).toEqual(['live 500'])
  hub.heal('b')
  await a.bus.publish(removal('4'))
  await clock.advance(50)
  expect(b.heard).toEqual(['live 500', 'gap', 'live 750', 'live 750', '4'])
  expect(a.heard).not.toContain('gap')
})

test('a closed node leaves no timer', async () => {
  const clock = fakeClock()
  const hub = inProcessBus({ clock, silence: 500 })
  const { bus, heard } = join(hub, 'a', clock)
  await bus.close()
  expect(clock.pending).toBe(0)
  hub.send('test', undefined, { kind: 'removal', removal: removal('k') })
  expect(heard).toHaveLength(1)
})
