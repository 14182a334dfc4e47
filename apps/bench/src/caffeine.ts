/** Accesses of each trace with which these were taken. */
export const caffeineAccesses = 300_000

/**
 * Reads that find their entry, %, with 1, 5, 10 and 25 % of the distinct keys, rounded down.
 *
 * These come from outside of this repository: from Caffeine's simulator at commit ccef955 of github.com/ben-manes/caffeine,
 * whose policy `sketch.HillClimberWindowTinyLfu` was run with its simple climber and all other settings as they come. To
 * take them again, with the JDK that its build asks for (more than 17: its sources don't compile with that) and a
 * network from which Gradle can fetch its dependencies:
 *
 * 1. Write the `keys` of each of `traces(caffeineAccesses)` into a file, one number per line.
 * 2. In a checkout of that commit, once per trace and size, with `maximum-size` the number of entries that the table of
 *    `hit-ratio` shows beside the trace: `./gradlew simulator:run -Dcaffeine.simulator.files.paths.0=lirs:FILE
 *    -Dcaffeine.simulator.maximum-size=ENTRIES -Dcaffeine.simulator.policies.0=sketch.HillClimberWindowTinyLfu
 *    -Dcaffeine.simulator.hill-climber-window-tiny-lfu.strategy.0=simple`.
 * 3. Take its column `Hit Rate`.
 *
 * The steps follow that commit's settings and readers; they weren't walked again when they were written down.
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
