/** The call was wrong, or what it is about isn't there: shown as one sentence, exit code 2. */
export class UsageError extends Error {}
