/** Accesses of each trace with which these were taken. */
export const caffeineAccesses = 300_000

/**
 * Reads that find their entry, %, with the policy `HillClimberWindowTinyLfu` (the simple climber and all other settings as
 * they come) of Caffeine's simulator, commit ccef955, on the traces made here: with 1, 5, 10 and 25 % of the keys.
 */
export const caffeineHits: Readonly<Record<string, readonly number[]>> = {
  drifting: [30.35, 50.18, 58.93, 73.94],
  jumping: [60.73, 74.21, 77.33, 80.96],
  loop: [0.0, 0.44, 6.52, 21.46],
  'popular 0.8': [27.92, 44.92, 54.05, 68.44],
  'popular 1.0': [52.72, 68.22, 74.99, 83.11],
  'popular, half once only': [40.68, 46.09, 47.14, 48.0],
  'popular, with walks': [55.12, 68.14, 73.0, 75.45],
  sessions: [72.26, 58.99, 56.5, 49.33],
}
