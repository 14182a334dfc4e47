import { randomBytes } from 'node:crypto'

/** 16 characters of 96 random bits: never the same twice. */
export function token(): string {
  return randomBytes(12).toString('base64url')
}
