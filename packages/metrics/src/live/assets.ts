import { readFile } from 'node:fs/promises'

const folder = new URL('../../page/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** The files of the page. They say nothing of the cache: whoever has no token may have them, and sees a door. */
const names = new Set([
  'page.html',
  'page.css',
  'page.js',
  'actions.js',
  'chart.js',
  'definitions.js',
  'elements.js',
  'explain.js',
  'numbers.js',
  'requests.js',
  'tiers.js',
  'timeline.js',
  'icon.svg',
])

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const read = new Map<string, Promise<string>>()

/** The file of that name, or undefined. Read once. */
export async function asset(name: string): Promise<Response | undefined> {
  if (!names.has(name)) return undefined
  let text = read.get(name)
  if (text === undefined) {
    text = readFile(new URL(name, folder), 'utf8')
    read.set(name, text)
  }
  return new Response(await text, {
    headers: {
      'content-type': types[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
