/** What went wrong with a request, with the status that says so. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, sentence: string) {
    super(sentence)
    this.status = status
    this.code = code
  }
}

export function badRequest(sentence: string): AdminError {
  return new AdminError(400, 'BAD_REQUEST', sentence)
}
