import type { BrowserPage } from '@tierstack/test-services'
import { until } from '@tierstack/test-services'
import { chooseTiers } from '../src/tiers.ts'
import { followChanges } from '../src/feed.ts'
import { serveDemo } from './parts.ts'
import type { Served } from './parts.ts'
import type { ApplicationOptions } from '../src/application.ts'

export const token = 'the token of the test & more'

/** The demo with a Redis of its own, its change feed running, and the address of its live page. */
export async function serveLive(
  options: Partial<ApplicationOptions> = {},
): Promise<Served & { readonly address: string }> {
  const tiers = () => chooseTiers({ PATH: process.env['PATH'] })
  const served = await serveDemo({ adminToken: token, tiers, ...options })
  const feed = await followChanges(served.application)
  const close = async (): Promise<void> => {
    served.application.operations.live.stop()
    await feed.close()
    await served.close()
  }
  return { ...served, close, address: `${served.url}/live/#${encodeURIComponent(token)}` }
}

/** Presses a button of the page, and resolves to what it said. */
export async function press(page: BrowserPage, name: string): Promise<string> {
  const before = await page.locator('#said li').count()
  const first = page.locator('#said li').first()
  const was = before === 0 ? '' : await first.innerText()
  const title = await page.locator(`[data-action="${name}"] button`).innerText()
  await page.locator(`[data-action="${name}"] button[aria-disabled="false"]`).click()
  await until(`${title} to say something`, async () => {
    const text = (await page.locator('#said li').count()) === 0 ? '' : await first.innerText()
    return text !== was && text.includes(title)
  })
  return await first.locator('span').innerText()
}

/** The text of the cell of a tier's card. */
export async function tierCell(page: BrowserPage, tier: string, name: string): Promise<string> {
  return await page.locator(`[data-tier="${tier}"] dl div`, { hasText: name }).locator('dd').innerText()
}
