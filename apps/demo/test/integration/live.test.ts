import { startChromium, until } from '@tierstack/test-services'
import type { BrowserPage } from '@tierstack/test-services'
import { expect, onTestFinished, test } from 'vitest'
import { press, serveLive, tierCell } from '../live.ts'

const numberIn = (text: string): number => Number(text.replaceAll(/[^\d.]/g, ''))

/** Sum of the samples of one metric whose labels hold all of these texts. */
function summed(metrics: string, name: string, ...labels: string[]): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Waits until the page has had a beat after this moment. */
async function beat(page: BrowserPage): Promise<void> {
  const now = Date.now()
  await until('a beat', async () => Number(await page.locator('body').getAttribute('data-at')) > now)
}

/** What the page says, and the same of `/metrics`, while nobody reads. */
async function bothSay(
  page: BrowserPage,
  url: string,
): Promise<[Record<string, number>, Record<string, number>]> {
  await beat(page)
  const shown = async (tier: string) => numberIn(await tierCell(page, tier, 'since the start'))
  const row = page.locator('#definitions tr', { hasText: 'city.byId' }).locator('td')
  const said = {
    memory: await shown('memory'),
    redis: await shown('redis'),
    loads: await shown('the source'),
    reads: numberIn((await row.nth(4).textContent()) ?? ''),
    hits: numberIn((await row.nth(5).textContent()) ?? ''),
    misses: numberIn((await row.nth(6).textContent()) ?? ''),
  }
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const byId = '"city.byId"'
  const hits = summed(metrics, 'cache_hits_total', byId)
  const misses = summed(metrics, 'cache_misses_total', byId)
  const measured = {
    memory: summed(metrics, 'cache_hits_total', 'cache_tier="memory"'),
    redis: summed(metrics, 'cache_hits_total', 'cache_tier="redis"'),
    loads: summed(metrics, 'cache_loads_total'),
    reads: hits + misses,
    hits,
    misses,
  }
  return [said, measured]
}

const state = (page: BrowserPage, tier: string): Promise<string> =>
  page.locator(`[data-tier="${tier}"] h3 em`).innerText()

test(
  'on the live page one sees the promise hold: load, edit, raw SQL, a dead Redis, a stampede, recovery',
  { timeout: 120_000 },
  async () => {
    const { url, address, close } = await serveLive()
    onTestFinished(close)
    await using browser = await startChromium()
    const { page, complaints } = await browser.open(address)
    await page.locator('[data-tier="redis"]').waitFor()
    expect(page.url()).not.toContain('#')

    expect(await press(page, 'start-load')).toContain('500 reads a second')
    await until('reads', async () => numberIn(await tierCell(page, 'memory', 'answers/s')) > 10)
    for (const name of ['id', 'sql']) {
      const field = page.locator(`input[name="${name}"]`)
      await field.fill((await field.inputValue()).replace('2988507', '1'))
    }
    expect(await press(page, 'edit')).toMatch(/^Paris has [\d,]+ people now.* 0 got the old row\.$/)
    expect(await press(page, 'raw-sql')).toMatch(/^One row changed, and nobody told the cache\./)
    await page
      .locator('#timeline [data-kind="invalidate"]', { hasText: 'by the change feed' })
      .first()
      .waitFor()

    await press(page, 'kill-redis')
    await until('the page to show it', async () => (await state(page, 'redis')) === 'down')
    expect(await press(page, 'edit')).toMatch(/ 0 got the old row\.$/)
    await page.locator('input[name="country"]').fill('FR')
    expect(await press(page, 'stampede')).toMatch(
      /^1,000 readers at once.*: (one query|\d queries \(removals came in between\)) to the database, all answered the same/,
    )

    await press(page, 'bring-redis-back')
    await until('recovery', async () => (await state(page, 'redis')) === 'up', { limit: 30_000 })
    expect(await page.locator('#timeline').innerText()).toMatch(/recovered[^]*degraded/)
    expect(await press(page, 'edit')).toMatch(/ 0 got the old row\.$/)

    await press(page, 'stop-load')
    await page.locator('input[name="country"]').fill('FJ')
    expect(await press(page, 'stampede')).toContain(': one query to the database, all answered the same')
    await until('what runs in the background to end', async () => {
      const [said, measured] = await bothSay(page, url)
      return JSON.stringify(said) === JSON.stringify(measured)
    })
    const [said, measured] = await bothSay(page, url)
    expect(said).toEqual(measured)
    expect(said['memory']).toBeGreaterThan(100)
    expect(await page.locator('#facts').innerText()).toMatch(/^0 of [\d,]+/)
    expect(complaints).toEqual([])
  },
)

test(
  'a paused Redis is noticed by the page alone, and goes on where it was',
  { timeout: 60_000 },
  async () => {
    const { url, address, close } = await serveLive()
    onTestFinished(close)
    await using browser = await startChromium()
    const { page, complaints } = await browser.open(address, { scheme: 'dark' })
    await press(page, 'pause-redis')
    await page.locator('input[name="id"]').fill('1')
    expect(await press(page, 'edit')).toMatch(/ 0 got the old row\.$/)
    expect((await fetch(`${url}/cities/2`)).status).toBe(200)
    await until('the page to show it', async () => (await state(page, 'redis')) !== 'up')
    await press(page, 'bring-redis-back')
    await until('recovery', async () => (await state(page, 'redis')) === 'up', { limit: 30_000 })
    expect(complaints).toEqual([])
  },
)
