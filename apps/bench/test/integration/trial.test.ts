import { describe, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { scenarioNamed, scenarioNames } from '../../src/scenarios.ts'

// Every scenario, as short as can be: that it works and that the answers are right. Its times mean nothing.
// `clients` is `far-hit` over other clients, which the tests of the Redis tier use as well.
describe.each(scenarioNames.filter((name) => name !== 'clients'))('%s', (name) => {
  test('runs without an error, and every cell of its tables has a column', async () => {
    const scenario = await scenarioNamed(name)
    const [yardstick = ''] = scenario.contestants
    const results = await run(scenario, 'trial', [yardstick, 'tierstack'], () => {})
    expect(results.contestants.map(({ name: who, error }) => ({ who, error }))).toEqual(
      results.contestants.map(({ name: who }) => ({ who, error: undefined })),
    )
    expect(results.contestants.map(({ samples }) => samples.length)).not.toContain(0)
    const { tables, targets } = scenario.report(results, 'trial')
    expect(tables.length).toBeGreaterThan(0)
    expect(
      tables.flatMap(({ columns, rows }) => rows.filter((row) => row.length !== columns.length)),
    ).toEqual([])
    // Counts don't depend on the machine.
    expect(targets.filter(({ what, met }) => what.startsWith('queries') && !met)).toEqual([])
  }, 60_000)
})
