import { randomBytes } from 'node:crypto'

/** 96 random bits in 16 characters: never the same twice. */
export function randomToken(): string {
  return randomBytes(12).toString('base64url')
}
