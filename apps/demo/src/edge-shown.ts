import { setTimeout as sleep } from 'node:timers/promises'
import type { Application } from './application.ts'
import { block } from './table.ts'
import type { Paint } from './table.ts'

const patienceMs = 10_000

/** What the edge says that it did: the last member of `Cache-Status`, without its name. */
export function doneBy(cacheStatus: string | null): string {
  const last = cacheStatus?.split(', ').at(-1) ?? ''
  const said = last.split('; ').slice(1)
  return said.filter((one) => !one.startsWith('fwd-status')).join('; ') || 'nothing'
}

/**
 * Asks the edge for the pages of two cities, while one of them is edited: by the service, then by SQL alone. The table
 * shows what the edge did each time. The edits are undone.
 */
export async function showEdge(
  port: number,
  { queries, caching, edge }: Pick<Application, 'queries' | 'caching' | 'edge'>,
  paint: Paint,
): Promise<string> {
  const [edited, other] = await queries.citiesByPopulation()
  if (!edited || !other) return ''
  const { id, population } = edited
  const url = `http://127.0.0.1:${port}`
  const ask = async (city: number): Promise<{ text: string; done: string }> => {
    const response = await fetch(`${url}/pages/cities/${city}`)
    return { text: await response.text(), done: doneBy(response.headers.get('cache-status')) }
  }
  const row = async (what: string): Promise<string[]> => [
    what,
    (await ask(id)).done,
    (await ask(other.id)).done,
  ]
  // Second purges of what was before would be seen among these.
  while ((edge?.tier.pending ?? 0) > 0) await sleep(20)
  try {
    const rows = [['pages at the edge', edited.name, other.name], await row('asked'), await row('again')]
    await caching.editCity(id, { population: population + 1 })
    rows.push(await row(`${edited.name} edited`), await row('again'))
    await queries.updateCity(id, { population: population + 2 })
    const began = performance.now()
    let first = await ask(id)
    while (!first.text.includes((population + 2).toLocaleString('en'))) {
      if (performance.now() - began > patienceMs)
        throw new Error(`An edit by SQL alone did not show at the edge within ${patienceMs} ms.`)
      await sleep(1)
      first = await ask(id)
    }
    const ms = (performance.now() - began).toFixed(0)
    rows.push(['edited by SQL alone', first.done, (await ask(other.id)).done])
    const note = paint('dim', `the edit by SQL alone showed after ${ms} ms`)
    return [...block(paint, rows), `  ${note}`].join('\n')
  } finally {
    await caching.editCity(id, { population })
  }
}
