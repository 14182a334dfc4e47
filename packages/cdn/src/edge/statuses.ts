/** Statuses that may be kept without being told so: RFC 9110, section 15.1. */
export const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
])
