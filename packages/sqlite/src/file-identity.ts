import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { uptime } from 'node:os'
import { dirname } from 'node:path'

/** Which file stands at the path: `device:inode`, or undefined when there is none. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}`
}

/** The part of an identity that is the same in every container which mounts the file. */
export function inodeOf(identity: string): string {
  return identity.slice(identity.indexOf(':') + 1)
}

/**
 * Makes an empty file, with its folder, where there is none. SQLite drops a journal that an earlier file of this name
 * left behind only when it finds an empty file.
 */
export function ensureFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  closeSync(openSync(path, 'a'))
}

/** Which start of this machine it is: the last commits before a power cut may be missing from the file. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Elsewhere: the start to within ten minutes, since the clock may have been set meanwhile.
    return String(Math.round((Date.now() - uptime() * 1000) / 600_000))
  }
}

/** Renames the file and its journal. Returns the new path, or undefined when another process was quicker. */
export function moveAside(path: string, identity: string, wall: number): string | undefined {
  if (identityOf(path) !== identity) return undefined
  const stamp = new Date(wall).toISOString().replaceAll(/[-:.]/g, '')
  let aside = `${path}.corrupt-${stamp}`
  for (let n = 2; existsSync(aside); n++) aside = `${path}.corrupt-${stamp}-${n}`
  // The journal first: a new file at the path must never meet the old journal.
  for (const suffix of ['-wal', '-shm', '']) {
    try {
      renameSync(path + suffix, aside + suffix)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return aside
}
