import { execFileSync } from 'node:child_process'

let known: string | undefined

/** What stands for the version of ours, which is measured as it is here: `(this checkout, 4d4ee54)`, `+` after changes. */
export function checkout(): string {
  known ??= described()
  return known
}

function described(): string {
  try {
    const text = execFileSync('git', ['describe', '--always', '--dirty=+', '--exclude=*'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return `(this checkout, ${text.trim()})`
  } catch {
    // An archive without its history.
    return '(this checkout)'
  }
}
