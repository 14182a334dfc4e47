import { spawnSync } from 'node:child_process'
import { chromium } from 'playwright-core'
import type { Page } from 'playwright-core'

import { placeForChromium } from './place.ts'

export type { Page as BrowserPage } from 'playwright-core'

export interface OpenOptions {
  /** @default 'light' */
  readonly scheme?: 'light' | 'dark'
  /** Of the window, in CSS pixels. @default 1280 × 900 */
  readonly size?: { readonly width: number; readonly height: number }
}

/** A tab of its own profile, and what its console had to complain of. */
export interface OpenPage {
  readonly page: Page
  /** Errors and warnings of the console, exceptions nobody caught, and what the page's policy forbade. */
  readonly complaints: readonly string[]
}

export interface Chromium extends AsyncDisposable {
  open(url: string, options?: OpenOptions): Promise<OpenPage>
  stop(): Promise<void>
}

const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the Chromium of this computer, without a window and without a network beyond what it is told to open. */
export async function startChromium(): Promise<Chromium> {
  const program = placeForChromium()
  const executablePath = spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim()
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: false,
    args: flags,
  })
  const stop = () => browser.close()
  return {
    async open(url, { scheme = 'light', size = { width: 1280, height: 900 } } = {}) {
      const context = await browser.newContext({ colorScheme: scheme, viewport: size })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(url)
      return { page, complaints }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
