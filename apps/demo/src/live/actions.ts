import type { Action } from '@tierstack/cache-metrics/page'
import type { Caching } from '../caching.ts'
import type { Database } from '../database/database.ts'
import type { OwnRedis } from './own-redis.ts'
import { runRawSql } from './raw-sql.ts'
import { stampede } from './stampede.ts'
import type { Traffic } from './traffic.ts'
import type { Witness } from './witness.ts'

export interface Stage {
  readonly caching: Caching
  readonly database: Database
  /** Undefined where the Redis isn't ours to stop. */
  readonly redis: OwnRedis | undefined
  readonly witness: Witness
  readonly traffic: Traffic
  /** Puts a line into the timeline. */
  readonly note: (text: string, mood: 'bad' | 'good' | 'plain') => void
}

/** Paris, in the data set of the demo. */
const shownCity = '2988507'
const readsAfterEdit = 1_000

function wholeNumber(title: string, text: string | undefined, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Error(`Expected \`${title}\` to be a whole number from ${least} to ${most}, got \`${text}\`.`)
}

/** The buttons of the demo's page. */
export function createActions(stage: Stage): Action[] {
  return [...load(stage), edit(stage), behind(stage), rush(stage), ...faults(stage)]
}

function load({ traffic }: Stage): Action[] {
  return [
    {
      name: 'start-load',
      title: 'Start the load',
      about: 'Sixty-four readers ask about cities, the popular ones more often; now and then one is edited.',
      fields: [{ name: 'rate', title: 'Reads per second', value: '500' }],
      enabled: () => !traffic.running,
      async run({ rate }) {
        const perSecond = wholeNumber('Reads per second', rate, 1, 20_000)
        await traffic.start(perSecond)
        return `${perSecond.toLocaleString('en')} reads a second, until it is stopped.`
      },
    },
    {
      name: 'stop-load',
      title: 'Stop the load',
      about: 'Lets the readers go.',
      enabled: () => traffic.running,
      async run() {
        await traffic.stop()
        return 'Nobody asks any more.'
      },
    },
  ]
}

function edit({ caching, witness }: Stage): Action {
  return {
    name: 'edit',
    title: 'Edit a row',
    about: `Adds one person through the service, then reads ${readsAfterEdit.toLocaleString('en')} times: none may get the old row.`,
    fields: [{ name: 'id', title: 'City', value: shownCity }],
    async run({ id: text }) {
      const id = wholeNumber('City', text, 1, 2_147_483_647)
      const before = await caching.cityById(id)
      if (!before) throw new Error(`There is no city ${id}.`)
      const done = await witness.edit(id, { population: before.population + 1 }, readsAfterEdit)
      if (!done) throw new Error(`There is no city ${id}.`)
      const waiting = done.queued.length > 0 ? `, waiting for ${done.queued.join(', ')}` : ''
      return (
        `${done.city.name} has ${done.city.population.toLocaleString('en')} people now. Acknowledged after ${done.ms.toFixed(1)} ms ` +
        `(${done.confirmed.join(', ')}${waiting}). Of ${done.reads.toLocaleString('en')} reads after that, ${done.old} got the old row.`
      )
    },
  }
}

function behind({ caching, database, witness }: Stage): Action {
  return {
    name: 'raw-sql',
    title: 'Run raw SQL',
    about: "Behind the app's back, as with psql: nobody tells the cache but the change feed.",
    fields: [
      {
        name: 'sql',
        title: 'Statement',
        value: `update tierstack_demo.cities set population = population + 1 where id = ${shownCity}`,
      },
    ],
    run: ({ sql = '' }) => runRawSql({ caching, database }, sql, () => witness.disturb()),
  }
}

function rush({ caching }: Stage): Action {
  return {
    name: 'stampede',
    title: 'Start a stampede',
    about:
      'Removes the statistics of a country, the dearest query, and asks for them from everywhere at once.',
    fields: [
      { name: 'readers', title: 'Readers', value: '1000' },
      { name: 'country', title: 'Country', value: 'US' },
    ],
    run: ({ readers, country = '' }) =>
      stampede(caching, country.trim().toUpperCase(), wholeNumber('Readers', readers, 1, 100_000)),
  }
}

function faults({ redis, note }: Stage): Action[] {
  const foreign = redis === undefined ? ' Only for a Redis that the demo started itself.' : ''
  return [
    {
      name: 'pause-redis',
      title: 'Pause Redis',
      about: `It keeps its connections and answers nothing (SIGSTOP).${foreign}`,
      enabled: () => redis?.state === 'running',
      run() {
        redis?.pause()
        note('Redis was paused', 'bad')
        return Promise.resolve('Redis is paused. Readers shall not notice.')
      },
    },
    {
      name: 'kill-redis',
      title: 'Kill Redis',
      about: `No farewell, and all that it held is lost (SIGKILL).${foreign}`,
      enabled: () => redis !== undefined && redis.state !== 'dead',
      run() {
        redis?.kill()
        note('Redis was killed', 'bad')
        return Promise.resolve('Redis is dead. Readers shall not notice.')
      },
    },
    {
      name: 'bring-redis-back',
      title: 'Bring Redis back',
      about: `Lets it go on, or starts it anew at the same address.${foreign}`,
      enabled: () => redis !== undefined && redis.state !== 'running',
      async run() {
        await redis?.bringBack()
        note('Redis was brought back', 'good')
        return 'Redis answers again; the cache takes it back once it has settled.'
      },
    },
  ]
}
