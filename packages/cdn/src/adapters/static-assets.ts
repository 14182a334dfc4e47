import { createReadStream } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { extname, join, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { checkKeys, expectation } from '@tierstack/cache-core'
import { notModified } from '../conditional.ts'

export interface AssetOptions {
  /** The folder that is served. Links that lead out of it are not. */
  readonly folder: string
  /** Path before the names of files. @default '/' */
  readonly prefix?: string
  /**
   * Names that change with their content, and so never have to be asked for again.
   * @default a dot or dash, 8 or more letters and digits with a digit among them, and the extension: `app.3f9ac21b.js`
   */
  readonly hashed?: RegExp
}

const hashedName = /[.-](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/**
 * Serves files. Those whose names change with their content are immutable for a year (RFC 8246); others are asked for
 * again each time. Resolves to undefined for what isn't a file here, and for methods other than GET and HEAD.
 */
export function staticAssets(given: AssetOptions): (request: Request) => Promise<Response | undefined> {
  checkKeys('staticAssets options', given, ['folder', 'prefix', 'hashed'])
  const { prefix = '/', hashed = hashedName } = given
  if (typeof given.folder !== 'string' || given.folder === '') {
    throw expectation('folder', 'the path of a folder', given.folder)
  }
  if (!prefix.startsWith('/') || !prefix.endsWith('/'))
    throw expectation('prefix', 'a path with a slash at both ends', prefix)
  const folder = resolve(given.folder)
  return async (request) => {
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD') return undefined
    const { pathname } = new URL(request.url)
    const file = pathname.startsWith(prefix) ? await fileOf(folder, pathname.slice(prefix.length)) : undefined
    if (file === undefined) return undefined
    const headers = new Headers({
      'content-type': types[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'last-modified': new Date(file.changed).toUTCString(),
      etag: `"${file.changed.toString(36)}-${file.size.toString(36)}"`,
      'cache-control': hashed.test(pathname)
        ? 'public, max-age=31536000, immutable'
        : 'public, max-age=0, must-revalidate',
    })
    if (notModified(method, request.headers, headers.get('etag'), headers.get('last-modified'))) {
      headers.delete('content-type')
      return new Response(null, { status: 304, headers })
    }
    headers.set('content-length', String(file.size))
    const body = method === 'HEAD' ? null : Readable.toWeb(createReadStream(file.path))
    return new Response(body as ReadableStream | null, { headers })
  }
}

interface Found {
  readonly path: string
  readonly size: number
  readonly changed: number
}

/** The regular file of a name, inside of the folder after links are followed. */
async function fileOf(folder: string, name: string): Promise<Found | undefined> {
  let plain: string
  try {
    plain = decodeURIComponent(name)
  } catch {
    return undefined
  }
  // Files that begin with a dot are for programs, not for readers.
  if (plain === '' || /[\0\\]|(?:^|\/)\./.test(plain)) return undefined
  try {
    const [root, path] = await Promise.all([realpath(folder), realpath(join(folder, plain))])
    if (!path.startsWith(`${root}${sep}`)) return undefined
    const handle = await open(path)
    try {
      const stat = await handle.stat()
      return stat.isFile() ? { path, size: stat.size, changed: Math.floor(stat.mtimeMs) } : undefined
    } finally {
      await handle.close()
    }
  } catch {
    return undefined
  }
}
