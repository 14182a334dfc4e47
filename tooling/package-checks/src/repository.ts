import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

export interface PublishedPackage {
  /** `@tierstack/cache-core` */
  name: string
  version: string
  folder: string
}

/** The packages that are published, from a checkout. */
export function publishedPackages(checkout: string = root): PublishedPackage[] {
  return readdirSync(join(checkout, 'packages')).map((short) => {
    const folder = join(checkout, 'packages', short)
    const { name, version } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    ) as PublishedPackage
    return { name, version, folder }
  })
}
