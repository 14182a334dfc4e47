import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from '@tierstack/test-services'
import { expect, inject, onTestFinished, test } from 'vitest'
import { one } from '../spans.ts'
import type { Seen } from '../spans.ts'
import type { Order } from './traced-process.ts'

interface Answered {
  readonly order: Order | 'ready' | 'loading'
  readonly answer: unknown
}

function answer(child: ChildProcess, wanted: Answered['order']): Promise<unknown> {
  return new Promise((resolve) => {
    const listen = (message: Answered) => {
      if (message.order !== wanted) return
      child.off('message', listen)
      resolve(message.answer)
    }
    child.on('message', listen)
  })
}

async function tracedProcess(namespace: string) {
  const program = fileURLToPath(new URL('traced-process.ts', import.meta.url))
  const child = fork(program, [namespace, inject('redisUrl'), inject('databaseUrl')], {
    execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  await answer(child, 'ready')
  const ask = (order: Order) => {
    const answered = answer(child, order)
    child.send(order)
    return answered
  }
  return { ask, loading: () => answer(child, 'loading'), spans: async () => (await ask('spans')) as Seen[] }
}

test(
  'a request through memory, Redis and PostgreSQL is one trace; who waits for it elsewhere, or hears of a removal, links to it',
  { timeout: 60_000 },
  async () => {
    const namespace = `traces-${process.pid}-${Date.now()}`
    const [a, b] = await Promise.all([tracedProcess(namespace), tracedProcess(namespace)])
    const loading = a.loading()
    const first = a.ask('read')
    // Its lease stands from before the load until after it.
    await loading
    const second = b.ask('read')
    expect(await Promise.all([first, second])).toEqual([1, 1])

    const ofA = await a.spans()
    const [request, read, load, select] = ['request', 'cache.get row', 'cache.load row', 'SELECT'].map(
      (name) => one(ofA, name),
    )
    expect(read?.parent).toBe(request?.id)
    expect(load?.parent).toBe(read?.id)
    expect(select?.parent).toBe(load?.id)
    expect(new Set([read, load, select].map((span) => span?.trace))).toEqual(new Set([request?.trace]))
    expect(read?.events).toEqual(['tier memory miss', 'tier redis miss'])

    const ofB = await b.spans()
    const waited = one(ofB, 'cache.get row')
    expect(waited.parent).toBe(one(ofB, 'request').id)
    // While it waits, it looks again now and then.
    expect([...new Set(waited.events)]).toEqual([
      'tier memory miss',
      'tier redis busy',
      'lease wait',
      'tier redis hit',
    ])
    expect(waited.links).toEqual([`${load?.trace}/${load?.id}`])
    expect(ofB.some(({ name }) => name === 'cache.load row' || name === 'SELECT')).toBe(false)

    await a.ask('delete')
    const removal = one(await a.spans(), 'cache.remove')
    expect(removal.parent).toBe(one(await a.spans(), 'edit').id)
    await until('the removal to be heard', async () =>
      (await b.spans()).some(({ name }) => name === 'cache.remove'),
    )
    expect(one(await b.spans(), 'cache.remove').links).toEqual([`${removal.trace}/${removal.id}`])
  },
)
