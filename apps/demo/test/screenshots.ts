// Takes the pictures of the live page that the docs show: with all cities, under load, with Redis killed and back.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChromium } from '@tierstack/test-services'
import type { BrowserPage } from '@tierstack/test-services'
import { allCities } from '../src/database/seed.ts'
import { press, serveLive } from './live.ts'

const folder = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url))
const size = { width: 1240, height: 900 }
const loadMs = 25_000
const faultMs = 8_000

async function shoot(page: BrowserPage, name: string): Promise<void> {
  await page.screenshot({ path: `${folder}${name}.png`, fullPage: true })
  console.log(`${name}.png`)
}

const { address, close } = await serveLive({ rows: allCities })
const browser = await startChromium()
try {
  const { page, complaints } = await browser.open(address, { size })
  const { page: dark } = await browser.open(address, { size, scheme: 'dark' })
  await page.locator('[data-tier="redis"]').waitFor()
  await press(page, 'start-load')
  await sleep(loadMs)
  console.log(await press(page, 'edit'))
  console.log(await press(page, 'raw-sql'))
  console.log(await press(page, 'kill-redis'))
  await sleep(faultMs)
  console.log(await press(page, 'edit'))
  console.log(await press(page, 'stampede'))
  await dark.locator('#explain-definition').fill('city.byId')
  await dark.locator('#explain-key').fill('2988507')
  await dark.keyboard.press('Enter')
  await dark.locator('#explanation table').waitFor()
  await shoot(dark, 'live-redis-killed-dark')
  console.log(await press(page, 'bring-redis-back'))
  await sleep(faultMs)
  console.log(await press(page, 'edit'))
  await page.locator('#explain-definition').fill('city.byId')
  await page.locator('#explain-key').fill('2988507')
  await page.keyboard.press('Enter')
  await page.locator('#explanation table').waitFor()
  await sleep(2_000)
  await shoot(page, 'live-redis-back-light')
  if (complaints.length > 0) console.log(complaints)
} finally {
  await browser.stop()
  await close()
}
