import { spawn } from 'node:child_process'

export interface CommandOptions {
  cwd: string
  env?: NodeJS.ProcessEnv
  /** In milliseconds. @default 180_000 */
  timeout?: number
}

/** Runs a program to its end; resolves to what it printed, rejects with it when it fails or takes too long. */
export function command(
  program: string,
  words: readonly string[],
  { cwd, env = process.env, timeout = 180_000 }: CommandOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words], { cwd, env, timeout, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else
        reject(new Error(`${program} ${words.join(' ')} ended with ${code ?? signal} in ${cwd}\n${output}`))
    })
  })
}
